/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A frozen file system stays locked for writing when freeze_super() returns to
 * user space, by design: whoever thaws it, often another task, lets go of it.
 * fs/super.c tells lockdep that the locks were released and are taken again
 * (lockdep_sb_freeze_release(), lockdep_sb_freeze_acquire()); what the task does
 * in between is not done under them.
 */
#ifndef LIVEDEP_FREEZE_H
#define LIVEDEP_FREEZE_H

#include "events.h"

/* SB_FREEZE_LEVELS of include/linux/fs/super_types.h. */
#define LD_FREEZE_LEVELS	3
#define LD_THAW_SLOTS		64

#define LD_READ_BY_OFFSET __attribute__((preserve_access_index))

struct percpu_rw_semaphore___freeze {
	unsigned int block;
} LD_READ_BY_OFFSET;

struct sb_writers___freeze {
	struct percpu_rw_semaphore___freeze rw_sem[LD_FREEZE_LEVELS];
} LD_READ_BY_OFFSET;

struct super_block___freeze {
	struct sb_writers___freeze s_writers;
} LD_READ_BY_OFFSET;

/* Tasks that are in thaw_super(). Two in one slot are one too many: a release is then counted as nobody's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_THAW_SLOTS);
	__type(key, u32);
	__type(value, u32);
} thawing SEC(".maps");

static __always_inline u32 *thaw_slot(u32 tid)
{
	u32 slot = tid & (LD_THAW_SLOTS - 1);

	return bpf_map_lookup_elem(&thawing, &slot);
}

static __always_inline bool is_thawing(void)
{
	u32 tid = bpf_get_current_task_btf()->pid;
	u32 *slot = thaw_slot(tid);

	return slot && *slot == tid;
}

static __always_inline int thaw(bool begins)
{
	u32 tid = bpf_get_current_task_btf()->pid;
	u32 *slot = thaw_slot(tid);

	if (slot && (begins || *slot == tid))
		*slot = begins ? tid : 0;
	return 0;
}

static __always_inline int frozen(void *ctx, u64 super_block)
{
	struct task_locks *t = task_locks(bpf_get_current_task_btf());
	u64 lock;

	if (!t)
		return 0;
	lock = plain(t, super_block) + bpf_core_field_offset(struct super_block___freeze, s_writers.rw_sem);
	for (int level = 0; level < LD_FREEZE_LEVELS; level++) {
		/* A freeze that failed has let go of them itself. */
		if (held_index(t, lock) >= 0)
			released(ctx, lock, LD_PERCPU_RWSEM, LD_WRITE, LD_HOOK_freeze_super, true);
		lock += bpf_core_type_size(struct percpu_rw_semaphore___freeze);
	}
	return 0;
}

#endif /* LIVEDEP_FREEZE_H */
