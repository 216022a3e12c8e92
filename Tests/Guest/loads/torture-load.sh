#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The kernel's own torture test of its locks (kernel/locking/locktorture.c), one kind after the other.
set -eu

usage() {
    cat <<'EOT'
Usage: torture-load.sh [SECONDS] [KIND]...

Runs /root/locktorture.ko (torture.ko is loaded) for SECONDS (4) on each KIND, with three locks nested around mutexes and
rt_mutexes, and prints "KIND" and what the test said of itself at its end.

  mutex_lock  ww_mutex_lock  rtmutex_lock  rwsem_lock  percpu_rwsem_lock  spin_lock  rw_lock

Exit status: 0; 1 if a test did not end with SUCCESS; 64 for a usage error.
EOT
}

case ${1:-} in
    -h | --help) usage; exit 0 ;;
esac
seconds=${1:-4}
case $seconds in
    '' | *[!0-9]* | 0) usage >&2; exit 64 ;;
esac
[ $# -eq 0 ] || shift
status=0
for kind in ${*:-mutex_lock ww_mutex_lock rtmutex_lock rwsem_lock percpu_rwsem_lock spin_lock rw_lock}; do
    insmod /root/locktorture.ko torture_type="$kind" stat_interval=0 nwriters_stress=3 nreaders_stress=3 nested_locks=3
    sleep "$seconds"
    rmmod locktorture
    said=$(dmesg | grep -o "$kind-torture.*End of test: [A-Z_]*" | tail -n 1 | sed 's/.*End of test: //')
    echo "$kind ${said:-said nothing}"
    [ "$said" = SUCCESS ] || status=1
done
exit "$status"
