// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Compiles the BPF programs with the toolchain's clang and embeds the object in the target as Swift source.
///
/// One Swift file is the only output: an object file would become a resource bundle and tie the binary to its build
/// folder, and the package manager does not build C that a plugin generates.
@main
struct EmbedProbe: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let sources = context.package.directoryURL.appending(path: "bpf")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedObject.swift")
        let inputs = try FileManager.default
            .subpathsOfDirectory(atPath: sources.path())
            .filter { $0.hasSuffix(".h") || $0.hasSuffix(".bpf.c") }
            .sorted()
            .map { sources.appending(path: $0) }
        return [
            .buildCommand(
                displayName: "Compiling the BPF programs",
                executable: try context.tool(named: "embed-probe").url,
                arguments: [
                    try context.tool(named: "clang").url.path(),
                    sources.path(),
                    output.path(),
                ],
                inputFiles: inputs,
                outputFiles: [output]
            )
        ]
    }
}
