# SPDX-License-Identifier: Apache-2.0
"""Graphs of wished-for sizes, made by `livedep replay` of events about locks that do not exist.

Tasks take locks in one order, along a hierarchy of subsystems; a few later ones take some of them in another order.
"""

import json
import pathlib
import random
import subprocess

#: What a name must never become. Each would set `window.intruder` if it were read as markup or as script.
HOSTILE = [
    "<script>window.intruder = 1</script>",
    "</script><img src=x onerror='window.intruder = 2'>",
    "\"><svg onload=\"window.intruder = 3\">",
    "<!-- --><!--<script>",
    "javascript:window.intruder=4//&lt;b&gt;${window.intruder=5}`'\\",
]

SUBSYSTEMS = "mm fs net drm usb sched cgroup block tty sound bpf perf acpi pci crypto kernfs".split()
PARTS = "mutex lock rwsem state_lock list_lock ctl_mutex reg_lock table_lock".split()
TYPES = ["mutex", "mutex", "rwsem", "mutex", "spin"]


class Machine:
    """Writes events of tasks; never takes a lock twice at once."""

    def __init__(self, seed, classes):
        self.random = random.Random(seed)
        self.time = 10**12
        self.events = []
        self.pairs = set()
        self.locks = []
        for number in range(classes):
            subsystem = SUBSYSTEMS[number * len(SUBSYSTEMS) // classes]
            part = self.random.choice(PARTS)
            name = f"&{subsystem}_dev->{part}_{number}" if number % 3 else f"{subsystem}_{part}_{number}"
            self.locks.append((name, self.random.choice(TYPES)))
        self.functions = [f"{subsystem}_{verb}" for subsystem in SUBSYSTEMS
                          for verb in "open close ioctl probe release update scan flush read write".split()]

    def emit(self, op, task, comm, lock, kind, **more):
        self.time += self.random.randrange(1000, 10**6)
        self.events.append({"op": op, "t": self.time, "task": task, "pid": task, "comm": comm, "lock": lock,
                            "class": lock, "type": kind, **more})

    def run(self, task, comm, chain, test=""):
        """One task takes a chain of locks and lets go of them."""
        trail = self.random.sample(self.functions, 4) + ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"]
        for depth, (lock, kind) in enumerate(chain):
            mode = self.random.choice(["write", "read"]) if kind == "rwsem" else "write"
            stack = [f"{self.random.choice(self.functions)}+0x{self.random.randrange(4096):x}/0x1000"] + trail
            more = {"test": test} if test else {}
            self.emit("acquire", task, comm, lock, kind, mode=mode, cpu=task % 8,
                      site=stack[0].split("+")[0], stack=stack, **more)
            self.pairs.update((held[0], lock) for held in chain[:depth])
        for lock, kind in reversed(chain):
            self.emit("release", task, comm, lock, kind)

    def in_order(self, pairs):
        """Chains along the order, until there are so many pairs of locks."""
        while len(self.pairs) < pairs:
            first = self.random.randrange(len(self.locks))
            width = max(4, len(self.locks) // 6)
            window = range(first, min(first + width, len(self.locks)))
            places = sorted(self.random.sample(window, min(len(window), self.random.randint(2, 6))))
            task = self.random.randrange(100, 400)
            self.run(task, f"{self.random.choice(SUBSYSTEMS)}d", [self.locks[place] for place in places])

    def out_of_order(self, count, reach):
        """Tasks of a test that take two locks the other way round."""
        for number in range(count):
            later = self.random.randrange(reach, len(self.locks))
            chain = [self.locks[later], self.locks[later - self.random.randint(1, reach)]]
            self.run(900 + number, "suspect", chain, test=f"test@{number}")

    def hostile(self):
        """Locks, functions, tasks and tests with names that want to be more than names."""
        locks = [(name, "mutex") for name in HOSTILE]
        for number, (name, kind) in enumerate(locks):
            others = [self.locks[number], (name, kind)]
            for chain in [others, others[::-1]]:
                task = 700 + number * 2 + (chain == others)
                for lock, lock_kind in chain:
                    stack = [name, name + "2"]
                    self.emit("acquire", task, name[:15], lock, lock_kind, test=name, site=name, stack=stack)
                for lock, lock_kind in reversed(chain):
                    self.emit("release", task, name[:15], lock, lock_kind)


def replay(livedep, events, graph, run=None):
    """Events to a graph file; `run` changes what its lines say of the machine."""
    lines = "\n".join(json.dumps(event) for event in events) + "\n"
    subprocess.run([livedep, "replay", "-", "--graph", str(graph)], input=lines, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    if run:
        records = [json.loads(line) for line in pathlib.Path(graph).read_text().splitlines()]
        for record in records:
            record.update({key: value for key, value in run.items() if key in record})
        pathlib.Path(graph).write_text("".join(json.dumps(record) + "\n" for record in records))


def graphs(livedep, folder, classes, pairs, suspects, seed):
    """A graph and the baseline that lacks what its suspects did; returns both names."""
    machine = Machine(seed, classes)
    machine.in_order(pairs)
    base, new = folder / f"base-{pairs}.livedep", folder / f"run-{pairs}.livedep"
    replay(livedep, machine.events, base)
    machine.out_of_order(suspects, max(2, classes // 20))
    machine.hostile()
    replay(livedep, machine.events, new, run={"host": HOSTILE[0], "kernel": HOSTILE[1]})
    return new, base
