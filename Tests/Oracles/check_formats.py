#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the programs that our formats are for read them: junitparser, kcidb-io, DuckDB, Graphviz, jq.

usage: check_formats.py LIVEDEP EVENTS
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb
import junitparser
from kcidb_io import schema


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def main():
    livedep, events = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for name in ["graph.livedep", "graph.livedep.gz"]:
            graph = str(pathlib.Path(folder) / name)
            run(livedep, "replay", events, "--graph", graph)
            report = lambda form: run(livedep, "report", graph, "--format", form)

            kcidb = json.loads(report("kcidb"))
            schema.V5_3.validate(kcidb)
            assert [test["status"] for test in kcidb["tests"]] == ["FAIL"]

            suites = junitparser.JUnitXml.fromstring(report("junit").encode())
            assert suites.failures == 1 and suites.tests > 5, suites

            if shutil.which("dot"):
                assert "<svg" in run("dot", "-Tsvg", input=report("dot"))
            else:
                print("dot is not installed: DOT was not checked")

            for line in report("json").splitlines():
                json.loads(line)

            query = f"""
                select count(*), sum(count), count(distinct "from") from
                read_json('{graph}', format = 'newline_delimited', ignore_errors = false)
                where record = 'dependency'
            """
            rows = duckdb.sql(query).fetchall()
            assert rows[0][0] == 7 and rows[0][2] == 6, rows
    print("formats: KCIDB 5.3, JUnit, DOT, JSON and graph files are read by the programs they are for")


if __name__ == "__main__":
    main()
