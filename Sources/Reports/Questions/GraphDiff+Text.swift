// SPDX-License-Identifier: Apache-2.0

public import JSONLines
import LockEvents
import LockGraph
import TraceFiles

extension GraphDiff {
    /// The differences as text: what appeared with `+`, what went with `-`. Ends with a line feed.
    public func text(_ style: ReportStyle = ReportStyle()) -> String {
        var lines: [String] = []
        for (sign, side) in [("+", appeared), ("-", gone)] {
            let paint = sign == "+" ? style.alarm : style.quiet
            for cycle in side.cycles {
                let classes = (cycle.classes + cycle.classes.prefix(1)).map(\.visible).joined(separator: " -> ")
                let grade = cycle.grade.map { "  \($0.name)" } ?? ""
                lines.append(paint("\(sign) cycle \(cycle.signature)  \(classes)\(grade)"))
            }
            var columns = Columns()
            for step in side.dependencies {
                let text = StepText(step, among: [step])
                columns.append([
                    "\(sign) dependency", text.from, "-> \(text.to)", text.task, text.siteAndCaller, text.count,
                ])
            }
            for lockClass in side.classes {
                let origin = lockClass.origin.isEmpty ? "" : "from \(lockClass.origin.visible)"
                let subclass = lockClass.subclass > 0 ? "/\(lockClass.subclass)" : ""
                columns.append(["\(sign) class", lockClass.name.visible + subclass, lockClass.type.name, origin])
            }
            lines += columns.lines().map(paint)
        }
        func counts(_ of: (Side) -> Int) -> String { "+\(of(appeared)) -\(of(gone))" }
        lines.append(
            "Cycles \(counts { $0.cycles.count }), dependencies \(counts { $0.dependencies.count }), "
                + "classes \(counts { $0.classes.count })"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    /// The differences as JSON lines with `change` and `what`, and a `summary` in the end.
    public func write(to json: inout JSONWriter) {
        for (change, side) in [("appeared", appeared), ("gone", gone)] {
            for cycle in side.cycles {
                cycle.write(to: &json) { json in
                    json.field("change", change)
                    json.field("what", "cycle")
                }
                json.endLine()
            }
            for step in side.dependencies {
                step.write(to: &json) { json in
                    json.field("change", change)
                    json.field("what", "dependency")
                }
                json.endLine()
            }
            for lockClass in side.classes {
                json.beginObject()
                json.field("change", change)
                json.field("what", "class")
                json.field("name", lockClass.name)
                json.field("type", lockClass.type.name)
                json.field("origin", lockClass.origin)
                json.field("subclass", lockClass.subclass)
                json.endObject()
                json.endLine()
            }
        }
        json.beginObject()
        json.field("record", "summary")
        for (name, side) in [("appeared", appeared), ("gone", gone)] {
            json.key(name)
            json.beginObject()
            json.field("cycles", side.cycles.count)
            json.field("dependencies", side.dependencies.count)
            json.field("classes", side.classes.count)
            json.endObject()
        }
        json.field("warnings", warnings)
        json.endObject()
        json.endLine()
    }
}
