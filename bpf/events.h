/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What each kind of event does to the task's list, and which records it makes. */
#ifndef LIVEDEP_EVENTS_H
#define LIVEDEP_EVENTS_H

#include "context.h"
#include "send.h"

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
 * Sends an acquisition under held locks unless its chain was sent before.
 * Stale locks are looked for only on the way out: they cost a read of each
 * lock, and a chain that was sent had none.
 */
static __always_inline void acquired_under(void *ctx, struct task_locks *t, struct task_struct *task,
					   struct ld_held *new, enum ld_kind kind)
{
	u64 key = chain_key(t, new);
	bool known = key && sent_before(key);

	if (!known && drop_stale(t, (u64)task)) {
		key = chain_key(t, new);
		known = key && sent_before(key);
	}
	if (known && !cfg_unfiltered && !t->waiting) {
		count(LD_C_FILTERED);
		return;
	}
	if (send_chain(ctx, t, task, kind, new, t->depth, new->flags | (known ? 0 : LD_F_NEW_CHAIN), !known) && !known && key)
		remember_sent(key);
}

static __always_inline int acquired(void *ctx, u64 lock, u64 site, u64 context, u8 type, u8 mode, bool trylock, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	struct ld_held new;
	u8 flags;
	u32 top;

	t = task_locks(task);
	if (!t)
		return 0;
	lock = plain(t, lock);
	context = plain(t, context);
	count(LD_C_ACQUIRED);
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
	flags = lock_flags(task, lock, site, type, trylock);
	if (t->depth || cfg_unfiltered || t->waiting) {
		__builtin_memset(&new, 0, sizeof(new));
		new.lock = lock;
		new.site = site;
		new.context = context;
		new.origin.offset = LD_NOT_LOOKED_UP;
		new.type = type;
		new.mode = mode;
		new.flags = flags;
		new.hook = hook;
		if (!t->depth)
			send_chain(ctx, t, task, trylock ? LD_TRY : LD_ACQUIRE, &new, 0, flags, false);
		else
			acquired_under(ctx, t, task, &new, trylock ? LD_TRY : LD_ACQUIRE);
		t->waiting = false;
	}
	push(t, lock, site, context, type, mode, flags, hook);
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
	struct ld_held new = {};

	if (!t || !t->depth)
		return 0;
	drop_stale(t, (u64)task);
	if (!t->depth)
		return 0;
	lock = plain(t, lock);
	if (type == LD_MUTEX && lock == t->ww_lock) {
		type = LD_WW_MUTEX;
		new.context = t->ww_context;
	}
	new.lock = lock;
	new.site = site;
	new.type = type;
	new.mode = mode;
	new.hook = hook;
	new.flags = type == LD_RWSEM && lock == own_mmap_lock(task) ? LD_F_MMAP_LOCK : 0;
	new.origin.offset = LD_NOT_LOOKED_UP;
	if (send_chain(ctx, t, task, LD_ATTEMPT, &new, t->depth, new.flags, true))
		t->waiting = true;
	return 0;
}

/*
 * Says that a lock is released whose owner is not the task. No list is needed
 * for that: who holds it is its owner all the time.
 */
static __always_inline bool sent_foreign_release(void *ctx, struct task_locks *t, struct task_struct *task, u64 lock,
						 u8 type, u8 mode, u8 hook)
{
	struct ld_held released = {};

	released.lock = lock;
	released.type = type;
	released.mode = mode;
	released.hook = hook;
	released.origin.offset = LD_NOT_LOOKED_UP;
	if (!has_owner(type, mode) || still_held(&released, (u64)task))
		return false;
	drop_stale(t, (u64)task);
	send_chain(ctx, t, task, LD_RELEASE, &released, t->depth, LD_F_UNMATCHED | LD_F_PROVEN, true);
	return true;
}

