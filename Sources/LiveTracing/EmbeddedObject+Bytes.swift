// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension EmbeddedObject {
    /// The object file. Decoded at each call: it is opened once a run.
    static var bytes: Data {
        base64.withUTF8Buffer { Data(base64Encoded: Data(buffer: $0)) ?? Data() }
    }
}
