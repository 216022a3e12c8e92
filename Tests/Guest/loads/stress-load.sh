#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian's stress-ng in a BusyBox guest, bounded in time and operations: a load that nobody wrote for us.
set -eu

usage() {
    cat <<'EOT'
Usage: stress-load.sh [--time SECONDS] [--ops N] [--at-once N] [--folder FOLDER] [GROUP]...

Runs the stressors of each GROUP (all if none is named), one worker each, --at-once (6) of them at the same time for at most
--time (4) seconds and --ops (200) operations, and prints "GROUP stressors=N skipped=N seconds=S status=S" as each group ends.

  filesystem   file and folder stressors in FOLDER          pipe         pipe, splice, tee, vmsplice, sendfile
  memory       mappings, faults, reclaim                     cpu-hotplug  CPUs offline and online
  scheduler    processes, threads, futexes, signals          perf         some of all, counted by perf events

FOLDER is a new ext4 file system on a loop device if the guest can have one (if it has /bin/mke2fs and the modules), else /tmp.
Copy stress-ng in with `scripts/vm --file "$(command -v stress-ng)"`; 1024 MB of memory suffice. A stressor that the guest
cannot run is left out by stress-ng itself. Exit status: 0; 1 if a stressor failed; 64 for a usage error.
EOT
}

time=4 ops=200 at_once=6 folder=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --time | --ops | --at-once | --folder)
            [ $# -ge 2 ] || { usage >&2; exit 64; }
            case $1 in
                --time) time=$2 ;;
                --ops) ops=$2 ;;
                --at-once) at_once=$2 ;;
                --folder) folder=$2 ;;
            esac
            shift 2
            ;;
        -*) usage >&2; exit 64 ;;
        *) break ;;
    esac
done
case $time$ops$at_once in
    *[!0-9]*) echo "stress-load.sh: --time, --ops and --at-once want numbers (see --help)" >&2; exit 64 ;;
esac
command -v stress-ng >/dev/null || { echo "stress-load.sh: there is no stress-ng here (see --help)" >&2; exit 64; }

# Left out: what root may not run, what fills or poisons (madvise) the guest's memory, needs a network or a disk, or talks to
# hardware.
stressors_of() {
    case $1 in
        filesystem)
            echo access chattr chdir chmod chown dentry dir dirdeep dup fallocate fcntl fiemap file-ioctl filename \
                flock fpunch fstat getdent handle hdd inode-flags inotify io iomix link locka lockf lockofd mknod open rename \
                symlink touch utime xattr
            ;;
        memory)
            echo brk memfd mincore mlock mmap mmapaddr mmapfork mprotect mremap msync munmap pagemove remap rmap shm \
                stackmmap tlb-shootdown tmpfs userfaultfd vm vm-addr vm-rw vm-segv
            ;;
        scheduler)
            echo affinity clone daemon dnotify eventfd exit-group fault fork futex hrtimers kill mmapfork mq msg mutex \
                nanosleep nice poll pthread race-sched schedpolicy sem session sleep switch vfork wait yield zombie
            ;;
        pipe) echo fifo pipe pipeherd ring-pipe sendfile splice tee vm-splice ;;
        cpu-hotplug) echo cpu-online ;;
        perf) echo dentry fork futex mmap pipe switch ;;
        *) return 1 ;;
    esac
}

groups=${*:-filesystem memory scheduler pipe cpu-hotplug perf}
for group in $groups; do
    stressors_of "$group" >/dev/null || { echo "stress-load.sh: there is no group '$group' (see --help)" >&2; exit 64; }
done

log=/tmp/stress-load.$$
image=/tmp/stress-load.image
if [ -z "$folder" ]; then
    folder=/tmp
    if grep -qw ext4 /proc/filesystems && [ -e /dev/loop0 ] && [ -e /bin/mke2fs ]; then
        dd if=/dev/zero of="$image" bs=1048576 count=96 2>/dev/null
        if /bin/mke2fs -V 2>&1 | grep -q 'mke2fs 1'; then
            /bin/mke2fs -q -F -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$image"
        else
            /bin/mke2fs -F "$image" >/dev/null 2>&1
        fi
        folder=/tmp/stress-load.ext4
        mkdir -p "$folder"
        mount -t ext4 -o loop "$image" "$folder"
    fi
fi
worst=0
for group in $groups; do
    began=$(date +%s)
    count=0 failed=0 skipped=0
    # shellcheck disable=SC2046
    set -- $(stressors_of "$group")
    while [ $# -gt 0 ]; do
        arguments= taken=0
        while [ $# -gt 0 ] && [ "$taken" -lt "$at_once" ]; do
            arguments="$arguments --$1 1 --$1-ops $ops"
            taken=$((taken + 1))
            shift
        done
        count=$((count + taken))
        case $group in
            perf) arguments="$arguments --perf" ;;
            # It says that it may hang the machine, and is not run otherwise: the machine is a guest.
            cpu-hotplug) arguments="$arguments --pathological" ;;
        esac
        # Sizes for a guest of a gigabyte, half of it the file system.
        status=0
        # shellcheck disable=SC2086
        stress-ng $arguments --timeout "${time}s" --temp-path "$folder" --oomable --no-rand-seed --hdd-bytes 4m --iomix-bytes 4m \
            --fallocate-bytes 4m --vm-bytes 16m --mmap-bytes 16m --mremap-bytes 8m --msync-bytes 8m \
            --memfd-bytes 16m --shm-bytes 2m --mmapfork-ops 3 --fork-ops 100 \
            >"$log" 2>&1 || status=$?
        # Of several workers that leave the same out, each says so.
        skipped=$((skipped + $(grep -icE 'skipp(ed|ing)' "$log" || true)))
        # 3: not implemented here, 4: no resources; the others have run.
        case $status in
            0 | 3 | 4) ;;
            *)
                failed=$status
                echo "stress-load.sh: stress-ng$arguments: status $status" >&2
                grep -E 'fail|error' "$log" >&2 || tail -n 3 "$log" >&2
                ;;
        esac
    done
    echo "$group stressors=$((count - skipped)) skipped=$skipped seconds=$(($(date +%s) - began)) status=$failed"
    [ "$failed" -eq 0 ] || worst=1
done
if [ "$folder" = /tmp/stress-load.ext4 ]; then
    umount "$folder"
fi
rm -f "$log" "$image"
exit "$worst"
