/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which kind of lock a lockdep_map is part of.
 *
 * lockdep does not keep it. What it keeps is whether waiting for the lock
 * sleeps; the rest is told by what lies around the map: PROVE_LOCKING selects
 * the debugging of each kind of lock, which puts a magic word into it. Looked
 * at once for each class.
 */
#ifndef LIVEDEP_LOCKDEP_LOCK_TYPE_H
#define LIVEDEP_LOCKDEP_LOCK_TYPE_H

#include "lockdep_types.h"

static __always_inline u64 read_word(u64 address)
{
	u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline u32 read_magic(u64 address)
{
	u32 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline u8 read_byte(u64 address)
{
	u8 byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (void *)address);
	return byte;
}

static __always_inline bool is_spinlock(u64 map)
{
	u64 lock = map - bpf_core_field_offset(struct raw_spinlock, dep_map);

	return bpf_core_field_exists(struct raw_spinlock, magic) &&
	       read_magic(lock + bpf_core_field_offset(struct raw_spinlock, magic)) == LD_SPINLOCK_MAGIC;
}

static __always_inline bool is_rwlock(u64 map)
{
	u64 lock = map - bpf_core_field_offset(rwlock_t, dep_map);

	return bpf_core_field_exists(rwlock_t, magic) &&
	       read_magic(lock + bpf_core_field_offset(rwlock_t, magic)) == LD_RWLOCK_MAGIC;
}

static __always_inline bool is_mutex(u64 map)
{
	u64 lock = map - bpf_core_field_offset(struct mutex___dep, dep_map);

	/* PREEMPT_RT's have no magic, and no other lock that sleeps is left to mistake for one. */
	if (!bpf_core_field_exists(struct mutex___dep, magic))
		return true;
	return read_word(lock + bpf_core_field_offset(struct mutex___dep, magic)) == lock;
}

static __always_inline bool is_ww_mutex(u64 map, u64 name)
{
	u64 lock = map - bpf_core_field_offset(struct mutex___dep, dep_map);
	u64 class;

	if (!bpf_core_field_exists(struct ww_mutex, ww_class))
		return false;
	/* base comes first. */
	class = read_word(lock + bpf_core_field_offset(struct ww_mutex, ww_class));
	return class >= LD_IMAGE_START && read_word(class + bpf_core_field_offset(struct ww_class, mutex_name)) == name;
}

static __always_inline bool is_rwsem(u64 map)
{
	u64 lock = map - bpf_core_field_offset(struct rw_semaphore___dep, dep_map);

	return bpf_core_field_exists(struct rw_semaphore___dep, magic) &&
	       read_word(lock + bpf_core_field_offset(struct rw_semaphore___dep, magic)) == lock;
}

static __always_inline bool is_rt_mutex(u64 map)
{
	u64 lock = map - bpf_core_field_offset(struct rt_mutex___dep, dep_map);

	return bpf_core_field_exists(struct rt_mutex___dep, rtmutex.wait_lock.magic) &&
	       read_magic(lock + bpf_core_field_offset(struct rt_mutex___dep, rtmutex.wait_lock.magic)) ==
		       LD_SPINLOCK_MAGIC;
}

/* It has no magic of its own, but a wait queue: a spinlock with a list behind it. */
static __always_inline bool is_percpu_rwsem(u64 map)
{
	u64 lock = map - bpf_core_field_offset(struct percpu_rw_semaphore, dep_map);
	u64 head, next;

	if (!bpf_core_field_exists(struct percpu_rw_semaphore, waiters.lock.rlock.magic) ||
	    read_magic(lock + bpf_core_field_offset(struct percpu_rw_semaphore, waiters.lock.rlock.magic)) !=
		    LD_SPINLOCK_MAGIC)
		return false;
	head = lock + bpf_core_field_offset(struct percpu_rw_semaphore, waiters.head);
	next = read_word(head + bpf_core_field_offset(struct list_head, next));
	return next && read_word(next + bpf_core_field_offset(struct list_head, prev)) == head;
}

static __always_inline bool is_ww_context(u64 map, u64 name)
{
	u64 context = map - bpf_core_field_offset(struct ww_acquire_ctx, dep_map);
	u64 class;

	if (!bpf_core_field_exists(struct ww_acquire_ctx, ww_class))
		return false;
	class = read_word(context + bpf_core_field_offset(struct ww_acquire_ctx, ww_class));
	/* Classes are variables: a list head before the map would point at itself instead. */
	return class >= LD_IMAGE_START && read_word(class + bpf_core_field_offset(struct ww_class, acquire_name)) == name;
}

/*
 * percpu rwsems, ww contexts and some spinlocks say nothing of waiting to
 * lockdep, as work items, completions and fs_reclaim do not.
 */
static __always_inline u8 lock_type(u64 map, u64 name)
{
	u8 wait = read_byte(map + bpf_core_field_offset(struct lockdep_map, wait_type_inner));

	if (bpf_core_enum_value_exists(enum lockdep_lock_type, LD_LOCK_WAIT_OVERRIDE) &&
	    read_byte(map + bpf_core_field_offset(struct lockdep_map, lock_type)) ==
		    bpf_core_enum_value(enum lockdep_lock_type, LD_LOCK_WAIT_OVERRIDE))
		return LD_PSEUDO;
	if (wait == bpf_core_enum_value(enum lockdep_wait_type, LD_WAIT_SLEEP)) {
		if (is_rwsem(map))
			return LD_RWSEM;
		if (is_mutex(map))
			return is_ww_mutex(map, name) ? LD_WW_MUTEX : LD_MUTEX;
		return is_rt_mutex(map) ? LD_RT_MUTEX : LD_MUTEX;
	}
	if (wait >= bpf_core_enum_value(enum lockdep_wait_type, LD_WAIT_SPIN))
		return is_rwlock(map) ? LD_RWLOCK : LD_SPIN;
	if (is_spinlock(map))
		return LD_SPIN;
	if (is_ww_context(map, name))
		return LD_WW_CONTEXT;
	return is_percpu_rwsem(map) ? LD_PERCPU_RWSEM : LD_PSEUDO;
}

#endif /* LIVEDEP_LOCKDEP_LOCK_TYPE_H */
