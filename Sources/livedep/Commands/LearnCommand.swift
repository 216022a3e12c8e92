// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONLines
import LiveTracing
import LockEvents
import LockGraph
import TraceFiles

struct LearnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn",
        abstract: "Write down what lockdep's annotations say, for stock kernels of the same source.",
        discussion: """
            Runs on a kernel with lockdep and notes, for each function that takes a lock: the lock's class, its subclass
            (mutex_lock_nested), its nest lock (mutex_lock_nest_lock) and whether lockdep checks it at all. On a stock kernel
            none of that is left in the code: watch, record and replay take the file with --annotations.
            """
    )

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write; '.gz' compresses it.", valueName: "annotations")
    )
    var output: String

    @OptionGroup var durationOption: DurationOption

    @OptionGroup var formatOption: FormatOption

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command to learn from, behind '--'.", valueName: "command")
    )
    var command: [String] = []

    func run() throws {
        let kernel = RunningKernel()
        if let obstacle = kernel.state.obstacle { throw Diagnostics.failure("cannot watch this kernel: \(obstacle)") }
        guard EventSource.best(on: kernel.state) == .lockdep else {
            throw Diagnostics.failure(
                "this kernel has no lockdep, so there are no annotations to learn: run learn on a build of its source with "
                    + "CONFIG_PROVE_LOCKING (scripts/build-kernels makes one)"
            )
        }
        var session = LiveSession.Options()
        session.source = .lockdep
        // Every call site counts, also where its chain of classes is known.
        session.isUnfiltered = true
        // All of it passes through the rings, spinlocks too; what does not fit is not learned.
        session.ringBytes = 32 << 20
        let settings = LearnRun.Settings(
            session: session,
            kernel: kernel,
            output: output,
            duration: durationOption.duration,
            workload: command
        )
        StopRequest.catchSignals()
        let outcome = try ConsumerThread.run { Result { try LearnRun(settings).run() } }.get()
        try formatOption.write(text: text(outcome)) { json in
            json.beginObject()
            json.field("record", "summary")
            json.field("annotations", outcome.annotations.entries.count)
            json.field("functions", functions(outcome).count)
            json.field("saying", saying(outcome))
            json.field("counters", outcome.counters)
            json.endObject()
            json.endLine()
        }
    }

    private func functions(_ outcome: LearnRun.Outcome) -> Set<String> {
        Set(outcome.annotations.entries.keys.map(\.function))
    }

    /// How many say more than a name.
    private func saying(_ outcome: LearnRun.Outcome) -> Int {
        outcome.annotations.entries.keys.count { $0.subclass != 0 || !$0.nest.isEmpty || !$0.lockClass.isValidated }
    }

    private func text(_ outcome: LearnRun.Outcome) -> String {
        let counters = outcome.counters.sorted { $0.key < $1.key }.filter { $0.value != 0 }
        return """
            Learned: \(outcome.annotations.entries.count) annotations of \(functions(outcome).count) functions, \
            \(saying(outcome)) of them with a subclass, a nest lock or no validation, in \(output)
            Source: \(counters.map { "\($0.value) \($0.key)" }.joined(separator: ", "))

            """
    }
}
