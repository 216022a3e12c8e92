// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LockGraph
import Reports
import TraceFiles

/// Reading option values, with the reason where they cannot be read.
private enum Value {
    static func failPolicy(_ text: String) throws -> FailPolicy {
        do { return try FailPolicy(parsing: text) } catch { throw ValidationError("\(error)") }
    }

    static func rule(_ text: String) throws -> LockRule {
        do { return try LockRule(parsing: text) } catch { throw ValidationError("\(error)") }
    }

    static func sameClass(_ text: String) throws -> SameClassPolicy {
        guard let policy = SameClassPolicy(rawValue: text) else {
            throw ValidationError("'\(text)' is no policy; they are strict, instance")
        }
        return policy
    }
}

/// `--fail-on cycle,rule,new,...`.
struct FailOnOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Findings that make the exit status 1: cycle, recursion, inversion, rule, new, deadlock, release, init, exit, nest.",
            discussion: "'cycle' means bound cycles with exact names; 'cycle:guarded' and 'cycle:class' widen it.",
            valueName: "kinds"
        ),
        transform: Value.failPolicy
    )
    var failOn = FailPolicy()

    /// Ends the command with status 1 if any finding is named.
    func check(_ findings: some Sequence<Finding>) throws {
        if findings.contains(where: failOn.matches) { throw ExitCode(1) }
    }
}

/// `--baseline GRAPH`.
struct BaselineOption: ParsableArguments {
    @Option(help: ArgumentHelp("A graph to compare with: what it lacks is new.", valueName: "graph"))
    var baseline: String?

    /// The baseline, read; nil if none was given.
    func load() throws -> Baseline? {
        guard let baseline else { return nil }
        return try GraphArgument.read(baseline).baseline
    }
}

/// `--annotations FILE`.
struct AnnotationsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What lockdep's annotations say on a kernel of the same source, as learn wrote it.",
            valueName: "annotations"
        )
    )
    var annotations: String?

    /// The annotations, read; nil if none were given.
    func load() throws -> LearnedAnnotations? {
        guard let annotations else { return nil }
        return try Diagnostics.checked { () throws(FileError) in try LearnedAnnotations(reading: annotations) }
    }
}

/// What an engine is to look for: `--rule`, `--same-class`, `--baseline`.
struct JudgementOptions: ParsableArguments {
    @Option(
        name: .customLong("rule"),
        help: ArgumentHelp("No path may lead from A to B. Can be given more than once.", valueName: "A -> B"),
        transform: Value.rule
    )
    var rules: [LockRule] = []

    @Option(
        help: ArgumentHelp(
            "What counts when a task nests locks of one class: strict (as lockdep) or instance.",
            valueName: "policy"
        ),
        transform: Value.sameClass
    )
    var sameClass: SameClassPolicy?

    @OptionGroup var annotationsOption: AnnotationsOption
    @OptionGroup var baselineOption: BaselineOption

    /// The engine's options; `usual` is the policy of the source.
    func engineOptions(usual: SameClassPolicy) throws -> EngineOptions {
        var options = EngineOptions(sameClass: sameClass ?? usual, rules: rules, baseline: try baselineOption.load())
        options.annotations = try annotationsOption.load()
        return options
    }
}
