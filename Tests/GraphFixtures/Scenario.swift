// SPDX-License-Identifier: Apache-2.0

public import LockEvents
public import LockGraph

/// Events written down the way a person would tell them, run through an engine.
///
///     var scenario = Scenario()
///     scenario.task("bash", 877) { $0.take("cpu_hotplug_lock", .write, at: "_cpu_up"); $0.take("pmus_lock", at: "perf_event_init_cpu") }
///
/// What a task takes it releases at the end of its block.
public struct Scenario {
    /// What has seen the events.
    public var engine: LockOrderEngine
    private var time: UInt64 = 604_000_000_000
    private var locks: [String: LockID] = [:]

    /// Begins with an engine that has seen nothing.
    public init(_ options: EngineOptions = EngineOptions()) { engine = LockOrderEngine(options: options) }

    /// One task's acts.
    public struct Actor {
        fileprivate struct Act {
            var lock: String
            var type: LockType
            var mode: LockMode
            var stack: [String]
            var isMay: Bool
            var origin: String
            var certainty: LockClass.Certainty
            var naming: String
        }

        fileprivate var acts: [Act] = []

        /// Takes a lock; the stack is innermost first and its first function is the call site.
        public mutating func take(
            _ lock: String,
            _ mode: LockMode = .write,
            type: LockType = .mutex,
            at stack: String...,
            origin: String = "",
            certainty: LockClass.Certainty = .exact,
            naming: String = "event"
        ) {
            acts.append(
                Act(
                    lock: lock,
                    type: type,
                    mode: mode,
                    stack: stack,
                    isMay: false,
                    origin: origin,
                    certainty: certainty,
                    naming: naming
                )
            )
        }

        /// Might take a lock.
        public mutating func may(
            _ lock: String,
            _ mode: LockMode = .write,
            type: LockType = .mutex,
            at stack: String...
        ) {
            acts.append(
                Act(
                    lock: lock,
                    type: type,
                    mode: mode,
                    stack: stack,
                    isMay: true,
                    origin: "",
                    certainty: .exact,
                    naming: "event"
                )
            )
        }
    }

    /// Runs one task's acts, `times` times.
    public mutating func task(
        _ comm: String,
        _ pid: UInt32,
        cpu: UInt32 = 0,
        test: String = "",
        times: Int = 1,
        _ body: (inout Actor) -> Void
    ) {
        var actor = Actor()
        body(&actor)
        for _ in 0..<times {
            var held: [LockEvent] = []
            for act in actor.acts {
                let event = event(act, comm, pid, cpu, test)
                engine.consume(event)
                if !act.isMay { held.append(event) }
            }
            for var event in held.reversed() {
                event.operation = .release
                event.time = tick()
                engine.consume(event)
            }
        }
    }

    private mutating func tick() -> UInt64 {
        time += 1_000_000
        return time
    }

    private mutating func event(_ act: Actor.Act, _ comm: String, _ pid: UInt32, _ cpu: UInt32, _ test: String)
        -> LockEvent
    {
        let id = engine.tables.classes.intern(
            LockClass(name: act.lock, type: act.type, origin: act.origin, naming: act.naming, certainty: act.certainty)
        )
        let key = "\(act.lock) \(act.origin)"
        let lock = locks[key] ?? LockID(rawValue: 0x1000 + UInt64(locks.count) * 64)
        locks[key] = lock
        var event = LockEvent(
            act.isMay ? .may : .acquire,
            task: TaskID(rawValue: UInt64(pid)),
            lock: lock,
            lockClass: id,
            mode: act.mode
        )
        event.time = tick()
        event.cpu = cpu
        event.pid = pid
        event.comm = engine.tables.names.intern(comm)
        event.test = engine.tables.names.intern(test)
        event.site = engine.tables.names.intern(act.stack.first ?? "")
        event.stack = engine.tables.internStack(act.stack)
        return event
    }
}

extension Scenario {
    /// The links that "have been true for a long time": all of the seed's chain but the driver's.
    public mutating func oldLinks() {
        task("kms_front", 1290, times: 4) {
            $0.take("&mm->mmap_lock", .read, type: .rwsem, at: "do_user_addr_fault", "exc_page_fault")
            $0.take("gpu_lock", at: "gpu_fault", "__do_fault", "do_user_addr_fault")
        }
        task("init", 1, times: 3) {
            $0.take("rcu_state.barrier_mutex", at: "rcu_barrier", "kernel_init", "ret_from_fork")
            $0.take("cpu_hotplug_lock", .read, type: .percpuRwsem, at: "cpus_read_lock", "rcu_barrier", "kernel_init")
        }
        task("bash", 877, cpu: 1, times: 2) {
            $0.take("cpu_hotplug_lock", .write, type: .percpuRwsem, at: "percpu_down_write", "_cpu_up", "do_cpu_up")
            $0.take("pmus_lock", at: "perf_event_init_cpu", "cpuhp_invoke_callback", "_cpu_up")
            $0.take(
                "cpuctx_mutex",
                at: "perf_event_init_cpu",
                "cpuhp_invoke_callback",
                certainty: .inferred,
                naming: "per-CPU member"
            )
        }
        task("perf", 812, times: 5) {
            $0.take("cpuctx_mutex", at: "perf_event_ctx_lock_nested", "perf_read", "vfs_read")
            $0.may("&mm->mmap_lock", .read, type: .rwsem, at: "__might_fault", "_copy_to_user", "perf_read", "vfs_read")
        }
    }

    /// What the driver adds.
    public mutating func newLink() {
        task("kms_front", 1290, test: "igt@kms_frontbuffer_tracking@fbcpsr") {
            $0.take("gpu_lock", at: "gpu_ctl", "__x64_sys_ioctl")
            $0.take("rcu_state.barrier_mutex", at: "rcu_barrier", "gpu_ctl", "__x64_sys_ioctl")
        }
    }

    /// The seed's chain closed by the driver lock.
    public static func seed(_ options: EngineOptions = EngineOptions()) -> Scenario {
        var scenario = Scenario(options)
        scenario.oldLinks()
        scenario.newLink()
        return scenario
    }
}
