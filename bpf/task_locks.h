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

#include "held_list.h"
#include "lock_origin.h"
#include "task_filter.h"

struct scratch {
	struct ld_record record;
	u8 tail[LD_MAX_HELD * sizeof(struct ld_held) + LD_MAX_STACK * 8 + LD_NAME_LEN];
};

/* What an initialiser said of a lock. */
struct ld_init {
	u64 lock;
	u64 name;
	u64 site;
	struct ld_origin origin;
	u16 type;
	u16 proven;		/* that the task holds it */
	u32 hook;
};

/* Deeper lists than this are rare; more would not fit into a page with the rest. */
#define LD_PREFIXES	12

/* What the key of a chain takes from the first so many held locks: chain_filter.h. */
struct ld_prefix {
	u64 hash;
	u64 set;		/* of instances */
	u64 seen;		/* bits of kinds and instances */
};

struct task_locks {
	u32 seq;
	u32 missing;		/* locks held that did not fit into the list */
	u32 acquired;		/* acquisitions that are not counted yet */
	u32 unused_word;
	u8 depth;
	bool ignored;		/* outside the filters, or livedep itself */
	bool old;		/* was there before tracing began */
	bool named;		/* its LD_TASK record was sent */
	bool waiting;		/* an attempt was sent whose end was not */
	/* Of the chain whose key was made last: chain_filter.h. */
	bool nested;		/* the new lock is under another of its kind */
	bool fixed;		/* no lock of it is a slab object */
	u8 hashed;		/* the last ->prefix that is one of the list as it is */
	u64 chain;
	u64 set;		/* the chain with its instances */
	u64 address;		/* see plain() */
	u64 last_released;
	u64 ww_lock;		/* the ww mutex that a function is about to take, and */
	u64 ww_context;		/* under which context: contention does not tell */
	struct ld_init init;	/* see initialisations.h */
	/* One more than can be held: a lock is described in its place above the held ones before it is known to stay. */
	struct ld_held held[LD_MAX_HELD + 1];
	struct ld_prefix prefix[LD_PREFIXES + 1];
	struct scratch scratch;
};

/* With the kernel's 72 bytes in front of it, what a new task's first lock has to have allocated and zeroed. */
_Static_assert(sizeof(struct task_locks) + 72 <= 4096, "a task's storage is one page");

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
	t->old = task->start_time < ready_time;
	t->ignored = !is_followed(task, (const char *)task + bpf_core_field_offset(struct task_struct, comm));
	return t->ignored ? NULL : t;
}

/* Adds the task's acquisitions to the count: now and then, as finding the processor's counters is a call. */
static __always_inline void count_acquired(struct task_locks *t)
{
	u32 cpu = bpf_get_smp_processor_id() & (LD_COUNTER_CPUS - 1);

	counters[cpu].value[LD_C_ACQUIRED] += t->acquired;
	t->acquired = 0;
}

/*
 * An argument of the traced function as a plain number: the verifier types it
 * as a pointer and forbids arithmetic, until it has been through memory.
 */
static __always_inline u64 plain(struct task_locks *t, u64 argument)
{
	volatile u64 *address = &t->address;

	*address = argument;
	return *address;
}

/*
 * The place above the held locks, where a lock that is being taken is
 * described. It is not on the list until push(), which only counts it in.
 */
static __always_inline struct ld_held *above(struct task_locks *t)
{
	u32 depth = t->depth;

	/* One register for the test and the index, which the verifier would not connect. */
	barrier_var(depth);
	if (depth > LD_MAX_HELD)
		depth = LD_MAX_HELD;
	barrier_var(depth);
	return &t->held[depth];
}

/* The lock's argument may be a pointer to the verifier: in the list's memory it becomes a number. */
static __always_inline void describe(struct ld_held *h, u64 lock, u64 site, u64 context, u8 type, u8 mode, u8 flags,
				     u8 hook)
{
	h->lock = lock;
	h->site = site;
	h->context = context;
	h->origin.offset = LD_NOT_LOOKED_UP;
	h->type = type;
	h->mode = mode;
	h->flags = flags;
	h->hook = hook;
	h->epoch = epoch;
}

/* The held lock at `index` is another now, or is another way held. */
static __always_inline void forget_prefixes(struct task_locks *t, u32 index)
{
	if (t->hashed > index)
		t->hashed = index;
}

static __always_inline void push(struct task_locks *t)
{
	if (t->depth >= LD_MAX_HELD) {
		t->missing++;
		count(LD_C_OVERFLOW);
		return;
	}
	forget_prefixes(t, t->depth);
	t->depth++;
}

/*
 * From here on some functions are global: the verifier looks at each of them
 * once, for any argument, instead of once for every path that leads to a call.
 * It does not know that they are never called with NULL.
 */

