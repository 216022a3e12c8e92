#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A few seconds of files, mounts, processes, pipes and sockets, with BusyBox alone.
set -eu
case ${1:-} in
    -h | --help)
        echo "Usage: file-work.sh [ROUNDS]    (2)"
        exit 0
        ;;
esac
rounds=${1:-2}
work=/tmp/file-work.$$
mkdir -p "$work"
while [ "$rounds" -gt 0 ]; do
    rounds=$((rounds - 1))
    mount -t tmpfs none "$work"
    mkdir -p "$work/a/b/c" "$work/d"
    cp /bin/busybox "$work/a/b/c/file"
    ln "$work/a/b/c/file" "$work/a/link"
    ln -s ../a "$work/d/symlink"
    mv "$work/a/b" "$work/d/moved"
    mv "$work/d/moved/c/file" "$work/a/file"
    cat "$work/a/file" | gzip -1 | gunzip | md5sum >/dev/null
    chmod 600 "$work/a/file"
    touch "$work/a/file"
    dd if=/dev/zero of="$work/disk" bs=64k count=64 2>/dev/null
    mkfifo "$work/fifo"
    echo line >"$work/fifo" &
    read -r _ <"$work/fifo"
    wait
    if mke2fs -F "$work/disk" >/dev/null 2>&1; then
        mkdir "$work/ext"
        if mount -t ext4 -o loop "$work/disk" "$work/ext" 2>/dev/null; then
            cp -r "$work/a" "$work/ext/"
            mv "$work/ext/a/file" "$work/ext/other"
            sync
            rm -r "$work/ext/a"
            mkdir "$work/upper" "$work/work" "$work/merged"
            if mount -t overlay none -o "lowerdir=$work/ext,upperdir=$work/upper,workdir=$work/work" "$work/merged"; then
                echo more >>"$work/merged/other"
                mkdir "$work/merged/new"
                mv "$work/merged/other" "$work/merged/new/"
                umount "$work/merged"
            fi
            umount "$work/ext"
        fi
    fi
    # Work for locks, and no check: files of /proc go while they are looked at, and the listener may have ended.
    find /proc/self /sys/kernel -maxdepth 2 >/dev/null 2>&1 || true
    nc -l -p 5000 </dev/null >/dev/null &
    sleep 1
    echo hello | nc -w 1 127.0.0.1 5000 >/dev/null 2>&1 || true
    kill %% 2>/dev/null || true
    if [ -w /sys/devices/system/cpu/cpu1/online ]; then
        echo 0 >/sys/devices/system/cpu/cpu1/online
        echo 1 >/sys/devices/system/cpu/cpu1/online
    fi
    umount "$work" || umount -l "$work"
done
rmdir "$work"
