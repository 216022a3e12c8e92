// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import LockdepText

/// The executable's entry point: SwiftPM names it after the module, and libFuzzer brings the loop.
@_cdecl("FuzzSplat_main")
public func run(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { start, size in test(UnsafeBufferPointer(start: start, count: size))
    }
}

/// One input: any bytes, given to both readers of lockdep's texts.
private func test(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
    let bytes = Array(input)
    var whole = SplatReader()
    whole.read(bytes.span)
    whole.finish()
    let splats = whole.takeSplats()

    // Cut anywhere, the text says the same.
    var cut = SplatReader()
    let middle = input.count / 2
    cut.read(Array(input[..<middle]).span)
    cut.read(Array(input[middle...]).span)
    cut.finish()
    precondition(cut.takeSplats() == splats)
    precondition(cut.diagnostics == whole.diagnostics)

    for splat in splats {
        _ = splat.dependencies.map(\.description)
        _ = SplatWriter.text(splat)
    }

    var proc = LockdepProcReader()
    proc.read(bytes.span)
    proc.finish()
    _ = proc.tables.heldPairs()
    return 0
}

extension SplatDependency {
    fileprivate var description: String { "\(from.name)/\(from.subclass) -> \(to.name)#\(to.version)" }
}
