/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every way to take, to fail to take, to hand on and to initialise a sleeping lock, once each:
 *
 *	X(name, hook, function, type, mode, tries, outcome, around, acquisition)
 *
 * tries: BLOCKS waits and gives 0 with the lock, TRIES does not wait and gives 1 with it, COUNTS waits and gives 1 with it.
 * around: what other tasks, or this one, do with the lock meanwhile; see enum around.
 * hook is the function the operation is there for, function the one that is called for it on this kernel. The acquisition is
 * an expression of the operation's own lock l; it gives what the kernel's function returns.
 */
#ifndef LIVEDEP_HOOKS_OPERATIONS_H
#define LIVEDEP_HOOKS_OPERATIONS_H

/* Annotations are functions of their own with lockdep, and the plain functions without. */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
#define DEBUG_OR_PLAIN(debug, plain) debug
#else
#define DEBUG_OR_PLAIN(debug, plain) plain
#endif

#define MUTEX_LOCK DEBUG_OR_PLAIN("mutex_lock_nested", "mutex_lock")
#define MUTEX_INTERRUPTIBLE DEBUG_OR_PLAIN("mutex_lock_interruptible_nested", "mutex_lock_interruptible")
#define MUTEX_KILLABLE DEBUG_OR_PLAIN("mutex_lock_killable_nested", "mutex_lock_killable")
#define MUTEX_IO DEBUG_OR_PLAIN("mutex_lock_io_nested", "mutex_lock_io")
#define MUTEX_NEST_LOCK DEBUG_OR_PLAIN("_mutex_lock_nest_lock", "mutex_lock")
#define READ_NESTED DEBUG_OR_PLAIN("down_read_nested", "down_read")
#define READ_KILLABLE_NESTED DEBUG_OR_PLAIN("down_read_killable_nested", "down_read_killable")
#define READ_NON_OWNER DEBUG_OR_PLAIN("down_read_non_owner", "down_read")
#define WRITE_NESTED DEBUG_OR_PLAIN("down_write_nested", "down_write")
#define WRITE_KILLABLE_NESTED DEBUG_OR_PLAIN("down_write_killable_nested", "down_write_killable")
#define WRITE_NEST_LOCK DEBUG_OR_PLAIN("_down_write_nest_lock", "down_write")
#define RT_LOCK DEBUG_OR_PLAIN("rt_mutex_lock_nested", "rt_mutex_lock")
#define RT_NEST_LOCK DEBUG_OR_PLAIN("_rt_mutex_lock_nest_lock", "rt_mutex_lock")

#ifdef CONFIG_PREEMPT_RT
#define MUTEX_INIT_FUNCTION "__mutex_rt_init"
#define WW_MUTEX_INIT_FUNCTION "__rt_mutex_init"
#else
#define MUTEX_INIT_FUNCTION "__mutex_init"
#define WW_MUTEX_INIT_FUNCTION "__mutex_init"
#endif

