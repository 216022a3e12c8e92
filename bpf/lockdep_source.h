/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What each event of the lockdep source does to the task's list, and which
 * records it makes.
 *
 * lock_acquire comes before the lock is obtained, so it is the attempt: the
 * dependency stands, and the lock goes on the list. An attempt that fails is
 * followed by lock_release. Whether the task waits is told by the contention
 * tracepoints.
 */
#ifndef LIVEDEP_LOCKDEP_SOURCE_H
#define LIVEDEP_LOCKDEP_SOURCE_H

#include "context.h"
#include "lockdep_send.h"

static __always_inline bool is_rcu(u64 map)
{
	for (int i = 0; i < LD_RCU_MAPS; i++)
		if (map == cfg_rcu_maps[i])
			return true;
	return false;
}

/* The wait for the lock on the list that is awaited is over. */
static __always_inline void end_wait(void *ctx, struct lockdep_list *t, u8 hook, bool obtained)
{
	u32 index = 0;

	if (!t->waiting)
		return;
	t->waiting = false;
	for (u32 i = 0; i < LD_MAX_LOCKDEP_HELD && i < t->depth; i++)
		if (t->held[i].flags & LD_H_AWAITED)
			index = i;
	barrier_var(index);
	if (index >= LD_MAX_LOCKDEP_HELD || !(t->held[index].flags & LD_H_AWAITED))
		return;
	t->held[index].flags &= ~LD_H_AWAITED;
	send_chain(ctx, t, obtained ? LD_ACQUIRE : LD_FAIL, hook, &t->held[index], index, 0, false);
}

/* What functions with preemption on have left to do. */
static __always_inline void catch_up(void *ctx, struct lockdep_list *t)
{
	if (t->downgraded) {
		if (cfg_unfiltered)
			send_plain(t, LD_DOWNGRADE, LD_HOOK_downgrade_write, t->downgraded, LD_READ, 0);
		t->downgraded = 0;
	}
	if (t->arrived) {
		t->arrived = false;
		end_wait(ctx, t, LD_HOOK_percpu_down_write, true);
	}
}

/* The lock at `index` is waited for. With nothing held it can be part of no circle. */
static __always_inline void begin_wait(void *ctx, struct lockdep_list *t, u8 hook, u32 index)
{
	struct ld_held *h;

	if (t->waiting || !index)
		return;
	/* Tested by itself: of two bounds in one the verifier keeps neither. */
	barrier_var(index);
	if (index >= LD_MAX_LOCKDEP_HELD)
		return;
	h = &t->held[index];
	/* It was told as acquired; that it is not yet must not look as if it were taken twice. */
	if (cfg_unfiltered)
		send_plain(t, LD_RELEASE, hook, h->lock, h->mode, 0);
	if (!send_chain(ctx, t, LD_ATTEMPT, hook, h, index, 0, true))
		return;
	h->flags |= LD_H_AWAITED;
	t->waiting = true;
}

static __always_inline bool is_unlocatable_nest(struct lockdep_list *t, u64 nest)
{
	/* Taken before tracing began: whether nesting is legal cannot be told. */
	return nest && t->old && list_index(t, nest) < 0;
}

/*
 * The key of a lock that lockdep has not met yet is its own address where it
 * is static (lockdep.c, assign_lock_key); without one, once lockdep is off,
 * the name is all there is.
 */
static __always_inline u64 class_key(u64 key, u64 lock, u64 name)
{
	if (key)
		return key;
	return lock >= LD_IMAGE_START ? lock : name;
}

