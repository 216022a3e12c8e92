#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What tracing costs in a guest, beside what other tools cost there. Called by scripts/bench guest.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: Benchmarks/Guest/bench-guest.sh [--quick] [--json FILE] [KERNEL:VARIANT,VARIANT...]...

Runs two loops that take locks in a guest of each KERNEL, alone and under each VARIANT: medians of five alternating rounds
in one boot. The guest's clock counts instructions (scripts/vm --icount): the same on every run, however busy the machine;
caches and the cost of atomic instructions are not in it.

  bare        nothing attached
  empty       empty programs on the functions that livedep hooks, in the same way: the floor
  bpftrace    bpftrace counting four functions (apt-get install bpftrace)
  klockstat   the one of Debian's libbpf-tools (apt-get install libbpf-tools)
  watch       livedep watch --source functions
  unfiltered  the same with --unfiltered
  record      livedep record
  lockdep     livedep watch --source lockdep: on a kernel with lockdep
  empty-lockdep  empty programs on lockdep's two tracepoints: the floor of that

Without KERNEL: all of them but lockdep's on 6.1, and, where LIVEDEP_KERNELS has them, bare and watch on plain-6.12 and bare
and lockdep's on lockdep-6.12. LIVEDEP names a livedep that is built already.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=5 pipes=10000 trees=100 json="" runs=()
while (($#)); do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --quick) rounds=1 pipes=5000 trees=50 ;;
        --json) json=$2; shift ;;
        *:*) runs+=("$1") ;;
        *) echo "bench-guest: $1: unknown option; see --help" >&2; exit 64 ;;
    esac
    shift
done
if ((${#runs[@]} == 0)); then
    runs=(6.1:bare,empty,bpftrace,klockstat,watch,unfiltered,record)
    [[ -f ${LIVEDEP_KERNELS:-/nonexistent}/lockdep-6.12.bzImage ]] &&
        runs+=(plain-6.12:bare,watch lockdep-6.12:bare,empty-lockdep,lockdep)
fi

files=()
for pair in bpftrace:bpftrace klockstat:libbpf-tools; do
    tool=${pair%%:*}
    [[ ${runs[*]} == *$tool* ]] || continue
    path=$(PATH=$PATH:/usr/sbin type -P "$tool") || {
        echo "bench-guest: $tool is missing: apt-get install ${pair##*:}, or leave it out; see --help" >&2
        exit 2
    }
    files+=(--file "$path")
done

built=$root/Benchmarks/.build/guest
mkdir -p "$built"
cc -O2 -static -Wall -Wextra -o "$built/lock-loop" "$root/Benchmarks/Guest/lock-loop.c"
cc -O2 -Wall -Wextra -o "$built/empty-hooks" "$root/Benchmarks/Guest/empty-hooks.c" -lbpf
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
for object in empty empty-lockdep; do
    "$clang" -g -O2 -target bpf -mcpu=v3 -Wall -Werror -I "$root/bpf" -I "$root/bpf/records/include" \
        -c "$root/bpf/bench/$object.bpf.c" -o "$built/$object.o"
done
livedep=${LIVEDEP:-$root/.build/release/livedep}
[[ -n ${LIVEDEP:-} ]] || swift build --package-path "$root" -c release --static-swift-stdlib --product livedep >&2

output=$built/output.txt
: >"$output"
for run in "${runs[@]}"; do
    kernel=${run%%:*}
    IFS=, read -ra variants <<<"${run#*:}"
    "$root/scripts/vm" --kernel "$kernel" --icount --mem 2048 --timeout 3000 --file "$livedep:/bin/livedep" \
        --file "$built/lock-loop" --file "$built/empty-hooks" --file "$built/empty.o" --file "$built/empty-lockdep.o" \
        "${files[@]}" \
        --file "$root/Benchmarks/Guest/compare.sh" -- compare.sh "$rounds" "$pipes" "$trees" "${variants[@]}" \
        >"$built/$kernel.txt" || {
        tail -n 20 "$built/$kernel.txt" >&2
        exit 2
    }
    sed "s/^/$kernel /" "$built/$kernel.txt" >>"$output"
done

# "added" is against bare, "of floor" against what the empty programs add, "factor" against bare.
{ grep -E '^[^ ]+ ns ' "$output" || true; } | awk -v json="$json" '
    function middle(key,    n, i, k, t, v) {
        n = count[key]
        for (i = 1; i <= n; i++) v[i] = values[key, i]
        for (i = 2; i <= n; i++) for (k = i; k > 1 && v[k] < v[k - 1]; k--) { t = v[k]; v[k] = v[k - 1]; v[k - 1] = t }
        least = v[1]; most = v[n]
        return v[int((n + 1) / 2)]
    }
    function aim(text, is, limit) { if (is != "") printf "%-62s %6.2f  (aim: %s)\n", text, is, limit }
    function ratio(one, other) { return one == "" || other == "" || other <= 0 ? "" : one / other }
    {
        key = $1 " " $3 " " $4
        if (!(key in count)) order[++keys] = key
        values[key, ++count[key]] = $5
    }
    END {
        if (json != "") printf "" >json
        printf "%-13s %-6s %-13s %9s %9s %9s %9s %7s %9s\n", "kernel", "loop", "ns a round", "median", "least", "most",
            "added", "factor", "of floor"
        for (pass = 1; pass <= 2; pass++) for (i = 1; i <= keys; i++) {
            split(order[i], part, " ")
            if (part[2] != (pass == 1 ? "pipes" : "tree")) continue
            median = middle(order[i]); at = part[1] " " part[2]
            if (part[3] == "bare") bare[at] = median
            more = median - bare[at]
            if (part[3] != "bare") added[at " " part[3]] = more
            floor = ratio(more, added[at (part[3] == "lockdep" ? " empty-lockdep" : " empty")])
            printf "%-13s %-6s %-13s %9d %9d %9d %9d %7.2f %9s\n", part[1], part[2], part[3], median, least, most, more,
                median / bare[at], part[3] == "bare" || floor == "" ? "-" : sprintf("%.2f", floor)
            if (json != "")
                printf "{\"record\": \"benchmark\", \"kernel\": \"%s\", \"loop\": \"%s\", \"variant\": \"%s\", " \
                    "\"ns\": %d, \"added_ns\": %d, \"rounds\": %d}\n", part[1], part[2], part[3], median, more,
                    count[order[i]] >json
        }
        print ""
        for (pass = 1; pass <= 2; pass++) {
            loop = pass == 1 ? "pipes" : "tree"; at = "6.1 " loop
            aim("6.1 " loop ": watch adds, of the empty programs", ratio(added[at " watch"], added[at " empty"]), "2.5")
            aim("6.1 " loop ": watch adds, of klockstat", ratio(added[at " watch"], added[at " klockstat"]), "0.25")
            aim("6.1 " loop ": record adds, of klockstat", ratio(added[at " record"], added[at " klockstat"]), "0.5")
            lockdep = bare["lockdep-6.12 " loop] - bare["plain-6.12 " loop]
            if (bare["lockdep-6.12 " loop] && bare["plain-6.12 " loop])
                aim("6.12 " loop ": watch adds, of lockdep", ratio(added["plain-6.12 " loop " watch"], lockdep), "1")
            aim("lockdep-6.12 " loop ": watch --source lockdep, of bare", \
                ratio(bare["lockdep-6.12 " loop] + added["lockdep-6.12 " loop " lockdep"], \
                bare["lockdep-6.12 " loop]), "1.3")
        }
    }'
