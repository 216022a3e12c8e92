// SPDX-License-Identifier: Apache-2.0

internal import CKernelProbe
internal import Glibc

/// Why the kernel could not be traced, as one line for a person.
public struct ProbeError: Error, Sendable, CustomStringConvertible {
    /// The errno behind it, or 0.
    public var code: Int32
    /// What failed and what to do.
    public var description: String

    /// Describes a failure.
    public init(code: Int32 = 0, _ description: String) {
        self.code = code
        self.description = description
    }

    static var withoutTypes: ProbeError {
        ProbeError(
            code: ENOENT,
            "the kernel has no BTF (/sys/kernel/btf/vmlinux): boot one built with CONFIG_DEBUG_INFO_BTF=y, as distribution "
                + "kernels are"
        )
    }

    init(_ error: kp_error) {
        var error = error
        code = error.code
        description = withUnsafeBytes(of: &error.text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// Runs a C call that returns a negative errno and leaves its reason in a `kp_error`.
func checked(_ call: (inout kp_error) -> Int32) throws(ProbeError) {
    var error = kp_error()
    if call(&error) < 0 { throw ProbeError(error) }
}
