// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LiveTracing

/// `--source` as it is asked for.
enum SourceChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, functions, lockdep, perf

    /// The source for this kernel. Asks the kernel what it has.
    func source(on kernel: RunningKernel) -> EventSource {
        switch self {
        case .auto: EventSource.best(on: kernel.state)
        case .functions: .functions
        case .lockdep: .lockdep
        case .perf: .perf
        }
    }
}

/// `--duration SECONDS`.
struct DurationOption: ParsableArguments {
    @Option(help: ArgumentHelp("End after this time.", valueName: "seconds"))
    var duration: Double?

    func validate() throws {
        if let duration, !(duration > 0 && duration < 1e9) {
            throw ValidationError("--duration: a number of seconds above zero")
        }
    }
}

/// What `watch` and `record` trace, and for how long.
struct LiveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where events come from: auto, functions, lockdep, perf.",
            discussion: "auto is lockdep on a kernel that has it, else functions, and perf where BPF is refused.",
            valueName: "source"
        )
    )
    var source = SourceChoice.auto

    @OptionGroup var attachOption: AttachOption

    @OptionGroup var durationOption: DurationOption

    @Option(help: ArgumentHelp("Only this process and its children.", valueName: "n"))
    var pid: UInt32?

    @Option(help: ArgumentHelp("Only tasks of this command name.", valueName: "name"))
    var comm: String?

    @Option(help: ArgumentHelp("Only tasks in this cgroup (v2) or below it.", valueName: "path"))
    var cgroup: String?

    @Flag(help: "Send every acquisition and release, not only chains not seen before.")
    var unfiltered = false

    @Option(
        help: ArgumentHelp(
            "The test that runs, for what is found meanwhile.",
            discussion:
                "Otherwise the tests that the kernel's log announces: IGT, xfstests, blktests, LTP, kselftest, and "
                + "'livedep-test: NAME'.",
            valueName: "name"
        )
    )
    var test: String?

    @Option(
        help: ArgumentHelp(
            "Bytes of each ring, in KiB: a power of two from 4 on.",
            discussion:
                "A full stream has a ring for each processor or group of them, at most 16 rings, of 8192 KiB each and 16384 in "
                + "all; the perf source has one for each processor, of 8192 each and 65536 in all. Else there is one, of 8192 "
                + "for lockdep, of 2048 for functions.",
            valueName: "kib"
        )
    )
    var ring: Int?

    func validate() throws {
        if let test, test.isEmpty { throw ValidationError("--test: a name") }
        if let comm, comm.isEmpty || comm.utf8.count > 15 {
            throw ValidationError("--comm: the kernel keeps 1 to 15 bytes of a name")
        }
        if let ring, ring < 4 || ring > 1 << 20 || ring & (ring - 1) != 0 {
            throw ValidationError("--ring: a power of two from 4 to 1048576 (KiB)")
        }
    }

    /// The session's options, of a command that sends the full stream or does not.
    func sessionOptions(isUnfiltered: Bool, on kernel: RunningKernel) throws -> LiveSession.Options {
        var options = LiveSession.Options()
        options.source = source.source(on: kernel)
        options.attach = attachOption.attach.kind
        options.isUnfiltered = isUnfiltered
        options.ringBytes = ring.map { $0 << 10 }
        options.test = test
        options.filter.pid = pid ?? 0
        options.filter.comm = comm ?? ""
        if let cgroup {
            options.filter.cgroup = try Diagnostics.checked { () throws(ProbeError) in
                try LiveTracing.TaskFilter.Cgroup(path: cgroup)
            }
        }
        return options
    }
}
