// SPDX-License-Identifier: Apache-2.0

/// Keeps records as they come, with the decisions that each rests on before it.
public protocol RecordJournal: ~Copyable {
    /// Something begins here that must make sense without what was kept before: all that it needs is to be told again.
    var isFresh: Bool { get }
    /// Takes note that everything is being told again.
    mutating func acceptFresh()
    /// Keeps a decision; it holds from the next record on.
    mutating func append(_ decision: NamingDecision)
    /// Keeps a record. Its bytes are valid during the call only.
    mutating func append(record: UnsafeRawBufferPointer)
}

/// A source of names that can tell which of its answers have to be written down.
public protocol LoggedNaming: RecordNaming, ~Copyable {
    /// Keeps decisions from now on, all of them anew: a file begins that must make sense by itself.
    mutating func startLog()
    /// Whether ``takeDecisions()`` has anything to tell.
    var hasDecisions: Bool { get }
    /// Decisions since the last call, in order.
    mutating func takeDecisions() -> [NamingDecision]
}

extension RecordDecoder where Naming: LoggedNaming & ~Copyable {
    /// Decodes one record and keeps it in a journal, behind the decisions that it rests on.
    public mutating func decode(
        _ record: UnsafeRawBufferPointer,
        into sink: inout some LockEventSink & ~Copyable,
        keepingIn journal: inout some RecordJournal & ~Copyable
    ) {
        if journal.isFresh { tellAgain(&journal, sink.tables) }
        decode(record, into: &sink)
        if answering.hasDecisions {
            for decision in answering.takeDecisions() { journal.append(decision) }
        }
        journal.append(record: record)
    }

    /// Lets a journal's new piece make sense by itself.
    private mutating func tellAgain(_ journal: inout some RecordJournal & ~Copyable, _ tables: EventTables) {
        journal.acceptFresh()
        naming.startLog()
        askAgain()
        if trustedEpoch > 0 { journal.append(.trust(epoch: trustedEpoch)) }
        for task in knownTasks {
            journal.append(.task(task.tid, comm: tables.names[task.comm], nextSequence: task.nextSequence))
        }
    }
}