#define MUTEX_OPERATIONS(X)									\
	X(mutex_lock, "mutex_lock", MUTEX_LOCK,							\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, (mutex_lock(l), 0))					\
	X(mutex_lock_nested, "mutex_lock_nested", MUTEX_LOCK,					\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, (mutex_lock_nested(l, 1), 0))			\
	X(mutex_lock_nest_lock, "_mutex_lock_nest_lock", MUTEX_NEST_LOCK,			\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, ({ mutex_lock_nest_lock(l, &hooks_outer); 0; }))		\
	X(mutex_lock_waits, "mutex_lock", MUTEX_LOCK,						\
	  MUTEX, WRITER, BLOCKS, HELD, BUSY_AWHILE, (mutex_lock(l), 0))				\
	X(mutex_lock_interruptible, "mutex_lock_interruptible", MUTEX_INTERRUPTIBLE,		\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, mutex_lock_interruptible(l))			\
	X(mutex_lock_interruptible_nested, "mutex_lock_interruptible_nested", MUTEX_INTERRUPTIBLE, \
	  MUTEX, WRITER, BLOCKS, HELD, FREE, mutex_lock_interruptible_nested(l, 1))		\
	X(mutex_lock_interrupted, "mutex_lock_interruptible", MUTEX_INTERRUPTIBLE,		\
	  MUTEX, WRITER, BLOCKS, FAILED, INTERRUPTED, mutex_lock_interruptible(l))		\
	X(mutex_lock_nested_interrupted, "mutex_lock_interruptible_nested", MUTEX_INTERRUPTIBLE, \
	  MUTEX, WRITER, BLOCKS, FAILED, INTERRUPTED, mutex_lock_interruptible_nested(l, 1))	\
	X(mutex_lock_killable, "mutex_lock_killable", MUTEX_KILLABLE,				\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, mutex_lock_killable(l))				\
	X(mutex_lock_killable_nested, "mutex_lock_killable_nested", MUTEX_KILLABLE,		\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, mutex_lock_killable_nested(l, 1))			\
	X(mutex_lock_killed, "mutex_lock_killable", MUTEX_KILLABLE,				\
	  MUTEX, WRITER, BLOCKS, FAILED, KILLED, mutex_lock_killable(l))				\
	X(mutex_lock_nested_killed, "mutex_lock_killable_nested", MUTEX_KILLABLE,		\
	  MUTEX, WRITER, BLOCKS, FAILED, KILLED, mutex_lock_killable_nested(l, 1))		\
	X(mutex_lock_io, "mutex_lock_io", MUTEX_IO,						\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, (mutex_lock_io(l), 0))				\
	X(mutex_lock_io_nested, "mutex_lock_io_nested", MUTEX_IO,				\
	  MUTEX, WRITER, BLOCKS, HELD, FREE, (mutex_lock_io_nested(l, 1), 0))			\
	X(mutex_trylock, "mutex_trylock", "mutex_trylock",					\
	  MUTEX, WRITER, TRIES, HELD, FREE, mutex_trylock(l))					\
	X(mutex_trylock_busy, "mutex_trylock", "mutex_trylock",					\
	  MUTEX, WRITER, TRIES, FAILED, BUSY, mutex_trylock(l))					\
	X(atomic_dec_and_mutex_lock, "atomic_dec_and_mutex_lock", "atomic_dec_and_mutex_lock",	\
	  MUTEX, WRITER, COUNTS, HELD, FREE,							\
	  (atomic_set(&reference_count, 1), atomic_dec_and_mutex_lock(&reference_count, l)))	\
	X(atomic_dec_and_mutex_lock_not_last, "atomic_dec_and_mutex_lock", "atomic_dec_and_mutex_lock", \
	  MUTEX, WRITER, COUNTS, FAILED, FREE,							\
	  (atomic_set(&reference_count, 2), atomic_dec_and_mutex_lock(&reference_count, l)))

