#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A file system in user space: bindfs over a tmpfs, with load-files on it.
set -eu

usage() {
    cat <<'EOT'
Usage: fuse-load.sh [SECONDS]

Mounts a tmpfs, bindfs over it, runs load-files on that for SECONDS (10), and prints "fuse rounds=N".

Exit status: 0; 1 if something failed; 64 for a usage error.
EOT
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
esac
seconds=${1:-10}
case $seconds in
    '' | *[!0-9]* | 0) usage >&2; exit 64 ;;
esac
work=/tmp/fuse-load.$$
mkdir -p "$work/below" "$work/mounted"
mount -t tmpfs fuse-load "$work/below"
bindfs "$work/below" "$work/mounted"
for _ in $(seq 1 50); do
    grep -q " $work/mounted fuse" /proc/mounts && break
    sleep 0.1
done
status=0
said=$(load-files "$seconds" "$work/mounted") || status=1
echo "fuse ${said#load-files }"
umount "$work/mounted" || status=1
umount "$work/below" || status=1
exit "$status"
