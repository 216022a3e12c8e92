// SPDX-License-Identifier: Apache-2.0

/// Many lists of 32-bit entries in one allocation: chunks of 15 entries and the number of the next chunk, one cache
/// line each.
///
/// Appending and removing happen at the head chunk, which alone may be partly filled: adding never moves an entry,
/// removing fills the hole with the newest entry, and freed chunks are used again. A list wastes at most 14 entries.
/// Chunk 0 ends a list.
struct EntryLists: Sendable {
    static let perChunk = 15
    static let stride = 16

    struct Header: BitwiseCopyable, Sendable {
        var chunk: UInt32 = 0
        var count: UInt32 = 0

        /// How many entries of the head chunk are in use.
        @inline(__always) var fill: Int {
            count == 0 ? 0 : (Int(count) &- 1) % EntryLists.perChunk &+ 1
        }
    }

    /// Chunk `n` is `words[n * 16 ..< n * 16 + 16]`, its first word the next chunk.
    var words: [UInt32] = Array(repeating: 0, count: stride)
    private(set) var headers: [Header] = []
    private var freeChunk: UInt32 = 0

    /// Bytes held, capacity included.
    var footprint: Int { words.capacity * 4 + headers.capacity * MemoryLayout<Header>.stride }

    /// Adds `count` empty lists, numbered on from those there are.
    mutating func addLists(_ count: Int) {
        for _ in 0..<count { headers.append(Header()) }
    }

    @inline(__always)
    mutating func append(_ entry: DependencyEntry, to list: Int) {
        var header = headers[list]
        let fill = header.fill
        if fill == 0 || fill == Self.perChunk {
            let chunk = takeChunk()
            words[Int(chunk) * Self.stride] = header.chunk
            words[Int(chunk) * Self.stride + 1] = entry.bits
            header.chunk = chunk
        } else {
            words[Int(header.chunk) * Self.stride + 1 + fill] = entry.bits
        }
        header.count += 1
        headers[list] = header
    }

    /// Removes the entry at word `place`, putting the list's newest entry there.
    ///
    /// A walk from the head chunk down, each chunk from its last entry to its first, has already seen the entry that
    /// is moved; it must have read the chunk's next chunk before.
    mutating func remove(at place: Int, from list: Int) {
        var header = headers[list]
        let fill = header.fill
        let base = Int(header.chunk) * Self.stride
        words[place] = words[base + fill]
        header.count -= 1
        if fill == 1 {
            let next = words[base]
            words[base] = freeChunk
            freeChunk = header.chunk
            header.chunk = next
        }
        headers[list] = header
    }

    /// The entries of a list, newest first. Allocates; for rare work.
    func entries(of list: Int) -> [DependencyEntry] {
        var result: [DependencyEntry] = []
        result.reserveCapacity(Int(headers[list].count))
        var walk = Walk(headers[list])
        while let place = walk.next(in: words) { result.append(DependencyEntry(bits: words[place])) }
        return result
    }

    /// The place of an entry, its direct bit apart.
    func place(of entry: DependencyEntry, in list: Int) -> Int? {
        var walk = Walk(headers[list])
        while let place = walk.next(in: words) {
            if (words[place] ^ entry.bits) & ~1 == 0 { return place }
        }
        return nil
    }

    private mutating func takeChunk() -> UInt32 {
        if freeChunk != 0 {
            let chunk = freeChunk
            freeChunk = words[Int(chunk) * Self.stride]
            return chunk
        }
        let chunk = words.count / Self.stride
        if words.count + Self.stride > words.capacity { words.reserveCapacity(words.count + words.count / 2 + 1024) }
        for _ in 0..<Self.stride { words.append(0) }
        return UInt32(chunk)
    }

    /// A walk over a list's words from the newest entry on; the entry it stands on may be removed.
    struct Walk {
        private var base = 0
        private var left = 0
        private var following: UInt32
        private var followingFill: Int

        @inline(__always)
        init(_ header: Header) {
            following = header.chunk
            followingFill = header.fill
        }

        @inline(__always)
        mutating func next(in words: borrowing [UInt32]) -> Int? {
            if left == 0 {
                if following == 0 { return nil }
                base = Int(following) &* EntryLists.stride
                following = words[base]
                left = followingFill
                followingFill = EntryLists.perChunk
            }
            left &-= 1
            return base &+ left &+ 1
        }
    }
}