#define RWSEM_OPERATIONS(X)									\
	X(down_read, "down_read", "down_read",							\
	  RWSEM, READER, BLOCKS, HELD, FREE, (down_read(l), 0))					\
	X(down_read_nested, "down_read_nested", READ_NESTED,					\
	  RWSEM, READER, BLOCKS, HELD, FREE, (down_read_nested(l, 1), 0))				\
	X(down_read_waits, "down_read", "down_read",						\
	  RWSEM, READER, BLOCKS, HELD, BUSY_AWHILE, (down_read(l), 0))				\
	X(down_read_interruptible, "down_read_interruptible", "down_read_interruptible",	\
	  RWSEM, READER, BLOCKS, HELD, FREE, down_read_interruptible(l))				\
	X(down_read_interrupted, "down_read_interruptible", "down_read_interruptible",		\
	  RWSEM, READER, BLOCKS, FAILED, INTERRUPTED, down_read_interruptible(l))			\
	X(down_read_killable, "down_read_killable", "down_read_killable",			\
	  RWSEM, READER, BLOCKS, HELD, FREE, down_read_killable(l))				\
	X(down_read_killable_nested, "down_read_killable_nested", READ_KILLABLE_NESTED,		\
	  RWSEM, READER, BLOCKS, HELD, FREE, down_read_killable_nested(l, 1))			\
	X(down_read_killed, "down_read_killable", "down_read_killable",				\
	  RWSEM, READER, BLOCKS, FAILED, KILLED, down_read_killable(l))				\
	X(down_read_nested_killed, "down_read_killable_nested", READ_KILLABLE_NESTED,		\
	  RWSEM, READER, BLOCKS, FAILED, KILLED, down_read_killable_nested(l, 1))			\
	X(down_read_trylock, "down_read_trylock", "down_read_trylock",				\
	  RWSEM, READER, TRIES, HELD, FREE, down_read_trylock(l))					\
	X(down_read_trylock_busy, "down_read_trylock", "down_read_trylock",			\
	  RWSEM, READER, TRIES, FAILED, BUSY, down_read_trylock(l))				\
	X(down_read_non_owner, "down_read_non_owner", READ_NON_OWNER,				\
	  RWSEM_NON_OWNER, READER, BLOCKS, HELD, FREE, (down_read_non_owner(l), 0))		\
	X(down_write, "down_write", "down_write",						\
	  RWSEM, WRITER, BLOCKS, HELD, FREE, (down_write(l), 0))					\
	X(down_write_nested, "down_write_nested", WRITE_NESTED,					\
	  RWSEM, WRITER, BLOCKS, HELD, FREE, (down_write_nested(l, 1), 0))			\
	X(down_write_nest_lock, "_down_write_nest_lock", WRITE_NEST_LOCK,			\
	  RWSEM, WRITER, BLOCKS, HELD, FREE, ({ down_write_nest_lock(l, &hooks_outer); 0; }))	\
	X(down_write_waits, "down_write", "down_write",						\
	  RWSEM, WRITER, BLOCKS, HELD, BUSY_AWHILE, (down_write(l), 0))				\
	X(down_write_killable, "down_write_killable", "down_write_killable",			\
	  RWSEM, WRITER, BLOCKS, HELD, FREE, down_write_killable(l))				\
	X(down_write_killable_nested, "down_write_killable_nested", WRITE_KILLABLE_NESTED,	\
	  RWSEM, WRITER, BLOCKS, HELD, FREE, down_write_killable_nested(l, 1))			\
	X(down_write_killed, "down_write_killable", "down_write_killable",			\
	  RWSEM, WRITER, BLOCKS, FAILED, KILLED, down_write_killable(l))				\
	X(down_write_nested_killed, "down_write_killable_nested", WRITE_KILLABLE_NESTED,	\
	  RWSEM, WRITER, BLOCKS, FAILED, KILLED, down_write_killable_nested(l, 1))		\
	X(down_write_trylock, "down_write_trylock", "down_write_trylock",			\
	  RWSEM, WRITER, TRIES, HELD, FREE, down_write_trylock(l))				\
	X(down_write_trylock_busy, "down_write_trylock", "down_write_trylock",			\
	  RWSEM, WRITER, TRIES, FAILED, BUSY, down_write_trylock(l))				\
	X(downgrade_write, "downgrade_write", "down_write",					\
	  RWSEM, READER, BLOCKS, HELD, FREE, (down_write(l), downgrade_write(l), 0))

