// SPDX-License-Identifier: Apache-2.0

public import LockGraph
public import TraceFiles

extension GraphSnapshot {
    /// The findings of the graph, each once, what matters most first.
    ///
    /// Of a graph of several runs, and of one that was cut off, the cycles that its dependencies make together are among
    /// them, graded by class where no run graded them higher.
    ///
    /// - Parameters:
    ///   - baseline: What to compare with: dependencies that it lacks are then findings as well.
    ///   - rules: Rules to look at besides.
    public func reportedFindings(baseline: Baseline? = nil, rules: [LockRule] = []) -> [Finding] {
        var found: [Identity: Finding] = [:]
        for entry in findings {
            let identity = Identity(entry.finding)
            if let known = found[identity], (known.grade?.rawValue ?? 0) >= (entry.finding.grade?.rawValue ?? 0) {
                continue
            }
            found[identity] = entry.finding.compared(with: baseline, keys: entry.keys)
        }
        if runs.count > 1 || !isComplete || baseline != nil || !rules.isEmpty {
            let isWhole = runs.count == 1 && isComplete
            let options = EngineOptions(
                sameClass: runs.contains { $0.sameClass == .strict } ? .strict : .instance,
                rules: rules,
                baseline: baseline
            )
            for finding in engine(options: options).findings where found[Identity(finding)] == nil {
                if isWhole && finding.kind != .new && finding.kind != .rule { continue }
                found[Identity(finding)] = finding
            }
        }
        return found.values.sorted { Self.rank($0).lexicographicallyPrecedes(Self.rank($1)) }
    }

    private struct Identity: Hashable {
        var kind: FindingKind
        var signature: Signature

        init(_ finding: Finding) {
            kind = finding.kind
            signature = finding.signature
        }
    }

    /// A deadlock first, then what is new, then by grade and kind; the signature decides the rest.
    private static func rank(_ finding: Finding) -> [UInt64] {
        [
            finding.kind == .deadlock ? 0 : 1, finding.isNew == true ? 0 : 1, finding.kind == .new ? 1 : 0,
            3 - UInt64(finding.grade?.rawValue ?? 3), UInt64(finding.kind.rawValue), finding.signature.rawValue,
        ]
    }
}

extension Finding {
    /// The finding with what the baseline says of its dependencies; unchanged without one.
    func compared(with baseline: Baseline?, keys: [String: Baseline.ClassKey]) -> Finding {
        guard let baseline else { return self }
        var finding = self
        for index in steps.indices {
            let step = steps[index]
            if step.from == step.to {
                finding.steps[index].isNew = !baseline.contains(signature)
            } else if let from = keys[step.from], let to = keys[step.to] {
                finding.steps[index].isNew = !baseline.contains(
                    from: from,
                    to: to,
                    fromMode: step.fromMode,
                    toMode: step.toMode
                )
            }
        }
        let compared = finding.steps.compactMap(\.isNew)
        finding.isNew = compared.isEmpty ? !baseline.contains(signature) : compared.contains(true)
        return finding
    }
}
