// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import LockEvents
import LockGraph

/// The executable's entry point: SwiftPM names it after the module, and libFuzzer brings the loop.
@_cdecl("FuzzNDJSON_main")
public func run(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var count = count
    var arguments = arguments
    return LLVMFuzzerRunDriver(&count, &arguments) { start, size in
        test(UnsafeBufferPointer(start: start, count: size))
    }
}

/// One input: any bytes, read as NDJSON events and run through the engine under both policies.
private func test(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
    for policy in [SameClassPolicy.strict, .instance] {
        var options = EngineOptions()
        options.sameClass = policy
        var engine = LockOrderEngine(options: options)
        var reader = EventLineReader()
        reader.append(input)
        reader.finish()
        while true {
            do {
                guard let event = try reader.next(&engine.tables) else { break }
                engine.consume(event)
            } catch {
                // An error names its line, and reading goes on with the next.
                continue
            }
        }
        engine.finish()
        _ = engine.takeNewFindings()
    }
    return 0
}
