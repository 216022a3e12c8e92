/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Each task's list of held locks, as the lock_acquire and lock_release
 * tracepoints tell it, outermost first.
 *
 * Tracepoint programs run with preemption off, and interrupts are turned away
 * before they get here. So a program is interrupted by none that touches the
 * list, except by what its own helpers lock, which `busy` turns away: a run
 * that the kernel's recursion guard skips is no loss on this source.
 */
#ifndef LIVEDEP_LOCKDEP_LIST_H
#define LIVEDEP_LOCKDEP_LIST_H

#include "chain_cache.h"
#include "held_list.h"
#include "lockdep_types.h"
#include "task_filter.h"

struct lockdep_list {
	u32 seq;
	u32 missing;		/* locks held that did not fit in */
	u8 depth;
	bool ignored;		/* outside the filters, or livedep itself */
	bool old;		/* was there before tracing began */
	bool named;		/* its LD_TASK record was sent */
	bool waiting;		/* an attempt was sent whose end was not */
	bool arrived;		/* percpu_down_write() has returned */
	bool offline;		/* has run on a CPU that was not online, where tracepoints do not fire */
	u8 unused;
	u64 address;		/* see plain() */
	u64 entering;		/* the map of a percpu rwsem that percpu_down_write() is about to take */
	u64 downgraded;		/* a map whose record is to be sent */
	u64 chain[LD_MAX_LOCKDEP_HELD];	/* hash of the classes up to here */
	struct ld_held held[LD_MAX_LOCKDEP_HELD];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lockdep_list);
} lists SEC(".maps");

/* Processors on which a program runs. More of them share a flag: they may then miss events of each other. */
#define LD_BUSY_CPUS	4096
volatile u8 busy[LD_BUSY_CPUS];

static __always_inline volatile u8 *busy_here(void)
{
	return &busy[bpf_get_smp_processor_id() & (LD_BUSY_CPUS - 1)];
}

static __always_inline struct lockdep_list *list_of(struct task_struct *task, bool create)
{
	struct lockdep_list *t = bpf_task_storage_get(&lists, task, 0, 0);

	if (t)
		return t->ignored ? NULL : t;
	if (!create)
		return NULL;
	t = bpf_task_storage_get(&lists, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		count(LD_C_NO_STORAGE);
		return NULL;
	}
	t->old = task->start_time < ready_time;
	t->ignored = !is_followed(task, (const char *)task + bpf_core_field_offset(struct task_struct, comm));
	return t->ignored ? NULL : t;
}

/*
 * An argument of the tracepoint as a plain number: the verifier types it as a
 * pointer and forbids arithmetic, until it has been through memory.
 */
static __always_inline u64 plain(struct lockdep_list *t, u64 argument)
{
	volatile u64 *address = &t->address;

	*address = argument;
	return *address;
}

/* What decides which dependencies an entry makes. */
static __always_inline u64 class_word(const struct ld_held *h)
{
	return mix(h->origin.cache + h->origin.offset, (u64)h->origin.detail << 32 | h->mode << 8 |
		   (h->flags & (LD_F_TRYLOCK | LD_F_FAULT | LD_H_UNCHECKED)) | (h->context != 0) << 16);
}

static __always_inline u64 chain_below(const struct lockdep_list *t, u32 depth)
{
	barrier_var(depth);
	return depth > 0 && depth <= LD_MAX_LOCKDEP_HELD ? t->chain[depth - 1] : 0x9e3779b97f4a7c15ULL;
}

/*
 * From here on some functions are global: the verifier looks at each of them
 * once, for any argument. It does not know that they are never called with
 * NULL.
 */

/* The index of a held lock, innermost match first, or -1. */
__noinline int list_index(struct lockdep_list *t, u64 map)
{
	return t ? innermost(t->held, t->depth, LD_MAX_LOCKDEP_HELD, map) : -1;
}

/* Closes the gap at `index`. Source and target overlap: entries move down one by one. */
__noinline int list_remove(struct lockdep_list *t, u32 index)
{
	u64 hash;

	if (!t || index >= t->depth)
		return 0;
	t->depth--;
	if (index == t->depth)
		return 0;
	hash = chain_below(t, index);
	/* Counted from the gap, as remove_at() in task_locks.h. */
	for (u32 i = 0; i < LD_MAX_LOCKDEP_HELD; i++, index++) {
		barrier_var(index);
		if (index >= LD_MAX_LOCKDEP_HELD - 1 || index >= t->depth)
			break;
		t->held[index] = t->held[index + 1];
		hash = mix(hash, class_word(&t->held[index]));
		t->chain[index] = hash;
	}
	return 0;
}

/* Whether a lock of the new one's class and subclass is held: such nesting is told apart by its instances. */
__noinline int list_nests(struct lockdep_list *t, struct ld_held *new)
{
	if (!t || !new)
		return 0;
	for (u32 i = 0; i < LD_MAX_LOCKDEP_HELD && i < t->depth; i++)
		if (t->held[i].origin.cache == new->origin.cache && t->held[i].origin.offset == new->origin.offset &&
		    t->held[i].origin.detail == new->origin.detail)
			return 1;
	return 0;
}

static __always_inline void list_push(struct lockdep_list *t, const struct ld_held *new)
{
	u32 depth = t->depth;
	u64 hash;

	barrier_var(depth);
	if (depth >= LD_MAX_LOCKDEP_HELD) {
		t->missing++;
		count(LD_C_OVERFLOW);
		return;
	}
	hash = mix(chain_below(t, depth), class_word(new));
	t->held[depth] = *new;
	t->chain[depth] = hash;
	t->depth = depth + 1;
}

#endif /* LIVEDEP_LOCKDEP_LIST_H */