/* Closes the gap at `index`. Source and target overlap: entries move down one by one. */
__noinline int remove_at(struct task_locks *t, u32 index)
{
	if (!t)
		return 0;
	forget_prefixes(t, index);
	/* Counted from the gap: from 0, the verifier would follow each place where the gap could be. */
	for (u32 i = 0; i < LD_MAX_HELD; i++, index++) {
		barrier_var(index);
		if (index >= LD_MAX_HELD || index + 1 >= t->depth)
			break;
		t->held[index] = t->held[index + 1];
	}
	t->depth--;
	return 0;
}

/* The index of a held lock, innermost match first, or -1. */
__noinline int held_index(struct task_locks *t, u64 lock)
{
	return t ? innermost(t->held, t->depth, LD_MAX_HELD, lock) : -1;
}

/*
 * Whether a lock on the list still belongs to the task, as far as the lock
 * itself says: a release that was missed, or done by somebody else, must not
 * turn into a dependency (DESIGN 3.3).
 */
static __always_inline u64 mutex_owner(u64 lock)
{
	if (bpf_core_field_exists(struct mutex, owner))
		return kernel_word(lock + bpf_core_field_offset(struct mutex, owner)) & ~7ULL;
	return kernel_word(lock + bpf_core_field_offset(struct mutex___rt, rtmutex.owner)) & ~1ULL;
}

static __always_inline u64 writer(u64 lock)
{
	if (bpf_core_field_exists(struct rw_semaphore, owner))
		return kernel_word(lock + bpf_core_field_offset(struct rw_semaphore, owner)) & ~3ULL;
	return kernel_word(lock + bpf_core_field_offset(struct rw_semaphore___rt, rwbase.rtmutex.owner)) & ~1ULL;
}

/* Whether anybody reads: kernel/locking/rwsem.c counts readers from bit 8 up, rwbase_rt.c below its bias. */
static __always_inline bool has_readers(u64 lock)
{
	if (bpf_core_field_exists(struct rw_semaphore, owner))
		return kernel_word(lock + bpf_core_field_offset(struct rw_semaphore, count)) & 0x7fffffffffffff00ULL;
	return kernel_word(lock + bpf_core_field_offset(struct rw_semaphore___rt, rwbase.readers)) & 0x3fffffffULL;
}

static __always_inline bool still_held(struct ld_held *h, u64 task)
{
	switch (h->type) {
	case LD_MUTEX:
	case LD_WW_MUTEX:
		return mutex_owner(h->lock) == task;
	case LD_RT_MUTEX:
		return (kernel_word(h->lock + bpf_core_field_offset(struct rt_mutex, rtmutex.owner)) & ~1ULL) == task;
	case LD_RWSEM:
		if (h->mode == LD_WRITE)
			return writer(h->lock) == task;
		if (!has_readers(h->lock))
			return false;
		break;
	}
	/* What carries no owner rests on the list alone, so it must be from after the last miss. */
	return h->epoch == epoch;
}

/* Whether a lock's owner can be read at all. */
static __always_inline bool has_owner(u8 type, u8 mode)
{
	return type != LD_PERCPU_RWSEM && (type != LD_RWSEM || mode == LD_WRITE);
}

struct stale_walk {
	struct task_locks *t;
	u64 task;
	u64 obtained;
	u8 mode;
	int dropped;
};

/* Who just obtained a lock that only one may have did not have it: its release was missed. */
static __always_inline bool is_taken_anew(struct stale_walk *walk, struct ld_held *h)
{
	return h->lock == walk->obtained && (h->mode == LD_WRITE || walk->mode == LD_WRITE);
}

static long drop_if_stale(u32 i, void *context)
{
	struct stale_walk *walk = context;
	struct task_locks *t = walk->t;
	u32 index = LD_MAX_HELD - 1 - i;

	if (index >= LD_MAX_HELD || index >= t->depth)
		return 0;
	if (still_held(&t->held[index], walk->task) && !is_taken_anew(walk, &t->held[index]))
		return 0;
	remove_at(t, index);
	count(LD_C_STALE);
	walk->dropped++;
	return 0;
}

/*
 * Takes locks that are not the task's any more off its list; returns how many.
 * From the top down: removing one does not move those still to be looked at.
 * `obtained`: the lock described above the list has been obtained, not only
 * asked for.
 */
static __always_inline int drop_stale(struct task_locks *t, u64 task, bool obtained)
{
	struct stale_walk walk = { .t = t, .task = task };
	struct ld_held *described = above(t);

	if (obtained) {
		walk.obtained = described->lock;
		walk.mode = described->mode;
	}

	bpf_loop(LD_MAX_HELD, drop_if_stale, &walk, 0);
	/* What is described above the list comes down with it. */
	if (walk.dropped)
		*above(t) = *described;
	return walk.dropped;
}

#endif /* LIVEDEP_TASK_LOCKS_H */
