#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the capture test records: the seed's story, and file work that many tasks do at once.
set -eu

# As IGT announces its tests.
say() { echo "[IGT] $1" >/dev/kmsg; }

say "seed: executing"
say "seed: starting subtest story"
seed-drive all --legacy --second
say "seed: finished subtest story, SUCCESS"
say "seed: starting subtest files"
mkdir -p /tmp/work
i=0
while [ $i -lt "${ROUNDS:-40}" ]; do
    (
        mkdir /tmp/work/$i
        echo $i >/tmp/work/$i/a
        mv /tmp/work/$i/a /tmp/work/$i/b
        cat /tmp/work/$i/b /proc/self/maps >/dev/null
        rm -r /tmp/work/$i
    ) &
    i=$((i + 1))
    [ $((i % 8)) -ne 0 ] || wait
done
wait
say "seed: finished subtest files, SUCCESS"
say "seed: exiting, ret=0"
