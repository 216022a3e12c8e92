#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the capture test records: the seed's story, and file work that many tasks do at once.
set -eu

seed-drive all --legacy --second
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
