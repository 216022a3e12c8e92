import Testing
@testable import LockdepText
import Foundation
@Test func dump() throws {
    for row in SplatCollection.rows {
        let (splats, notes) = SplatReader.read(try SplatCollection.text(row.file)!)
        print("=====", row.file, splats.count)
        for s in splats { show(s) }
        for n in notes { print("   !", n.severity, n) }
    }
    let (splats, notes) = SplatReader.read(SplatCollection.seed!)
    print("===== seed", splats.count)
    for s in splats { show(s) }
    for n in notes { print("   !", n.severity, n) }
}
func lk(_ l: SplatLock?) -> String { guard let l else { return "-" }; return "\(l.address ?? "") \(l.lockClass.printedName) {\(l.usage)} \(l.waitType.map { "\($0.outer):\($0.inner)" } ?? "") at \(l.sites.map(\.description))" }
func show(_ s: Splat) {
    print(s.kind, s.lines, "kernel", s.kernel ?? "-", s.build ?? "-", "[\(s.taint ?? "-")]", s.task.map { "\($0.comm)|\($0.pid)" } ?? "-", s.detail ?? "")
    print("  W", lk(s.wanted)); print("  H", lk(s.held))
    for c in s.chain { print("   #\(c.index)", lk(c.lock), c.stack.count, c.stack.first?.description ?? "", "..", c.stack.last?.description ?? "") }
    print("  sum", s.chainSummary.map(\.printedName))
    print("  scen", s.scenario.map { "\($0.cpu):\($0.action.rawValue)(\($0.lockClass?.printedName ?? ""))" })
    print("  held", s.heldCount ?? -1); for h in s.heldLocks { print("    ", lk(h)) }
    for u in s.usages { print("   U", u.state, lk(u.lock), u.stack.count, u.stack.first?.description ?? "") }
    print("  bt", s.backtrace.count, s.backtrace.first?.description ?? "", "..", s.backtrace.last?.description ?? "")
    print("  missing", s.missing.map(\.description))
}
