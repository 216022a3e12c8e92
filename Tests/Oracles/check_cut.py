#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `livedep cut` with igraph's exact feedback arc set on random graphs.

usage: check_cut.py LIVEDEP [GRAPHS]

The weights are worked out here once more, from what a graph file says of a dependency.
"""

import json
import random
import subprocess
import sys
import tempfile

import igraph


def weight(record):
    return 16 * (4 * max(1, len(record["sites"])) + record["count"].bit_length())


def random_graph(source):
    classes = source.randint(2, 18)
    records = {}
    for _ in range(source.randint(2, classes * 3)):
        held, taken = source.sample(range(classes), 2)
        records[held, taken] = {
            "record": "dependency",
            "run": "random",
            "from": f"lock{held}",
            "fromType": "mutex",
            "fromMode": "write",
            "to": f"lock{taken}",
            "toType": "mutex",
            "toMode": "write",
            "direct": True,
            "count": source.choice([1, 1, 3, 40, 5000]),
            "sites": [f"site{n}" for n in range(source.randint(0, 3))],
        }
    return records


def ours(livedep, records):
    lines = [json.dumps({"record": "run", "run": "random"})]
    lines += [json.dumps(record) for record in records.values()]
    lines.append(json.dumps({"record": "summary", "run": "random"}))
    with tempfile.NamedTemporaryFile("w", suffix=".livedep") as graph:
        graph.write("\n".join(lines) + "\n")
        graph.flush()
        answer = subprocess.run(
            [livedep, "cut", graph.name, "--format", "json"], check=True, capture_output=True, text=True
        )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def main():
    livedep = sys.argv[1]
    graphs = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    source = random.Random(1993)
    cyclic = 0
    for number in range(graphs):
        records = random_graph(source)
        answer = ours(livedep, records)
        summary = answer.pop()
        edges = list(records)
        weights = [weight(records[edge]) for edge in edges]
        graph = igraph.Graph(edges=edges, directed=True)
        least = sum(weights[index] for index in graph.feedback_arc_set(weights=weights, method="ip"))
        cut = {(step["from"], step["to"]) for step in answer if step["break"]}
        rest = [edge for edge in edges if (f"lock{edge[0]}", f"lock{edge[1]}") not in cut]
        assert igraph.Graph(edges=rest, directed=True).is_dag(), f"graph {number}: a cycle is left"
        total = sum(component["weight"] for component in summary["components"])
        assert all(component["method"] == "exact" for component in summary["components"])
        assert total == least, f"graph {number}: {total} is not {least}"
        cyclic += least > 0
    print(f"cut against igraph: {graphs} graphs, {cyclic} with cycles: all as light as igraph's exact answer")


if __name__ == "__main__":
    main()
