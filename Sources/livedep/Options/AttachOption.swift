// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LiveTracing

/// `--attach` as it is asked for.
enum AttachChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case kprobeMulti = "kprobe.multi"
    case kprobe

    var kind: AttachKind {
        switch self {
        case .auto: .auto
        case .kprobeMulti: .kprobeMulti
        case .kprobe: .kprobe
        }
    }
}

/// `--attach`, of every command that hooks functions.
struct AttachOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How lock functions are hooked: auto, kprobe.multi, kprobe.",
            discussion:
                "auto is fentry and fexit, and for each function where they are refused kprobe.multi, then kprobes. "
                + "The others skip what comes before them, for kernels whose BPF trampolines cannot be used.",
            valueName: "kind"
        )
    )
    var attach = AttachChoice.auto
}
