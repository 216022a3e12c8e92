/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a kernel with lockdep adds to its locks (include/linux/lockdep_types.h),
 * and the marks by which its debugging options let a lock be told from what
 * only looks like one.
 */
#ifndef LIVEDEP_LOCKDEP_TYPES_H
#define LIVEDEP_LOCKDEP_TYPES_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct lock_class_key;

struct lock_class {
	const void *key;
	void *cmp_fn;
};

struct lockdep_map {
	struct lock_class_key *key;
	struct lock_class *class_cache[2];
	const char *name;
	__u8 wait_type_inner;
	__u8 lock_type;
};

struct mutex___dep {
	void *magic;
	struct lockdep_map dep_map;
};

struct rw_semaphore___dep {
	void *magic;
	struct lockdep_map dep_map;
};

struct raw_spinlock {
	unsigned int magic;
	struct lockdep_map dep_map;
};

typedef struct {
	unsigned int magic;
	struct lockdep_map dep_map;
} rwlock_t;

struct rt_mutex_base___dep {
	struct raw_spinlock wait_lock;
};

struct rt_mutex___dep {
	struct rt_mutex_base___dep rtmutex;
	struct lockdep_map dep_map;
};

struct spinlock {
	struct raw_spinlock rlock;
};

struct list_head {
	struct list_head *next, *prev;
};

struct wait_queue_head {
	struct spinlock lock;
	struct list_head head;
};

struct percpu_rw_semaphore {
	struct wait_queue_head waiters;
	struct lockdep_map dep_map;
};

struct ww_class {
	const char *acquire_name;
	const char *mutex_name;
};

struct ww_mutex {
	struct mutex___dep base;
	struct ww_class *ww_class;
};

struct ww_acquire_ctx {
	struct ww_class *ww_class;
	struct lockdep_map dep_map;
};

#pragma clang attribute pop

/* The kernel's image and its modules lie from here on (x86-64). */
#define LD_IMAGE_START	0xffffffff80000000ULL

/* Only the names matter: CO-RE finds the values. */
enum lockdep_wait_type {
	LD_WAIT_FREE = 1,
	LD_WAIT_SPIN = 2,
	LD_WAIT_SLEEP = 3,
};

enum lockdep_lock_type {
	LD_LOCK_WAIT_OVERRIDE = 2,
};

/* include/linux/spinlock_types_raw.h, rwlock_types.h */
#define LD_SPINLOCK_MAGIC	0xdead4ead
#define LD_RWLOCK_MAGIC		0xdeaf1eed

#endif /* LIVEDEP_LOCKDEP_TYPES_H */
