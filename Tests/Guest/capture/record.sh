#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In the guest: one whole recording with its graph, one that rotates, one that is killed.
set -eu

livedep record --ring "$RING" -o whole --graph live.graph --format json -- workload.sh >whole.json 2>/dev/null
tail -n 1 whole.json >summary.json
livedep record --ring "$RING" -o rotated --max-size 300k --keep 3 -- workload.sh >/dev/null 2>&1
livedep record --ring "$RING" -o killed >/dev/null 2>&1 &
recorder=$!
while [ ! -e killed/ring0_000000 ]; do sleep 0.1; done
workload.sh >/dev/null
sleep 0.5
kill -9 $recorder
