#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What tracing costs in a guest, beside what other tools cost there. Called by scripts/bench guest.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: Benchmarks/Guest/bench-guest.sh [--quick] [--json FILE] [--kernel KERNEL] [--variants "A B ..."]

Runs two loops that take locks in a guest, alone and under each of: empty programs on the functions that livedep hooks
(the floor), bpftrace counting four of them, klockstat, livedep watch, watch --unfiltered, record. Medians of alternating
rounds in one boot. Needs bpftrace and libbpf-tools (Debian) unless --variants leaves them out.
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=5 pipes=50000 tree=400 kernel=6.1 json="" variants="bare empty bpftrace klockstat watch unfiltered record"
while (($#)); do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --quick) rounds=1 pipes=10000 tree=100 ;;
        --json) json=$2; shift ;;
        --kernel) kernel=$2; shift ;;
        --variants) variants=$2; shift ;;
        *) echo "bench-guest: $1: unknown option; see --help" >&2; exit 64 ;;
    esac
    shift
done

files=()
for pair in bpftrace:bpftrace klockstat:libbpf-tools; do
    tool=${pair%%:*}
    [[ " $variants " == *" $tool "* ]] || continue
    path=$(PATH=$PATH:/usr/sbin type -P "$tool") || {
        echo "bench-guest: $tool is missing: apt-get install ${pair##*:}, or leave it out with --variants" >&2
        exit 2
    }
    files+=(--file "$path")
done

built=$root/Benchmarks/.build/guest
mkdir -p "$built"
cc -O2 -static -Wall -Wextra -o "$built/lock-loop" "$root/Benchmarks/Guest/lock-loop.c"
cc -O2 -Wall -Wextra -o "$built/empty-hooks" "$root/Benchmarks/Guest/empty-hooks.c" -lbpf
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
"$clang" -g -O2 -target bpf -mcpu=v3 -Wall -Werror -I "$root/bpf" -I "$root/bpf/records/include" \
    -c "$root/bpf/bench/empty.bpf.c" -o "$built/empty.o"
swift build --package-path "$root" -c release --product livedep >&2

cat >"$built/both.sh" <<SCRIPT
#!/bin/sh
compare.sh $rounds pipes $pipes $variants && compare.sh $rounds tree $tree $variants
SCRIPT
chmod +x "$built/both.sh"
output=$built/output.txt
"$root/scripts/vm" --kernel "$kernel" --mem 2048 --timeout 3000 --file "$root/.build/release/livedep" \
    --file "$built/lock-loop" --file "$built/empty-hooks" --file "$built/empty.o" "${files[@]}" \
    --file "$root/Benchmarks/Guest/compare.sh" --file "$built/both.sh" -- both.sh >"$output" || {
    tail -n 20 "$output" >&2
    exit 2
}

# "added" is against bare, "of floor" against what the empty programs add.
{ grep '^ns ' "$output" || true; } | sort -k2,2 -k3,3 -k4,4n | awk -v json="$json" -v kernel="$kernel" -v order="$variants" '
    { key = $2 " " $3; values[key, ++count[key]] = $4; loops[$2] = 1 }
    END {
        number = split(order, variant, " ")
        if (json != "") printf "" >json
        for (loop in loops) {
            bare = floor = 0
            printf "%-6s %-11s %10s %10s %10s %8s %9s\n", loop, "ns a round", "median", "least", "most", "added", "of floor"
            for (i = 1; i <= number; i++) {
                key = loop " " variant[i]; n = count[key]
                if (!n) continue
                median = values[key, int((n + 1) / 2)]
                if (variant[i] == "bare") bare = median
                added = median - bare
                if (variant[i] == "empty") floor = added
                ratio = floor > 0 && variant[i] != "bare" ? sprintf("%.2f", added / floor) : "-"
                printf "%-6s %-11s %10.0f %10.0f %10.0f %8.0f %9s\n", "", variant[i], median, values[key, 1],
                    values[key, n], added, ratio
                if (json != "")
                    printf "{\"record\": \"benchmark\", \"kernel\": \"%s\", \"loop\": \"%s\", \"variant\": \"%s\", " \
                        "\"ns\": %d, \"added_ns\": %d, \"rounds\": %d}\n", kernel, loop, variant[i], median, added, n >json
            }
        }
    }'
grep '^said ' "$output" || true
