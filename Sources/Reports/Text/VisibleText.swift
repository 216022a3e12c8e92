// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text with everything that a terminal would act on, or a reader would not see, written out as `\u{..}`.
    ///
    /// Names come from the kernel and from files of others: control characters (C0, DEL, C1), format characters such as
    /// those that turn the direction of text, and line or paragraph separators must not reach a terminal or a log.
    var visible: String {
        if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return self }
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
