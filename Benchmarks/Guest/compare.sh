#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest: compare.sh ROUNDS LOOP COUNT VARIANT...: one line "ns LOOP VARIANT NANOSECONDS" for each run, in alternation.
set -eu

rounds=$1 loop=$2 count=$3
shift 3

fail() {
    echo "compare: $*" >&2
    exit 1
}

# Waits until a process has attached its programs: its links no longer become more. What it says may be in a buffer.
await_links() {
    links=0
    for _ in $(seq 1 60); do
        sleep 1
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
        bare) lock-loop "$loop" "$count" ;;
        empty) empty-hooks /root/empty.o lock-loop "$loop" "$count" >/tmp/tool.log 2>&1 || true ;;
        bpftrace)
            # BPFTRACE_STRLEN and the like stay as they are: nothing but counts is kept.
            bpftrace -c "/bin/lock-loop $loop $count" -e '
                kprobe:mutex_lock { @[0] = count(); } kprobe:mutex_unlock { @[1] = count(); }
                kprobe:down_write { @[2] = count(); } kprobe:up_write { @[3] = count(); }' >/tmp/tool.log 2>&1 || true
            ;;
        klockstat)
            klockstat >/tmp/tool.log 2>&1 &
            await_links $! klockstat
            lock-loop "$loop" "$count"
            kill -INT $!
            wait $! || true
            ;;
        watch) livedep watch -- lock-loop "$loop" "$count" >/tmp/tool.log 2>&1 || true ;;
        unfiltered) livedep watch --unfiltered -- lock-loop "$loop" "$count" >/tmp/tool.log 2>&1 || true ;;
        record)
            rm -rf /tmp/capture
            livedep record -o /tmp/capture -- lock-loop "$loop" "$count" >/tmp/tool.log 2>&1 || true
            ;;
        *) fail "$1: no such variant" ;;
    esac
    [ -s /tmp/lock-loop.ns ] || {
        cat /tmp/tool.log >&2
        fail "$1: the loop did not end"
    }
    echo "ns $loop $1 $(cat /tmp/lock-loop.ns)"
}

for _ in $(seq 1 "$rounds"); do
    for variant; do run "$variant"; done
done
for variant in watch unfiltered record; do
    case " $* " in *" $variant "*) ;; *) continue ;; esac
    run "$variant" >/dev/null
    echo "said $loop $variant $(grep -E '^(Source|Seen):|acquisitions|dropped' /tmp/tool.log | tr '\n' ' ')"
done
