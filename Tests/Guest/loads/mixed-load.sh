#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A bit of everything that takes sleeping locks, for a BusyBox guest: files on tmpfs, ext4 and an overlay of both, mounts,
# processes, memory, pipes, sockets, CPU hotplug, modules. All at once, for a given time.
set -eu

usage() {
    cat <<'EOT'
Usage: mixed-load.sh [SECONDS] [PART]...

Runs the parts (all if none is named) at the same time for SECONDS (20), and prints "PART rounds=N", or
"PART skipped: REASON" where the guest lacks something, as each ends.

  tree       walk, copy, move and remove file trees          mounts     mount and umount tmpfs, ext4 on loop, overlay
  tmpfs      load-files on a tmpfs                           processes  shells, pipelines, background jobs
  ext4       load-files on ext4, on a loop device            pipes      load-pipes
  overlay    load-files on an overlay, tmpfs over ext4       sockets    load-sockets
  overlay-ext4   likewise, ext4 over tmpfs                   memory     load-memory
  hotplug    CPU 1 offline and online
  modules    load and unload each *.ko of /root/modules

Needs load-files, load-pipes, load-sockets and load-memory in PATH; ext4 and overlay need the modules of a kernel that does
not have them built in. Exit status: 0; 1 if a part failed; 64 for a usage error.
EOT
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
esac
seconds=20
if [ $# -gt 0 ]; then
    seconds=$1
    shift
fi
case $seconds in
    '' | *[!0-9]* | 0) usage >&2; exit 64 ;;
esac
parts=${*:-tree tmpfs ext4 overlay overlay-ext4 mounts processes pipes sockets memory hotplug modules}
work=/tmp/mixed-load.$$
end=$(($(date +%s) + seconds))

goes_on() {
    [ "$(date +%s)" -lt "$end" ]
}

skip() {
    echo "$part skipped: $*"
    exit 0
}

report() {
    echo "$part rounds=$1"
    [ "$1" -gt 0 ]
}

# Says what the time left is for: the programs count it from their own start.
time_left() {
    left=$((end - $(date +%s)))
    [ "$left" -gt 0 ] || left=1
    echo "$left"
}

run_program() {
    name=$1
    command -v "$name" >/dev/null || skip "there is no $name"
    shift
    result=$("$name" "$(time_left)" "$@") || { echo "$part: $name failed" >&2; return 1; }
    echo "$part ${result#* }"
}

has_filesystem() {
    grep -qw "$1" /proc/filesystems
}

# Makes an ext4 image: with a journal if mke2fs is e2fsprogs', without if it is BusyBox's.
make_image() {
    dd if=/dev/zero of="$1" bs=1024 count=16384 2>/dev/null
    if /bin/mke2fs -V 2>&1 | grep -q 'mke2fs 1'; then
        /bin/mke2fs -q -F -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$1"
    else
        /bin/mke2fs -F "$1" >/dev/null 2>&1
    fi
}

part_tree() {
    rounds=0
    mkdir -p "$work/tree"
    while goes_on; do
        for name in a a/b a/b/c d; do
            mkdir -p "$work/tree/$name"
            echo "$rounds" >"$work/tree/$name/file"
        done
        cp -r "$work/tree/a" "$work/tree/e"
        find "$work/tree" -type f -exec cat {} + >/dev/null
        mv "$work/tree/a/b" "$work/tree/d/b"
        mv "$work/tree/d/b/file" "$work/tree/a/file2"
        mv "$work/tree/e" "$work/tree/d/"
        ln -s a "$work/tree/link"
        chmod -R u+w "$work/tree"
        sync -f "$work/tree/d/file" 2>/dev/null || sync
        rm -r "$work/tree"
        # Work for locks, and no check: files of /proc go while they are looked at.
        find /proc/self /proc/sys -type f -maxdepth 3 >/dev/null 2>&1 || true
        find /sys/kernel -maxdepth 2 >/dev/null 2>&1 || true
        rounds=$((rounds + 1))
    done
    report "$rounds"
}

part_tmpfs() {
    mkdir -p "$work/tmpfs"
    mount -t tmpfs mixed-load "$work/tmpfs"
    run_program load-files "$work/tmpfs"
    umount "$work/tmpfs"
}

part_ext4() {
    has_filesystem ext4 || skip "the kernel has no ext4"
    [ -e /dev/loop0 ] || skip "the kernel has no loop device"
    mkdir -p "$work/ext4"
    make_image "$work/image"
    mount -t ext4 -o loop "$work/image" "$work/ext4"
    run_program load-files "$work/ext4"
    umount "$work/ext4"
}

# Mounts what a layer lies on: ext4 on a loop device, or else a tmpfs. The initramfs cannot be an upper layer.
mount_layer() {
    mkdir -p "$2"
    if [ "$1" = ext4 ] && has_filesystem ext4 && [ -e /dev/loop0 ]; then
        make_image "$2.image"
        mount -t ext4 -o loop "$2.image" "$2"
    else
        mount -t tmpfs mixed-load "$2"
    fi
}

# The upper layer's file system, then the lower's.
run_overlay() {
    has_filesystem overlay || skip "the kernel has no overlayfs"
    base=$work/$part
    mkdir -p "$base/merged"
    mount_layer "$1" "$base/upper"
    mount_layer "$2" "$base/lower"
    mkdir "$base/upper/upper" "$base/upper/work" "$base/lower/a" "$base/lower/b"
    for number in 0 1 2 3 4 5 6 7; do
        echo "$number" >"$base/lower/a/file-$number"
        echo "$number" >"$base/lower/b/contents-$number"
    done
    mount -t overlay -o "lowerdir=$base/lower,upperdir=$base/upper/upper,workdir=$base/upper/work" mixed-load "$base/merged"
    run_program load-files "$base/merged"
    umount "$base/merged" "$base/upper" "$base/lower"
}

part_overlay() { run_overlay tmpfs ext4; }
part_overlay_ext4() { run_overlay ext4 tmpfs; }

part_mounts() {
    rounds=0
    mkdir -p "$work/mounts/a" "$work/mounts/b" "$work/mounts/c"
    image=
    if has_filesystem ext4 && [ -e /dev/loop0 ]; then
        image=$work/mounts/image
        make_image "$image"
    fi
    while goes_on; do
        mount -t tmpfs mixed-load "$work/mounts/a"
        mkdir "$work/mounts/a/upper" "$work/mounts/a/work"
        if [ -n "$image" ]; then
            mount -t ext4 -o loop "$image" "$work/mounts/b"
            echo "$rounds" >"$work/mounts/b/file"
            mount -o remount,ro "$work/mounts/b"
            umount "$work/mounts/b"
        fi
        if has_filesystem overlay; then
            mount -t overlay -o "lowerdir=/etc,upperdir=$work/mounts/a/upper,workdir=$work/mounts/a/work" \
                mixed-load "$work/mounts/c"
            echo "$rounds" >>"$work/mounts/c/passwd"
            umount "$work/mounts/c"
        fi
        mount --bind "$work/mounts/a" "$work/mounts/c"
        umount "$work/mounts/c"
        unshare -m mount -t tmpfs inner "$work/mounts/c"
        umount "$work/mounts/a"
        rounds=$((rounds + 1))
    done
    report "$rounds"
}

part_processes() {
    rounds=0
    while goes_on; do
        seq 100 | sort -r | head -n 3 | cat >/dev/null
        /bin/busybox true
        sleep 100 &
        kill $!
        # Its status is that it was killed.
        wait $! 2>/dev/null || true
        (ulimit -n 32; exec /bin/busybox ls /proc/self/fd >/dev/null)
        env -i /bin/busybox sh -c 'echo "$$" >/dev/null'
        ps >/dev/null
        rounds=$((rounds + 1))
    done
    report "$rounds"
}

part_pipes() { run_program load-pipes; }
part_sockets() { run_program load-sockets; }
part_memory() { run_program load-memory; }

part_hotplug() {
    online=/sys/devices/system/cpu/cpu1/online
    [ -e "$online" ] || skip "there is no CPU 1 that can be taken away"
    rounds=0
    while goes_on; do
        echo 0 >"$online"
        sleep 1
        echo 1 >"$online"
        rounds=$((rounds + 1))
        goes_on && sleep 2
    done
    report "$rounds"
}

part_modules() {
    set -- /root/modules/*.ko
    [ -e "$1" ] || skip "there is no module in /root/modules"
    rounds=0
    while goes_on; do
        for module; do
            insmod "$module"
            name=${module##*/}
            rmmod "$(echo "${name%.ko}" | tr - _)"
        done
        rounds=$((rounds + 1))
        sleep 1
    done
    report "$rounds"
}

for part in $parts; do
    case $part in
        tree | tmpfs | ext4 | overlay | overlay-ext4 | mounts | processes | pipes | sockets | memory | hotplug | modules) ;;
        *) echo "mixed-load.sh: there is no part '$part' (see --help)" >&2; exit 64 ;;
    esac
done
mkdir -p "$work"
pids=
for part in $parts; do
    (set -e; "part_$(echo "$part" | tr - _)") &
    pids="$pids $!:$part"
done
status=0
for entry in $pids; do
    wait "${entry%%:*}" || { echo "mixed-load.sh: ${entry#*:} failed" >&2; status=1; }
done
rm -rf "$work"
exit "$status"
