/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What each kind of event does to the task's list, and which records it makes. */
#ifndef LIVEDEP_EVENTS_H
#define LIVEDEP_EVENTS_H

#include "context.h"
#include "send_chain.h"

static __always_inline u8 lock_flags(struct task_struct *task, u64 lock, u64 site, u8 type, bool trylock)
{
	u8 flags = trylock ? LD_F_TRYLOCK : 0;

	if (type == LD_RWSEM && lock == own_mmap_lock(task)) {
		flags |= LD_F_MMAP_LOCK;
		if (trylock && from_fault_path(site))
			flags |= LD_F_FAULT;
	}
	return flags;
}

/*
 * Sends what is described above the held locks, unless user space would learn
 * nothing from it. Stale locks are looked for only on the way out: they cost a
 * read of each lock, and a chain that was sent had none.
 */
static __always_inline void under_locks(void *ctx, struct task_locks *t, struct task_struct *task, enum ld_kind kind)
{
	u32 tid = task->pid;
	u64 key = chain_key(t);
	u32 news = 0;

	if (!is_settled(t, key, tid)) {
		news = chain_news(t, tid);
		if (news & ~LD_NEWS_UNSENT && drop_stale(t, (u64)task, (kind == LD_ACQUIRE || kind == LD_TRY) && !t->waiting)) {
			if (kind == LD_MAY && !t->depth)
				return;
			chain_key(t);
			news = chain_news(t, tid);
		}
	}
	if (!(news & ~LD_NEWS_UNSENT) && !cfg_unfiltered && !t->waiting) {
		count(news ? LD_C_UNSENT_PAIRS : LD_C_FILTERED);
		return;
	}
	if (send_chain(ctx, t, task, kind, news & LD_NEWS_CHAIN ? LD_F_NEW_CHAIN : 0,
		       news & (LD_NEWS_CHAIN | LD_NEWS_PAIR)))
		chain_sent(t, tid);
}

static __always_inline int acquired(void *ctx, u64 lock, u64 site, u64 context, u8 type, u8 mode, bool trylock, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	u32 top;

	t = task_locks(task);
	if (!t)
		return 0;
	if (++t->acquired >= 16)
		count_acquired(t);
	t->last_released = 0;
	t->ww_lock = 0;
	/*
	 * One acquisition, two hooks: ww_mutex_trylock() may go through
	 * mutex_trylock(), and compilers fold functions of one body. Nobody gets
	 * an exclusive lock twice, but who waits for a mutex of its own and is woken:
	 * __mutex_trylock_common() takes the wish to have it handed over for success.
	 */
	top = t->depth - 1;
	if (mode == LD_WRITE && top < LD_MAX_HELD && t->held[top].lock == lock && !t->waiting)
		return 0;
	describe(above(t), lock, site, context, type, mode, lock_flags(task, lock, site, type, trylock), hook);
	/* A ww context counts as held: user space puts it under the lock that names it. */
	if (t->depth || context || cfg_unfiltered || t->waiting) {
		if (t->depth || context)
			under_locks(ctx, t, task, trylock ? LD_TRY : LD_ACQUIRE);
		else
			send_chain(ctx, t, task, trylock ? LD_TRY : LD_ACQUIRE, 0, false);
		t->waiting = false;
	}
	push(t);
	return 0;
}

/* An attempt that ended without the lock: of interest only if its beginning was sent. */
static __always_inline int failed(void *ctx, u64 lock, u8 type, u8 mode, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	struct ld_record *r;
	u64 context;

	if (!t)
		return 0;
	context = t->ww_lock ? t->ww_context : 0;
	t->ww_lock = 0;
	if (!t->waiting)
		return 0;
	lock = plain(t, lock);
	t->waiting = false;
	r = start_record(t, task, LD_FAIL, hook);
	r->type = type;
	r->mode = mode;
	r->lock = lock;
	r->aux = context;
	put(t, sizeof(*r));
	return 0;
}

/* A ww mutex is about to be taken. What it looks like once it is waited for is a mutex, under no context. */
static __always_inline int taking_ww(u64 lock, u64 context)
{
	struct task_locks *t = task_locks(bpf_get_current_task_btf());

	if (!t)
		return 0;
	t->ww_context = plain(t, context);
	t->ww_lock = plain(t, lock);
	return 0;
}

/* A blocking acquisition begins to wait. With nothing held it can be part of no circle. */
static __always_inline int attempting(void *ctx, u64 lock, u64 site, u8 type, u8 mode, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	u64 context = 0;

	if (!t || !t->depth)
		return 0;
	drop_stale(t, (u64)task, false);
	if (!t->depth)
		return 0;
	lock = plain(t, lock);
	if (type == LD_MUTEX && lock == t->ww_lock) {
		type = LD_WW_MUTEX;
		context = t->ww_context;
	}
	describe(above(t), lock, site, context, type, mode, lock_flags(task, lock, site, type, false), hook);
	if (send_chain(ctx, t, task, LD_ATTEMPT, 0, true))
		t->waiting = true;
	return 0;
}

/*
 * The release of a lock that is not the innermost one of its task, or none of
 * its locks. Returns the lock's index, or -1, or -2 for a release to be passed
 * over.
 */
static __always_inline int released_index(struct task_locks *t, u64 lock, u8 mode, u8 hook)
{
	int index;

	/* Of readers an interrupt may release what the task below it holds too: those were turned away at once. */
	if (mode == LD_WRITE && in_interrupt()) {
		count(LD_C_INTERRUPT);
		return -2;
	}
	lock = plain(t, lock);
	index = held_index(t, lock);
	if (index >= 0)
		return index;
	if (t->missing) {
		t->missing--;
		return -2;
	}
	/* PREEMPT_RT's mutex_unlock() and rt_mutex_unlock() are one body, which the compiler folds. */
	if (hook == LD_HOOK_rt_mutex_unlock && lock == t->last_released)
		return -2;
	/* A debug kernel gives a ww mutex back inside of ww_mutex_lock() to try out -EDEADLK (ww_mutex_deadlock_injection()). */
	if (lock == t->ww_lock)
		return -2;
	count(LD_C_UNMATCHED);
	return -1;
}

