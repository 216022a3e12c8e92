/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Each task's list of held locks, outermost first.
 *
 * It lives in task storage, as does the scratch record: trampolines disable
 * migration and not preemption, so per-CPU scratch could be written by two
 * tasks at once. Only the task itself touches its storage; interrupts are
 * turned away before they get here.
 */
#ifndef LIVEDEP_TASK_LOCKS_H
#define LIVEDEP_TASK_LOCKS_H

#include "lock_origin.h"

struct scratch {
	struct ld_record record;
	u8 tail[LD_MAX_HELD * sizeof(struct ld_held) + LD_MAX_STACK * 8 + LD_NAME_LEN];
};

struct task_locks {
	u32 seq;
	u32 missing;		/* locks held that did not fit into the list */
	u8 depth;
	bool ignored;		/* outside the filters, or livedep itself */
	bool old;		/* was there before tracing began */
	bool named;		/* its LD_TASK record was sent */
	bool waiting;		/* an attempt was sent whose end was not */
	u8 unused[3];
	struct ld_held held[LD_MAX_HELD];
	struct scratch scratch;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_locks);
} tasks SEC(".maps");

static __always_inline struct task_locks *task_locks(struct task_struct *task)
{
	struct task_locks *t = bpf_task_storage_get(&tasks, task, 0, 0);

	if (t)
		return t->ignored ? NULL : t;
	t = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		count(LD_C_NO_STORAGE);
		return NULL;
	}
	if ((u32)task->tgid == cfg_own_tgid) {
		t->ignored = true;
		return NULL;
	}
	t->old = task->start_time < ready_time;
	return t;
}

static __always_inline bool holds(struct task_locks *t, u64 lock)
{
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++)
		if (t->held[i].lock == lock)
			return true;
	return false;
}

static __always_inline void push(struct task_locks *t, u64 lock, u64 site, u64 context,
				 u8 type, u8 mode, u8 flags, u8 hook)
{
	u32 depth = t->depth;
	struct ld_held *h;

	if (depth >= LD_MAX_HELD) {
		t->missing++;
		count(LD_C_OVERFLOW);
		return;
	}
	h = &t->held[depth];
	h->lock = lock;
	h->site = site;
	h->context = context;
	h->origin.cache = 0;
	h->origin.offset = LD_NOT_LOOKED_UP;
	h->type = type;
	h->mode = mode;
	h->flags = flags;
	h->hook = hook;
	h->epoch = epoch;
	t->depth = depth + 1;
}

/* Closes the gap at `index`. Source and target overlap: entries move down one by one. */
static __always_inline void remove_at(struct task_locks *t, u32 index)
{
	for (u32 i = index; i + 1 < LD_MAX_HELD && i + 1 < t->depth; i++)
		t->held[i] = t->held[i + 1];
	t->depth--;
}

/* The index of a held lock, innermost match first, or -1. */
static __always_inline int held_index(struct task_locks *t, u64 lock)
{
	for (u32 i = 0; i < LD_MAX_HELD; i++) {
		u32 index = t->depth - 1 - i;

		if (index >= LD_MAX_HELD)
			break;
		if (t->held[index].lock == lock)
			return index;
	}
	return -1;
}

/*
 * Whether a lock on the list still belongs to the task, as far as the lock
 * itself says: a release that was missed, or done by somebody else, must not
 * turn into a dependency (DESIGN 3.3).
 */
static __always_inline bool still_held(struct ld_held *h, u64 task)
{
	u64 word = 0;

	switch (h->type) {
	case LD_MUTEX:
	case LD_WW_MUTEX:
		/* PREEMPT_RT's mutex has no owner word of its own. */
		if (!bpf_core_field_exists(struct mutex, owner))
			return true;
		bpf_probe_read_kernel(&word, sizeof(word), (void *)h->lock + bpf_core_field_offset(struct mutex, owner));
		return (word & ~7ULL) == task;
	case LD_RWSEM:
		if (!bpf_core_field_exists(struct rw_semaphore, owner))
			return true;
		if (h->mode == LD_WRITE) {
			bpf_probe_read_kernel(&word, sizeof(word),
					      (void *)h->lock + bpf_core_field_offset(struct rw_semaphore, owner));
			return (word & ~3ULL) == task;
		}
		/* Readers are counted from bit 8 up (kernel/locking/rwsem.c); somebody must be reading. */
		bpf_probe_read_kernel(&word, sizeof(word), (void *)h->lock + bpf_core_field_offset(struct rw_semaphore, count));
		if (!(word & 0x7fffffffffffff00ULL))
			return false;
		break;
	}
	/* What carries no owner rests on the list alone, so it must be from after the last miss. */
	return h->epoch == epoch;
}

static __always_inline bool drop_stale(struct task_locks *t, u64 task)
{
	bool dropped = false;

	for (u32 i = 0; i < LD_MAX_HELD; i++) {
		u32 index = LD_MAX_HELD - 1 - i;

		if (index >= t->depth)
			continue;
		if (still_held(&t->held[index], task))
			continue;
		remove_at(t, index);
		count(LD_C_STALE);
		dropped = true;
	}
	return dropped;
}

#endif /* LIVEDEP_TASK_LOCKS_H */
