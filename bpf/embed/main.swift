// SPDX-License-Identifier: Apache-2.0

// embed-probe CLANG BPF-FOLDER OUTPUT.swift
//
// Compiles livedep.bpf.c and writes the object as a base64 string literal: the one form that the package manager
// compiles into the binary itself.

import Foundation

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("embed-probe: \(message)\n".utf8))
    exit(1)
}

func run(_ tool: String, _ arguments: [String]) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments
    do {
        try process.run()
    } catch {
        fail("cannot run \(tool): \(error.localizedDescription)")
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        fail("\(tool) failed; the headers of libbpf are in Debian's libbpf-dev")
    }
}

guard CommandLine.arguments.count == 4 else { fail("usage: embed-probe CLANG BPF-FOLDER OUTPUT.swift") }
let (clang, folder, output) = (CommandLine.arguments[1], CommandLine.arguments[2], CommandLine.arguments[3])
let object = output + ".o"

run(
    clang,
    [
        "-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror",
        "-I", folder, "-I", folder + "/records/include",
        // Paths would make the object, and so the build, depend on the folder.
        "-ffile-prefix-map=\(folder)=bpf",
        "-c", folder + "/livedep.bpf.c", "-o", object,
    ]
)
// DWARF is half of the object and of no use to the loader, which reads BTF.
let objcopy = URL(fileURLWithPath: clang).deletingLastPathComponent().appending(path: "llvm-objcopy").path()
run(objcopy, ["--strip-debug", object])

guard let bytes = FileManager.default.contents(atPath: object) else { fail("\(object) cannot be read") }
let source = """
    // The BPF object, as built from bpf/livedep.bpf.c.
    enum EmbeddedObject {
        static let base64: StaticString = "\(bytes.base64EncodedString())"
    }

    """
do {
    try source.write(toFile: output, atomically: true, encoding: .utf8)
} catch {
    fail("\(output) cannot be written: \(error.localizedDescription)")
}
