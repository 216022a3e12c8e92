// SPDX-License-Identifier: Apache-2.0

/// The evidence of all dependencies by their numbers, in pieces, so that growth moves nothing: with one array the
/// dependency that makes it double would wait for all the others to be copied.
struct EvidenceStore: Sendable {
    private static let bits = 10
    private static let mask = 1 << bits - 1
    private var pieces: [[Evidence]] = []
    private(set) var count = 0

    init() {}

    mutating func append(_ evidence: Evidence) {
        if count & Self.mask == 0 {
            var piece: [Evidence] = []
            piece.reserveCapacity(1 << Self.bits)
            pieces.append(piece)
        }
        pieces[pieces.count - 1].append(evidence)
        count += 1
    }

    subscript(number: Int) -> Evidence {
        _read { yield pieces[number >> Self.bits][number & Self.mask] }
        _modify { yield &pieces[number >> Self.bits][number & Self.mask] }
    }
}
