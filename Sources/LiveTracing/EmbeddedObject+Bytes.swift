// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Glibc

extension EmbeddedObject {
    /// The object file. Decoded at each call: it is opened once a run, and again only where hooks were refused.
    var bytes: [UInt8] {
        base64.withUTF8Buffer { [UInt8](Data(base64Encoded: Data($0)) ?? Data()) }
    }
}
