/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every function that is hooked, once: X(id, function). The BPF programs are
 * named after the function (x_FUNCTION), records name the hook by its index.
 */
#ifndef LIVEDEP_LOCK_HOOKS_H
#define LIVEDEP_LOCK_HOOKS_H

#define LD_HOOKS(X)							\
	/* releases first: they are attached in this order */		\
	X(mutex_unlock)							\
	X(up_read)							\
	X(up_write)							\
	X(up_read_non_owner)						\
	X(downgrade_write)						\
	X(cpus_read_unlock)						\
	X(percpu_up_write)						\
	X(ww_mutex_unlock)						\
	X(rt_mutex_unlock)						\
	X(__mutex_init)							\
	X(__mutex_rt_init)						\
	X(__init_rwsem)							\
	X(__percpu_init_rwsem)						\
	X(__rt_mutex_init)						\
	X(mutex_lock)							\
	X(mutex_lock_interruptible)					\
	X(mutex_lock_killable)						\
	X(mutex_lock_io)						\
	X(mutex_lock_nested)						\
	X(mutex_lock_interruptible_nested)				\
	X(mutex_lock_killable_nested)					\
	X(mutex_lock_io_nested)						\
	X(_mutex_lock_nest_lock)					\
	X(mutex_trylock)						\
	X(atomic_dec_and_mutex_lock)					\
	X(down_read)							\
	X(down_read_interruptible)					\
	X(down_read_killable)						\
	X(down_read_nested)						\
	X(down_read_killable_nested)					\
	X(down_read_non_owner)						\
	X(down_read_trylock)						\
	X(down_write)							\
	X(down_write_killable)						\
	X(down_write_nested)						\
	X(down_write_killable_nested)					\
	X(_down_write_nest_lock)					\
	X(down_write_trylock)						\
	X(cpus_read_lock)						\
	X(cpus_read_trylock)						\
	X(percpu_down_write)						\
	X(ww_mutex_lock)						\
	X(ww_mutex_lock_interruptible)					\
	X(ww_mutex_trylock)						\
	X(rt_mutex_lock)						\
	X(rt_mutex_lock_interruptible)					\
	X(rt_mutex_lock_killable)					\
	X(rt_mutex_lock_nested)						\
	X(_rt_mutex_lock_nest_lock)					\
	X(rt_mutex_trylock)						\
	X(_copy_to_user)						\
	X(_copy_from_user)						\
	X(strncpy_from_user)						\
	X(strnlen_user)							\
	X(_copy_to_iter)						\
	X(_copy_from_iter)						\
	X(__might_fault)						\
	X(__check_object_size)						\
	X(contention_begin)						\
	X(sched_process_exit)						\
	X(task_rename)							\
	X(sched_process_fork)						\
	X(percpu_down_write_entry)					\
	X(ww_mutex_lock_entry)						\
	X(ww_mutex_lock_interruptible_entry)				\
	X(module_load)							\
	X(freeze_super)							\
	X(thaw_super)							\
	X(thaw_super_exit)						\
	/* the lockdep source's */					\
	X(lock_release)							\
	X(contention_end)						\
	X(set_cpu_online)						\
	X(lock_acquire)

enum ld_hook {
#define LD_HOOK_ENUM(function) LD_HOOK_##function,
	LD_HOOKS(LD_HOOK_ENUM)
#undef LD_HOOK_ENUM
	LD_HOOK_MAX,
};

#endif /* LIVEDEP_LOCK_HOOKS_H */