static __always_inline int released(void *ctx, u64 lock, u8 type, u8 mode, u8 hook, bool non_owner)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	struct ld_record *r;
	bool matched;
	int index;

	if (!t)
		return 0;
	lock = plain(t, lock);
	index = held_index(t, lock);
	matched = index >= 0;
	if (!matched && t->missing) {
		t->missing--;
		return 0;
	}
	/* PREEMPT_RT's mutex_unlock() and rt_mutex_unlock() are one body, which the compiler folds. */
	if (!matched && hook == LD_HOOK_rt_mutex_unlock && lock == t->last_released)
		return 0;
	/* A debug kernel gives a ww mutex back inside of ww_mutex_lock() to try out -EDEADLK (ww_mutex_deadlock_injection()). */
	if (!matched && lock == t->ww_lock)
		return 0;
	t->last_released = lock;
	if (!matched) {
		count(LD_C_UNMATCHED);
		if (sent_foreign_release(ctx, t, task, lock, type, mode, hook))
			return 0;
	}
	if (cfg_unfiltered || !matched) {
		name_task(t, task);
		r = start_record(t, task, LD_RELEASE, hook);
		r->type = type;
		r->mode = mode;
		r->lock = lock;
		r->flags |= (matched ? 0 : LD_F_UNMATCHED) | (non_owner ? LD_F_NON_OWNER : 0);
		put(t, sizeof(*r));
	}
	if (matched)
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
		t->held[index].mode = LD_READ;
		/* Held as of now: a reader rests on the list, and this is its newest proof. */
		t->held[index].epoch = epoch;
	}
	return 0;
}

static __always_inline bool name_sent(u64 name, u64 site)
{
	u64 key = mix(name, site);
	u32 slot = key & (LD_NAME_SLOTS - 1);
	u64 *value = bpf_map_lookup_elem(&names, &slot);

	return value && *value == key;
}

static __always_inline void remember_name(u64 name, u64 site)
{
	u64 key = mix(name, site);
	u32 slot = key & (LD_NAME_SLOTS - 1);
	u64 *value = bpf_map_lookup_elem(&names, &slot);

	if (value)
		*value = key;
}

/* Whether the task itself holds a lock, by its list and by the lock. */
static __always_inline bool holds_itself(struct task_locks *t, struct task_struct *task, u64 lock)
{
	u32 index;

	if (!t->depth)
		return false;
	index = held_index(t, lock);
	barrier_var(index);
	if (index >= LD_MAX_HELD)
		return false;
	return has_owner(t->held[index].type, t->held[index].mode) && still_held(&t->held[index], (u64)task);
}

static __always_inline int initialised(u64 lock, u64 name, u64 site, u8 type, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	struct ld_record *r;
	u32 tail = 0;
	bool known, held;

	if (!t)
		return 0;
	lock = plain(t, lock);
	name = plain(t, name);
	name_task(t, task);
	known = name_sent(name, site);
	held = holds_itself(t, task, lock);
	r = start_record(t, task, LD_INIT, hook);
	r->flags |= held ? LD_F_PROVEN : 0;
	r->type = type;
	r->lock = lock;
	r->site = site;
	r->aux = name;
	look_up_origin(lock, &r->origin);
	if (!known) {
		bpf_probe_read_kernel_str(t->scratch.tail, LD_NAME_LEN, (void *)name);
		tail = LD_NAME_LEN;
		r->nname = tail;
		r->size += tail;
	}
	if (put(t, sizeof(*r) + tail) && !known)
		remember_name(name, site);
	return 0;
}

/* include/linux/uaccess.h, __might_fault(): nothing is taken with page faults off or without an mm. */
static __always_inline int might_fault(void *ctx, u64 site, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	struct ld_held new = {};
	u64 key, lock;
	bool known;

	t = task_locks(task);
	if (!t || !t->depth || task->pagefault_disabled)
		return 0;
	lock = own_mmap_lock(task);
	if (!lock)
		return 0;
	new.lock = lock;
	new.site = site;
	new.type = LD_RWSEM;
	new.mode = LD_READ;
	new.flags = LD_F_MMAP_LOCK;
	new.hook = hook;
	new.origin.offset = LD_NOT_LOOKED_UP;
	key = chain_key(t, &new);
	known = key && sent_before(key);
	if (!known && drop_stale(t, (u64)task)) {
		if (!t->depth)
			return 0;
		key = chain_key(t, &new);
		known = key && sent_before(key);
	}
	if (known && !cfg_unfiltered) {
		count(LD_C_FILTERED);
		return 0;
	}
	if (send_chain(ctx, t, task, LD_MAY, &new, t->depth, new.flags | (known ? 0 : LD_F_NEW_CHAIN), !known) && !known && key)
		remember_sent(key);
	return 0;
}

static __always_inline int ended(struct task_struct *task)
{
	struct task_locks *t = bpf_task_storage_get(&tasks, task, 0, 0);
	struct ld_record *r;
	u32 tail;

	if (!t || t->ignored || !t->named)
		return 0;
	drop_stale(t, (u64)task);
	r = start_record(t, task, LD_EXIT, LD_HOOK_sched_process_exit);
	tail = append_held(t, t->depth);
	r->size += tail;
	put(t, sizeof(*r) + tail);
	return 0;
}

#endif /* LIVEDEP_EVENTS_H */