static __always_inline void acquiring(u64 *ctx, struct lockdep_map *map)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct lockdep_list *t = list_of(task, true);
	struct ld_held new = {};
	enum ld_kind kind = LD_ACQUIRE;
	u32 subclass = ctx[1], read = ctx[3], depth, own;
	bool trylock = (u32)ctx[2], known;
	u64 key, name, chain;

	if (!t)
		return;
	catch_up(ctx, t);
	key = plain(t, (u64)map->key);
	if (key && key == cfg_no_track_key)
		return;
	name = plain(t, (u64)map->name);
	count(LD_C_ACQUIRED);
	new.lock = plain(t, (u64)map);
	new.context = plain(t, ctx[5]);
	new.site = ctx[6];
	new.hook = LD_HOOK_lock_acquire;
	new.mode = read > LD_RECURSIVE ? LD_RECURSIVE : read;
	if (!(u32)ctx[4])
		new.flags |= LD_H_UNCHECKED;
	if (trylock) {
		new.flags |= LD_F_TRYLOCK;
		if (from_fault_path(new.site) && own_mmap_lock(task) +
		    bpf_core_field_offset(struct rw_semaphore___dep, dep_map) == new.lock)
			new.flags |= LD_F_FAULT;
	}
	if (new.site - cfg_might_fault.start < cfg_might_fault.end - cfg_might_fault.start) {
		new.flags |= LD_H_MAY;
		kind = LD_MAY;
	}
	/* lockdep_set_subclass() puts the class of another subclass in the first place of the cache. */
	if (key && !subclass && map->class_cache[0]) {
		own = (u32)(plain(t, (u64)map->class_cache[0]->key) - key);
		if (own < 8)
			subclass = own;
	}
	new.origin.cache = class_key(key, new.lock, name);
	new.origin.offset = subclass;
	new.origin.detail = (u32)name;

	depth = t->depth;
	if ((trylock && !(new.flags & LD_F_FAULT)) || !depth) {
		if (cfg_unfiltered)
			send_chain(ctx, t, trylock ? LD_TRY : kind, LD_HOOK_lock_acquire, &new, depth, 0, false);
		list_push(t, &new);
		return;
	}
	chain = mix(chain_below(t, depth), class_word(&new)) | 1;
	if (!new.context && list_nests(t, &new))
		chain = 0;
	known = chain && sent_before(chain);
	if (known && !cfg_unfiltered) {
		count(LD_C_FILTERED);
	} else if (!is_unlocatable_nest(t, new.context)) {
		if (new.flags & LD_F_FAULT)
			kind = LD_TRY;
		if (send_chain(ctx, t, kind, LD_HOOK_lock_acquire, &new, depth, known ? 0 : LD_F_NEW_CHAIN, !known) &&
		    !known && chain)
			remember_sent(chain);
	}
	list_push(t, &new);
	if (t->entering == new.lock) {
		t->entering = 0;
		begin_wait(ctx, t, LD_HOOK_percpu_down_write_entry, depth);
	}
}

/* Of a task that was watched all its life the list is whole: what is not on it the task does not hold. */
static __always_inline void send_foreign_release(u64 *ctx, struct lockdep_list *t, struct lockdep_map *map, u64 lock, u64 key)
{
	struct ld_held released = {};
	u64 name = plain(t, (u64)map->name);

	released.lock = lock;
	released.site = ctx[1];
	released.hook = LD_HOOK_lock_release;
	released.origin.cache = class_key(key, lock, name);
	released.origin.detail = (u32)name;
	send_chain(ctx, t, LD_RELEASE, LD_HOOK_lock_release, &released, t->depth, LD_F_UNMATCHED | LD_F_PROVEN, true);
}

static __always_inline void releasing(u64 *ctx, struct lockdep_map *map)
{
	struct lockdep_list *t = list_of(bpf_get_current_task_btf(), false);
	struct ld_held *h;
	u64 address, key;
	u32 index;

	if (!t)
		return;
	catch_up(ctx, t);
	address = plain(t, (u64)map);
	index = list_index(t, address);
	barrier_var(index);
	if (index >= LD_MAX_LOCKDEP_HELD) {
		if (t->missing) {
			t->missing--;
			return;
		}
		key = plain(t, (u64)map->key);
		if (t->offline || (key && key == cfg_no_track_key))
			return;
		count(LD_C_UNMATCHED);
		if (t->old)
			send_plain(t, LD_RELEASE, LD_HOOK_lock_release, address, LD_WRITE, LD_F_UNMATCHED);
		else
			send_foreign_release(ctx, t, map, address, key);
		return;
	}
	h = &t->held[index];
	if (h->flags & LD_H_AWAITED)
		end_wait(ctx, t, LD_HOOK_lock_release, false);
	else if (cfg_unfiltered && !(h->flags & LD_H_MAY))
		send_plain(t, LD_RELEASE, LD_HOOK_lock_release, address, h->mode, 0);
	list_remove(t, index);
}

static __always_inline void ending(u64 *ctx)
{
	struct lockdep_list *t = list_of(bpf_get_current_task_btf(), false);
	struct lockdep_scratch *s;
	u32 depth;

	if (!t || !t->named)
		return;
	catch_up(ctx, t);
	depth = t->depth;
	barrier_var(depth);
	if (depth > LD_MAX_LOCKDEP_HELD || !tell_classes(t, depth))
		return;
	s = begin(t, LD_EXIT, LD_HOOK_sched_process_exit);
	if (!s)
		return;
	s->record.nheld = depth;
	if (depth)
		bpf_probe_read_kernel(s->tail, depth * sizeof(struct ld_held), t->held);
	emit(t, s, sizeof(s->record) + depth * sizeof(struct ld_held));
}

#endif /* LIVEDEP_LOCKDEP_SOURCE_H */
