// SPDX-License-Identifier: Apache-2.0

/// Numbers texts in order of appearance, without making a `String` of one that is known.
struct IdentifierIndex: Sendable {
    private var places = FlatTable()
    private(set) var texts: [String] = []

    /// The number of a text given as UTF-8, and whether it is new.
    mutating func number(_ bytes: ArraySlice<UInt8>) -> (number: Int, isNew: Bool) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        while true {
            let known = places.find(hash)
            guard known != FlatTable.absent else { break }
            if texts[Int(known)].utf8.elementsEqual(bytes) { return (Int(known), false) }
            // Two texts of one hash: the second is stored under the next.
            hash &+= 1
        }
        let number = texts.count
        texts.append(String(decoding: bytes, as: UTF8.self))
        places.insert(hash, UInt32(number))
        return (number, true)
    }
}