#define RT_MUTEX_OPERATIONS(X)									\
	X(rt_mutex_lock, "rt_mutex_lock", RT_LOCK,						\
	  RT_MUTEX, WRITER, BLOCKS, HELD, FREE, (rt_mutex_lock(l), 0))				\
	X(rt_mutex_lock_nested, "rt_mutex_lock_nested", RT_LOCK,				\
	  RT_MUTEX, WRITER, BLOCKS, HELD, FREE, (rt_mutex_lock_nested(l, 1), 0))			\
	X(rt_mutex_lock_nest_lock, "_rt_mutex_lock_nest_lock", RT_NEST_LOCK,			\
	  RT_MUTEX, WRITER, BLOCKS, HELD, FREE, ({ rt_mutex_lock_nest_lock(l, &hooks_outer); 0; })) \
	X(rt_mutex_lock_waits, "rt_mutex_lock", RT_LOCK,					\
	  RT_MUTEX, WRITER, BLOCKS, HELD, BUSY_AWHILE, (rt_mutex_lock(l), 0))			\
	X(rt_mutex_lock_interruptible, "rt_mutex_lock_interruptible", "rt_mutex_lock_interruptible", \
	  RT_MUTEX, WRITER, BLOCKS, HELD, FREE, rt_mutex_lock_interruptible(l))			\
	X(rt_mutex_lock_interrupted, "rt_mutex_lock_interruptible", "rt_mutex_lock_interruptible", \
	  RT_MUTEX, WRITER, BLOCKS, FAILED, INTERRUPTED, rt_mutex_lock_interruptible(l))		\
	X(rt_mutex_lock_killable, "rt_mutex_lock_killable", "rt_mutex_lock_killable",		\
	  RT_MUTEX, WRITER, BLOCKS, HELD, FREE, rt_mutex_lock_killable(l))			\
	X(rt_mutex_lock_killed, "rt_mutex_lock_killable", "rt_mutex_lock_killable",		\
	  RT_MUTEX, WRITER, BLOCKS, FAILED, KILLED, rt_mutex_lock_killable(l))			\
	X(rt_mutex_trylock, "rt_mutex_trylock", "rt_mutex_trylock",				\
	  RT_MUTEX, WRITER, TRIES, HELD, FREE, rt_mutex_trylock(l))				\
	X(rt_mutex_trylock_busy, "rt_mutex_trylock", "rt_mutex_trylock",			\
	  RT_MUTEX, WRITER, TRIES, FAILED, BUSY, rt_mutex_trylock(l))

/* The context is the running operation's; an operation without one passes NULL. */
#define WW_MUTEX_OPERATIONS(X)									\
	X(ww_mutex_lock, "ww_mutex_lock", "ww_mutex_lock",					\
	  WW_MUTEX, WRITER, BLOCKS, HELD, FREE, ww_mutex_lock(l, NULL))				\
	X(ww_mutex_lock_context, "ww_mutex_lock", "ww_mutex_lock",				\
	  WW_CONTEXT, WRITER, BLOCKS, HELD, FREE, ww_mutex_lock(l, &context))			\
	X(ww_mutex_lock_waits, "ww_mutex_lock", "ww_mutex_lock",				\
	  WW_CONTEXT, WRITER, BLOCKS, HELD, BUSY_AWHILE, ww_mutex_lock(l, &context))		\
	X(ww_mutex_lock_ealready, "ww_mutex_lock", "ww_mutex_lock",				\
	  WW_CONTEXT, WRITER, BLOCKS, FAILED, OWN, ww_mutex_lock(l, &context))			\
	X(ww_mutex_lock_edeadlk, "ww_mutex_lock", "ww_mutex_lock",				\
	  WW_CONTEXT, WRITER, BLOCKS, FAILED, OLDER, ww_mutex_lock(l, &context))			\
	X(ww_mutex_lock_interruptible, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_MUTEX, WRITER, BLOCKS, HELD, FREE, ww_mutex_lock_interruptible(l, NULL))		\
	X(ww_mutex_lock_interruptible_context, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_CONTEXT, WRITER, BLOCKS, HELD, FREE, ww_mutex_lock_interruptible(l, &context))	\
	X(ww_mutex_lock_interruptible_ealready, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_CONTEXT, WRITER, BLOCKS, FAILED, OWN, ww_mutex_lock_interruptible(l, &context))	\
	X(ww_mutex_lock_interruptible_edeadlk, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_CONTEXT, WRITER, BLOCKS, FAILED, OLDER, ww_mutex_lock_interruptible(l, &context))	\
	X(ww_mutex_lock_interrupted, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_MUTEX, WRITER, BLOCKS, FAILED, INTERRUPTED, ww_mutex_lock_interruptible(l, NULL))	\
	X(ww_mutex_lock_context_interrupted, "ww_mutex_lock_interruptible", "ww_mutex_lock_interruptible", \
	  WW_CONTEXT, WRITER, BLOCKS, FAILED, INTERRUPTED, ww_mutex_lock_interruptible(l, &context)) \
	X(ww_mutex_trylock, "ww_mutex_trylock", "ww_mutex_trylock",				\
	  WW_MUTEX, WRITER, TRIES, HELD, FREE, ww_mutex_trylock(l, NULL))			\
	X(ww_mutex_trylock_context, "ww_mutex_trylock", "ww_mutex_trylock",			\
	  WW_CONTEXT, WRITER, TRIES, HELD, FREE, ww_mutex_trylock(l, &context))			\
	X(ww_mutex_trylock_busy, "ww_mutex_trylock", "ww_mutex_trylock",			\
	  WW_MUTEX, WRITER, TRIES, FAILED, BUSY, ww_mutex_trylock(l, NULL))			\
	X(ww_mutex_trylock_context_busy, "ww_mutex_trylock", "ww_mutex_trylock",		\
	  WW_CONTEXT, WRITER, TRIES, FAILED, BUSY, ww_mutex_trylock(l, &context))

