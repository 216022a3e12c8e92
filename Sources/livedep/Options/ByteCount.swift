// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A number of bytes as people write it: `500k`, `100M`, `2G`.
enum ByteCount {
    static func parse(_ text: String) throws -> Int {
        let factors: [Character: Int] = ["k": 1000, "K": 1000, "M": 1_000_000, "G": 1_000_000_000]
        let factor = text.last.flatMap { factors[$0] }
        let digits = factor == nil ? text[...] : text.dropLast()
        guard let number = Int(digits), number > 0, number <= 1 << 40 / (factor ?? 1) else {
            throw ValidationError("'\(text)' is no size; sizes are like 500k, 100M, 2G")
        }
        return number * (factor ?? 1)
    }
}