/*
 * Says that a lock is released whose owner is not the task. No list is needed
 * for that: who holds it is its owner all the time.
 */
static __always_inline bool sent_foreign_release(void *ctx, struct task_locks *t, struct task_struct *task, u64 lock,
						 u8 type, u8 mode, u8 hook)
{
	if (!has_owner(type, mode))
		return false;
	drop_stale(t, (u64)task, false);
	describe(above(t), lock, 0, 0, type, mode, 0, hook);
	if (still_held(above(t), (u64)task))
		return false;
	send_chain(ctx, t, task, LD_RELEASE, LD_F_UNMATCHED | LD_F_PROVEN, true);
	return true;
}

static __always_inline int released(void *ctx, u64 lock, u8 type, u8 mode, u8 hook, bool non_owner)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	struct ld_record *r;
	bool innermost;
	int index;

	if (!t)
		return 0;
	index = t->depth - 1;
	innermost = (u32)index < LD_MAX_HELD && t->held[(u32)index].lock == lock;
	if (!innermost) {
		index = released_index(t, lock, mode, hook);
		if (index < -1)
			return 0;
	}
	t->last_released = lock;
	if (index < 0 && sent_foreign_release(ctx, t, task, lock, type, mode, hook))
		return 0;
	if (cfg_unfiltered || index < 0) {
		name_task(t, task);
		r = start_record(t, task, LD_RELEASE, hook);
		r->type = type;
		r->mode = mode;
		r->lock = lock;
		r->flags |= (index < 0 ? LD_F_UNMATCHED : 0) | (non_owner ? LD_F_NON_OWNER : 0);
		put(t, sizeof(*r));
	}
	if (innermost)
		t->depth--;
	else if (index >= 0)
		remove_at(t, index);
	return 0;
}

static __always_inline int downgraded(u64 lock, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	struct ld_record *r;
	u32 index;

	if (!t)
		return 0;
	lock = plain(t, lock);
	index = held_index(t, lock);
	if (cfg_unfiltered) {
		name_task(t, task);
		r = start_record(t, task, LD_DOWNGRADE, hook);
		r->type = LD_RWSEM;
		r->mode = LD_READ;
		r->lock = lock;
		put(t, sizeof(*r));
	}
	barrier_var(index);
	if (index < LD_MAX_HELD) {
		forget_prefixes(t, index);
		t->held[index].mode = LD_READ;
		/* Held as of now: a reader rests on the list, and this is its newest proof. */
		t->held[index].epoch = epoch;
	}
	return 0;
}

/* The index of a lock that the task holds, by its list and by the lock itself; or -1. */
static __always_inline u32 proven_index(struct task_locks *t, struct task_struct *task, u64 lock)
{
	u32 index;

	if (!t->depth)
		return -1;
	index = held_index(t, lock);
	barrier_var(index);
	if (index >= LD_MAX_HELD)
		return -1;
	if (!has_owner(t->held[index].type, t->held[index].mode) || !still_held(&t->held[index], (u64)task))
		return -1;
	return index;
}

static __always_inline int initialised(u64 lock, u64 name, u64 site, u8 type, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	u32 index;

	t = task_locks(task);
	if (!t)
		return 0;
	lock = plain(t, lock);
	name = plain(t, name);
	++*generation(lock);
	index = proven_index(t, task, lock);
	barrier_var(index);
	if (index < LD_MAX_HELD) {
		/* What it was until now goes first. */
		if (!cfg_unfiltered)
			tell_init(t, &t->held[index]);
		describe_init(t, lock, name, site, type, hook);
		t->init.proven = true;
		send_init(t);
		return 0;
	}
	describe_init(t, lock, name, site, type, hook);
	if (keep_init(t))
		send_init(t);
	/* The name is read while it is there for certain: a module's goes with it. */
	if (cfg_unfiltered || !name_sent(name, site)) {
		describe_init(t, lock, name, site, type, hook);
		if (send_init(t))
			drop_init(lock);
		else
			init_refused = true;
	}
	return 0;
}

/* include/linux/uaccess.h, __might_fault(): nothing is taken with page faults off or without an mm. */
static __always_inline int might_fault(void *ctx, u64 site, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	u64 lock;

	t = task_locks(task);
	if (!t || !t->depth || task->pagefault_disabled)
		return 0;
	lock = own_mmap_lock(task);
	if (!lock)
		return 0;
	describe(above(t), lock, site, 0, LD_RWSEM, LD_READ, LD_F_MMAP_LOCK, hook);
	under_locks(ctx, t, task, LD_MAY);
	return 0;
}

static __always_inline int ended(struct task_struct *task)
{
	struct task_locks *t = bpf_task_storage_get(&tasks, task, 0, 0);
	struct ld_record *r;
	u32 tail;

	if (!t || t->ignored)
		return 0;
	count_acquired(t);
	if (!t->named)
		return 0;
	drop_stale(t, (u64)task, false);
	if (keeps_inits())
		tell_inits(t, t->depth);
	r = start_record(t, task, LD_EXIT, LD_HOOK_sched_process_exit);
	tail = append_held(t, t->depth);
	r->size += tail;
	put(t, sizeof(*r) + tail);
	return 0;
}

#endif /* LIVEDEP_EVENTS_H */
