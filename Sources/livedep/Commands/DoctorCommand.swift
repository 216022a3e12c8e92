// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LiveTracing
import Reports

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "What this kernel allows, hook by hook, and what stays unseen.",
        discussion: """
            Attaches every hook, listens for two seconds for releases of locks that nobody was seen to take, and detaches
            again; nothing is recorded. Exit status 2 where the kernel
            cannot be watched.
            """
    )

    @Option(help: ArgumentHelp("Examine this source: auto, functions, lockdep.", valueName: "source"))
    var source = SourceChoice.auto

    @OptionGroup var attachOption: AttachOption

    @OptionGroup var formatOption: FormatOption

    func run() throws {
        let kernel = RunningKernel()
        let source = source.source(on: kernel)
        let diagnosis = ConsumerThread.run { [attach = attachOption.attach.kind] in
            Diagnosis(source, attach: attach, on: kernel)
        }
        try formatOption.write(text: diagnosis.text) { diagnosis.write(to: &$0) }
        if !diagnosis.canWatch { throw Diagnostics.couldNotRun }
    }
}
