// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programs that do nothing, on the functions that livedep hooks and in the same
 * way: fentry on releases, fexit on acquisitions. What they cost is the floor.
 */
#include "../kernel_types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(kind, function)		\
SEC(#kind "/" #function)		\
int e_##function(u64 *ctx)		\
{					\
	return 0;			\
}

EMPTY(fentry, mutex_unlock)
EMPTY(fentry, up_read)
EMPTY(fentry, up_write)
EMPTY(fentry, downgrade_write)
EMPTY(fentry, percpu_up_write)
EMPTY(fentry, ww_mutex_unlock)
EMPTY(fentry, rt_mutex_unlock)
EMPTY(fentry, cpus_read_unlock)
EMPTY(fentry, __mutex_init)
EMPTY(fentry, __init_rwsem)
EMPTY(fexit, mutex_lock)
EMPTY(fexit, mutex_lock_interruptible)
EMPTY(fexit, mutex_lock_killable)
EMPTY(fexit, mutex_trylock)
EMPTY(fexit, down_read)
EMPTY(fexit, down_read_interruptible)
EMPTY(fexit, down_read_killable)
EMPTY(fexit, down_read_trylock)
EMPTY(fexit, down_write)
EMPTY(fexit, down_write_killable)
EMPTY(fexit, down_write_trylock)
EMPTY(fexit, percpu_down_write)
EMPTY(fexit, cpus_read_lock)
EMPTY(fexit, ww_mutex_lock)
EMPTY(fexit, rt_mutex_lock)
