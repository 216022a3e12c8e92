#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the mixed load (Tests/Guest/loads) for twice SECONDS under livedep, which records every acquisition: how are the locks
# named, what is found, what is missed; then a file system of user space under a watch. Leaves /tmp/session.tar. Runs under
# BusyBox.
set -u
mkdir -p /tmp/session
cd /tmp/session || exit 1

# The consumer before everybody else, the load behind everybody else: the load then waits where livedep has to catch up, and
# nothing is lost even on processors that are emulated. In two halves, so that each part gets round in the time there is.
renice -n -20 -p $$ >/dev/null
# shellcheck disable=SC2016  # for the inner shell
livedep watch --source functions --unfiltered --format json --graph mixed.livedep -- sh -c '
    renice -n 39 -p $$ >/dev/null
    mixed-load.sh "$0" tree mounts hotplug modules >mixed.load 2>&1 || echo failed >>mixed.load
    mixed-load.sh "$0" processes memory pipes sockets tmpfs ext4 overlay overlay-ext4 >>mixed.load 2>&1 ||
        echo failed >>mixed.load
    # A frozen file system stays locked when its freezer has ended; another task thaws it.
    dd if=/dev/zero of=/tmp/frozen.image bs=1048576 count=16 2>/dev/null
    mkdir /tmp/frozen
    # BusyBox runs its own where no path is given.
    { /bin/mke2fs -q -F -t ext4 /tmp/frozen.image && mount -t ext4 -o loop /tmp/frozen.image /tmp/frozen &&
        fsfreeze --freeze /tmp/frozen && fsfreeze --unfreeze /tmp/frozen && umount /tmp/frozen &&
        echo "freeze rounds=1"; } >>mixed.load 2>&1 || echo failed >>mixed.load
    # A module that comes during the watch; without its ioctl nothing is wrong with it.
    insmod /root/modules/livedep_seed.ko && seed-drive all --no-ioctl >mixed.seed 2>&1 || echo failed >>mixed.load
' "${1:-10}" >mixed.out 2>mixed.err
echo $? >mixed.status
# Inodes by the thousand, of a file system that is told apart by its container only.
livedep watch --source functions --format json --graph fuse.livedep -- sh -c 'fuse-load.sh 8 >fuse.load 2>&1' \
    >fuse.out 2>fuse.err
echo $? >fuse.status
[ ! -r /proc/lockdep ] || cat /proc/lockdep >lockdep
dmesg >dmesg
tar cf /tmp/session.tar .
