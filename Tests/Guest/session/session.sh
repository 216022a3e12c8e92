#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One boot, many tests: runs livedep in a guest through the stories that Tests/GuestTests asks about, and leaves what each
# printed in /tmp/session, packed as /tmp/session.tar. Runs under BusyBox.
set -u
mkdir -p /tmp/session
cd /tmp/session

# story NAME ARGUMENTS...: runs livedep, keeps output, errors and exit status. Each line of output that comes while it runs
# is stamped with seconds since boot in NAME.stamped.
story() {
    name=$1
    shift
    {
        status=0
        livedep "$@" 2>"$name.err" || status=$?
        echo "$status" >"$name.status"
    } | while IFS= read -r line; do
        read -r now _ </proc/uptime
        printf '%s\n' "$line" >>"$name.out"
        printf '%s %s\n' "$now" "$line" >>"$name.stamped"
    done
    touch "$name.out" "$name.stamped"
}

# What the kernel has hooked: with everything detached there is nothing left.
hooked() { wc -l </sys/kernel/tracing/enabled_functions; }

cpu1=/sys/devices/system/cpu/cpu1/online

hooked >hooked.before
story doctor doctor --format json
story quiet watch --source functions --duration 3 --format json
story rule watch --source functions --rule 'mmap_sem -> barrier_mutex' --fail-on rule --format json --graph rule.livedep -- \
    sh -c 'seed-drive all >rule.drive'
story innocent watch --source functions --rule 'mmap_sem -> barrier_mutex' --fail-on rule --format json -- \
    sh -c 'seed-drive all --no-ioctl >innocent.drive'
if [ -e /proc/lockdep_stats ]; then
    grep debug_locks /proc/lockdep_stats >lockdep.before
    story lockdep watch --source auto --format json --graph lockdep.livedep -- \
        sh -c 'seed-drive all --legacy --second >lockdep.drive'
    grep debug_locks /proc/lockdep_stats >lockdep.after
    story perf watch --source perf --format json --graph perf.livedep -- \
        sh -c 'for step in touch "ioctl 1" "ioctl 4" "ioctl 5"; do seed-drive $step; done >perf.drive'
else
    story perf watch --source perf --format json --duration 1
fi
echo 0 >$cpu1
story seed watch --source functions --format json --graph seed.livedep -- sh -c 'seed-drive all --legacy --second >seed.drive'
story unfiltered watch --source functions --unfiltered --format json --graph unfiltered.livedep -- \
    sh -c 'seed-drive all --legacy --second >unfiltered.drive'
story text report seed.livedep
# A program that is preempted on a fully preemptible kernel makes the next one on that processor miss: each operation runs
# three times, so that a chance miss does not pass for a function that is not seen.
story hooks watch --source functions --format json --graph hooks.livedep -- \
    sh -c 'hook-drive >hooks.drive && hook-drive >hooks.again && hook-drive >hooks.again'
# The same through kprobes, where fentry and fexit cannot be had. These do not miss runs for a program that is preempted.
if [ ! -e /proc/lockdep_stats ]; then
    for kind in kprobe.multi kprobe; do
        story "hooks-$kind" watch --source functions --attach $kind --format json --graph "hooks-$kind.livedep" -- \
            sh -c "hook-drive >hooks-$kind.drive && seed-drive all --legacy --second"
    done
    story doctor-kprobe doctor --source functions --attach kprobe.multi --format json
    hooked >hooked.kprobes
    wc -l </sys/kernel/debug/kprobes/list >kprobes.after
fi
story verdicts watch --source functions --format json -- sh -c 'verdict-drive --hold 1200 >verdicts.drive'
if [ -e /proc/lockdep ]; then
    story tracepoints watch --source lockdep --format json -- sh -c 'verdict-drive --hold 1200 >tracepoints.drive'
fi
story comm watch --source functions --comm nobody-called --format json -- seed-drive touch
story missing watch --source functions -- no-such-command
story learn learn -o annotations --duration 2

# Four watches of the same work at once: with the filter and without, with a ring that is large and one that is not.
if [ -n "${FILTER_STORY:-}" ]; then
    watchers=
    for kind in filtered full filtered-small full-small; do
        set -- --ring 32768
        case $kind in *-small) set -- --ring 64 ;; esac
        case $kind in full*) set -- "$@" --unfiltered ;; esac
        : >same-$kind.err
        livedep watch --source functions --format json --graph same-$kind.livedep "$@" >same-$kind.out 2>same-$kind.err &
        watchers="$watchers $!"
    done
    for kind in filtered full filtered-small full-small; do
        until grep -q watching same-$kind.err; do sleep 0.2; done
    done
    sleep 1
    cut -d ' ' -f 1 /proc/uptime >same.began
    seed-drive all --legacy --second >/dev/null
    hook-drive >/dev/null
    sh /root/file-work.sh 2 >/dev/null 2>&1
    cut -d ' ' -f 1 /proc/uptime >same.ended
    # shellcheck disable=SC2086  # a list of numbers
    kill -INT $watchers
    # shellcheck disable=SC2086
    wait $watchers
fi

# Ctrl-C ends a watch with a summary.
: >interrupt.err
livedep watch --source functions --format json >interrupt.out 2>interrupt.err &
watcher=$!
until grep -q watching interrupt.err; do sleep 0.2; done
sleep 1
kill -INT $watcher
wait $watcher
echo $? >interrupt.status

# kill -9 leaves nothing behind.
: >killed.err
livedep watch --source functions >killed.out 2>killed.err &
watcher=$!
until grep -q watching killed.err; do sleep 0.2; done
hooked >hooked.during
kill -9 $watcher
wait $watcher
i=0
while [ "$(hooked)" != "$(cat hooked.before)" ] && [ $i -lt 150 ]; do
    sleep 0.2
    i=$((i + 1))
done
hooked >hooked.after

# Somebody who is not root.
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >/etc/passwd
su -s /bin/sh nobody -c 'livedep watch' >nobody.out 2>nobody.err
echo $? >nobody.status
su -s /bin/sh nobody -c 'livedep doctor' >nobody-doctor.out 2>&1
echo $? >nobody-doctor.status

# A kernel without BTF, as far as anybody can see.
mount -t tmpfs none /sys/kernel/btf
livedep watch --source functions >no-btf.out 2>no-btf.err
echo $? >no-btf.status
umount /sys/kernel/btf

dmesg >dmesg
cat /proc/sys/kernel/tainted >tainted
uname -r >release
tar cf /tmp/session.tar .
