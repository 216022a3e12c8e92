import LiveTracing
import LockNaming
import LockEvents
import LockGraph
import Foundation

struct Sink: LockEventSink {
    var engine: LockOrderEngine
    var tables: EventTables { get { engine.tables } _modify { yield &engine.tables } }
    mutating func consume(_ event: LockEvent) { engine.consume(event) }
    mutating func consume(_ event: LockEvent, held: Span<HeldLock>) { engine.consume(event, held: held) }
    mutating func loseAllStacks() { engine.loseAllStacks() }
    mutating func unify(_ kept: LockClassID, _ gone: LockClassID) { engine.unify(kept, gone) }
    mutating func advance(to time: UInt64) { engine.advance(to: time); for f in engine.takeNewFindings() { print(f.text); for s in f.steps { print("   ", s.from, s.fromMode, "->", s.to, s.toMode, s.comm, s.pid, s.heldSite, s.site, s.isMay, s.stack.prefix(5)) } } }
}
do {
    let t0 = Date()
    var session = try LiveSession(LiveSession.Options())
    print("attached", Date().timeIntervalSince(t0))
    var o = EngineOptions(); o.isFiltered = true
    o.rules = [try LockRule(parsing: "mmap_sem -> barrier_mutex")]
    var sink = Sink(engine: LockOrderEngine(options: o))
    session.start()
    let p = Process(); p.executableURL = URL(fileURLWithPath: CommandLine.arguments[1]); p.arguments = Array(CommandLine.arguments.dropFirst(2))
    try p.run()
    while p.isRunning { session.pump(into: &sink, waitingAtMost: 50) }
    session.stop()
    session.pump(into: &sink, waitingAtMost: 0)
    sink.engine.finish()
    print(sink.engine.summary)
    print(session.summary)
    for d in sink.engine.dependencies { print(sink.engine.printedName(of: d.from), "->", sink.engine.printedName(of: d.to), d.isMay) }
    for n in sink.engine.lockNodes { let c = sink.engine.tables.classes[n.lockClass]; print(c.name, c.type, c.origin, c.naming) }
} catch { print("FAILED:", error) }