/* Readers are inlined: no function to hook, but a writer is seen. */
#define PERCPU_OPERATIONS(X)									\
	X(percpu_down_read, "", "",								\
	  PERCPU_RWSEM, READER, BLOCKS, HELD, FREE, (percpu_down_read(l), 0))			\
	X(percpu_down_read_trylock, "", "",							\
	  PERCPU_RWSEM, READER, TRIES, HELD, FREE, percpu_down_read_trylock(l))			\
	X(percpu_down_read_trylock_busy, "", "",						\
	  PERCPU_RWSEM, READER, TRIES, FAILED, BUSY, percpu_down_read_trylock(l))			\
	X(percpu_down_write, "percpu_down_write", "percpu_down_write",				\
	  PERCPU_RWSEM, WRITER, BLOCKS, HELD, FREE, (percpu_down_write(l), 0))			\
	X(percpu_down_write_waits, "percpu_down_write", "percpu_down_write",			\
	  PERCPU_RWSEM, WRITER, BLOCKS, HELD, BUSY_AWHILE, (percpu_down_write(l), 0))

/* cpu_hotplug_lock has no argument; no lock of ours. */
#define CPUS_OPERATIONS(X)									\
	X(cpus_read_lock, "cpus_read_lock", "cpus_read_lock",					\
	  CPUS, READER, BLOCKS, HELD, FREE, (cpus_read_lock(), 0))				\
	X(cpus_read_trylock, "cpus_read_trylock", "cpus_read_trylock",				\
	  CPUS, READER, TRIES, HELD, FREE, cpus_read_trylock())					\
	X(cpus_read_trylock_busy, "cpus_read_trylock", "cpus_read_trylock",			\
	  CPUS, READER, TRIES, FAILED, HOTPLUG, cpus_read_trylock())

/* The lock is in memory of its own and initialised on the spot. */
#define INIT_OPERATIONS(X)									\
	X(mutex_init, MUTEX_INIT_FUNCTION, MUTEX_LOCK,							\
	  MUTEX_INIT, WRITER, BLOCKS, HELD, FREE, (mutex_lock(&l->mutex), 0))			\
	X(init_rwsem, "__init_rwsem", "down_write",						\
	  RWSEM_INIT, WRITER, BLOCKS, HELD, FREE, (down_write(&l->rwsem), 0))			\
	X(rt_mutex_init, "__rt_mutex_init", RT_LOCK,						\
	  RT_MUTEX_INIT, WRITER, BLOCKS, HELD, FREE, (rt_mutex_lock(&l->rt_mutex), 0))		\
	X(ww_mutex_init, WW_MUTEX_INIT_FUNCTION, "ww_mutex_lock",					\
	  WW_MUTEX_INIT, WRITER, BLOCKS, HELD, FREE, ww_mutex_lock(&l->ww_mutex, NULL))		\
	X(percpu_init_rwsem, "__percpu_init_rwsem", "percpu_down_write",			\
	  PERCPU_RWSEM_INIT, WRITER, BLOCKS, HELD, FREE, (percpu_down_write(&l->percpu_rwsem), 0))

#endif
