#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest: compare.sh ROUNDS PIPES TREES VARIANT...: one line "ns LOOP VARIANT NANOSECONDS" for each run of each loop,
# the variants in alternation.
set -eu

rounds=$1 pipes=$2 trees=$3
shift 3

fail() {
    echo "compare: $*" >&2
    exit 1
}

# Waits until a process has attached its programs: its links no longer become more. What it says may be in a buffer.
await_links() {
    links=0
    for _ in $(seq 1 120); do
        sleep 2
        now=$(ls -l "/proc/$1/fd" 2>/dev/null | grep -c 'bpf.link\|perf_event' || true)
        [ "$now" -gt 0 ] && [ "$now" = "$links" ] && return
        links=$now
    done
    ls -l "/proc/$1/fd" >&2 || true
    cat /tmp/tool.log >&2
    fail "$2 did not attach"
}

run() {
    rm -f /tmp/lock-loop.ns
    : >/tmp/tool.log
    case $1 in
        bare) lock-loop "$pipes" "$trees" ;;
        empty | empty-lockdep) empty-hooks "/root/$1.o" lock-loop "$pipes" "$trees" >/tmp/tool.log 2>&1 || true ;;
        bpftrace)
            # BPFTRACE_STRLEN and the like stay as they are: nothing but counts is kept.
            bpftrace -c "/bin/lock-loop $pipes $trees" -e '
                kprobe:mutex_lock { @[0] = count(); } kprobe:mutex_unlock { @[1] = count(); }
                kprobe:down_write { @[2] = count(); } kprobe:up_write { @[3] = count(); }' >/tmp/tool.log 2>&1 || true
            ;;
        klockstat)
            klockstat >/tmp/tool.log 2>&1 &
            await_links $! klockstat
            lock-loop "$pipes" "$trees"
            kill -INT $!
            wait $! || true
            ;;
        watch) livedep watch --source functions -- lock-loop "$pipes" "$trees" >/tmp/tool.log 2>&1 || true ;;
        lockdep) livedep watch --source lockdep -- lock-loop "$pipes" "$trees" >/tmp/tool.log 2>&1 || true ;;
        unfiltered)
            livedep watch --source functions --unfiltered -- lock-loop "$pipes" "$trees" >/tmp/tool.log 2>&1 || true
            ;;
        record)
            rm -rf /tmp/capture
            livedep record --source functions -o /tmp/capture -- lock-loop "$pipes" "$trees" >/tmp/tool.log 2>&1 || true
            ;;
        *) fail "$1: no such variant" ;;
    esac
    [ "$(wc -l </tmp/lock-loop.ns)" = 2 ] || {
        cat /tmp/tool.log >&2
        fail "$1: the loops did not end"
    }
    while read -r loop ns; do echo "ns $loop $1 $ns"; done </tmp/lock-loop.ns
    grep -E '^Source:|acquisitions|dropped' /tmp/tool.log | sed "s/^/said $1 /" || true
}

for _ in $(seq 1 "$rounds"); do
    for variant; do run "$variant"; done
done
