// SPDX-License-Identifier: Apache-2.0

/// One line of a stack in a lockdep report: `perf_read+0x200/0x2b0`.
public struct SplatFrame: Sendable, Hashable {
    /// The function, or `0x...` where the kernel found no symbol.
    public var function: String
    /// Bytes from the start of the function, where printed.
    public var offset: UInt64?
    /// Size of the function in bytes, where printed.
    public var size: UInt64?
    /// The module the function is in; nil for the kernel image.
    public var module: String?
    /// `file:line`, or several separated by blanks, where a decoder added them.
    public var location: String?
    /// Added by a decoder for a function that was inlined into the next frame.
    public var isInline: Bool
    /// False for `? function`: found on the stack, not known to be a caller.
    public var isReliable: Bool

    /// Describes a frame.
    public init(
        function: String,
        offset: UInt64? = nil,
        size: UInt64? = nil,
        module: String? = nil,
        location: String? = nil,
        isInline: Bool = false,
        isReliable: Bool = true
    ) {
        self.function = function
        self.offset = offset
        self.size = size
        self.module = module
        self.location = location
        self.isInline = isInline
        self.isReliable = isReliable
    }
}

extension SplatFrame: CustomStringConvertible {
    /// The frame as the kernel (and syzkaller's decoder) prints it, without indentation.
    public var description: String {
        var text = isReliable ? "" : "? "
        text += function
        if let offset, let size { text += "+0x\(String(offset, radix: 16))/0x\(String(size, radix: 16))" }
        if let module { text += " [\(module)]" }
        if let location {
            // Without an offset only parentheses tell a decoded frame from prose.
            text += offset == nil && !isInline ? " (\(location))" : " \(location)"
        }
        if isInline { text += " [inline]" }
        return text
    }
}
