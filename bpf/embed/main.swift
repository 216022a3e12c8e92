// SPDX-License-Identifier: Apache-2.0

// embed-probe CLANG BPF-FOLDER OUTPUT.swift
//
// Compiles each NAME.bpf.c and writes the object as a base64 string literal, EmbeddedObject.NAME: the one form that the
// package manager compiles into the binary itself.

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

func compile(_ name: String) -> String {
    let object = output + ".\(name).o"
    run(
        clang,
        [
            "-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror",
            "-I", folder, "-I", folder + "/records/include",
            // Paths would make the object, and so the build, depend on the folder.
            "-ffile-prefix-map=\(folder)=bpf",
            "-c", folder + "/\(name).bpf.c", "-o", object,
        ]
    )
    // DWARF is half of the object and of no use to the loader, which reads BTF.
    let objcopy = URL(fileURLWithPath: clang).deletingLastPathComponent().appending(path: "llvm-objcopy").path()
    run(objcopy, ["--strip-debug", object])
    guard let bytes = FileManager.default.contents(atPath: object) else { fail("\(object) cannot be read") }
    return bytes.base64EncodedString()
}

let suffix = ".bpf.c"
let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(suffix) }
    .map { String($0.dropLast(suffix.count)) }
    .sorted()
guard !names.isEmpty else { fail("\(folder) holds no file that ends in \(suffix)") }

var source =
    "// The BPF objects, as built from bpf/NAME.bpf.c.\nstruct EmbeddedObject {\n    let base64: StaticString\n"
for name in names {
    source += "\n    static let \(name) = EmbeddedObject(base64: \"\(compile(name))\")\n"
}
source += "}\n"
do {
    try source.write(toFile: output, atomically: true, encoding: .utf8)
} catch {
    fail("\(output) cannot be written: \(error.localizedDescription)")
}
