// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The hooks: one program per function of lock_hooks.h, each a line.
 *
 * An acquisition needs one fexit program: it sees the arguments and the
 * result. A release is hooked on entry, before the lock is really free.
 * Programs for functions that this kernel lacks are not loaded.
 */
#include "fallback.h"
#include "modules.h"
#include "peek.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Kinds of frames for caller(): arguments of the function, fexit or fentry alone. */
#define FEXIT(nargs)	(nargs)
#define FENTRY(nargs)	(4 + (nargs))

/* An acquisition that cannot fail. */
#define LOCK(function, nargs, type, mode)						\
SEC("fexit/" #function)									\
int x_##function(u64 *ctx)								\
{											\
	if (!ready)									\
		return 0;								\
	return acquired(ctx, ctx[0], caller(ctx, FEXIT(nargs)), 0, type, mode, false,	\
			LD_HOOK_##function);						\
}

/* One that returns an error instead of the lock. */
#define LOCK_OR_ERROR(function, nargs, type, mode)					\
SEC("fexit/" #function)									\
int x_##function(u64 *ctx)								\
{											\
	if (!ready)									\
		return 0;								\
	if ((int)ctx[nargs])								\
		return failed(ctx, ctx[0], type, mode, LD_HOOK_##function);		\
	return acquired(ctx, ctx[0], caller(ctx, FEXIT(nargs)), 0, type, mode, false,	\
			LD_HOOK_##function);						\
}

/* One that returns 1 with the lock, 0 without; may run in interrupts. */
#define TRYLOCK(function, nargs, type, mode)						\
SEC("fexit/" #function)									\
int x_##function(u64 *ctx)								\
{											\
	if (!ready || !(int)ctx[nargs])							\
		return 0;								\
	if (in_interrupt()) {								\
		count(LD_C_INTERRUPT);							\
		return 0;								\
	}										\
	return acquired(ctx, ctx[0], caller(ctx, FEXIT(nargs)), 0, type, mode, true,	\
			LD_HOOK_##function);						\
}

#define UNLOCK(function, type, mode, non_owner)						\
SEC("fentry/" #function)								\
int x_##function(u64 *ctx)								\
{											\
	if (!ready)									\
		return 0;								\
	if (mode == LD_READ && in_interrupt()) {					\
		count(LD_C_INTERRUPT);							\
		return 0;								\
	}										\
	return released(ctx, ctx[0], type, mode, LD_HOOK_##function, non_owner);		\
}

#define INIT(function, nargs, type)							\
SEC("fentry/" #function)								\
int x_##function(u64 *ctx)								\
{											\
	if (!ready || in_interrupt())							\
		return 0;								\
	return initialised(ctx[0], ctx[1], caller(ctx, FENTRY(nargs)), type,		\
			   LD_HOOK_##function);						\
}

UNLOCK(mutex_unlock, LD_MUTEX, LD_WRITE, false)
UNLOCK(up_read, LD_RWSEM, LD_READ, false)
UNLOCK(up_write, LD_RWSEM, LD_WRITE, false)
UNLOCK(up_read_non_owner, LD_RWSEM, LD_READ, true)
/* A thaw lets go of what a freeze took, which is no task's. */
SEC("fentry/percpu_up_write")
int x_percpu_up_write(u64 *ctx)
{
	if (!ready || is_thawing())
		return 0;
	return released(ctx, ctx[0], LD_PERCPU_RWSEM, LD_WRITE, LD_HOOK_percpu_up_write, false);
}

SEC("fexit/freeze_super")
int x_freeze_super(u64 *ctx)
{
	return ready ? frozen(ctx, ctx[0]) : 0;
}

SEC("fentry/thaw_super")
int x_thaw_super(u64 *ctx)
{
	return ready ? thaw(true) : 0;
}

SEC("fexit/thaw_super")
int x_thaw_super_exit(u64 *ctx)
{
	return ready ? thaw(false) : 0;
}

UNLOCK(ww_mutex_unlock, LD_WW_MUTEX, LD_WRITE, false)
UNLOCK(rt_mutex_unlock, LD_RT_MUTEX, LD_WRITE, false)

SEC("fentry/downgrade_write")
int x_downgrade_write(u64 *ctx)
{
	if (!ready)
		return 0;
	return downgraded(ctx[0], LD_HOOK_downgrade_write);
}

INIT(__mutex_init, 3, LD_MUTEX)
INIT(__mutex_rt_init, 3, LD_MUTEX)
INIT(__init_rwsem, 3, LD_RWSEM)
INIT(__rt_mutex_init, 3, LD_RT_MUTEX)

SEC("fentry/__percpu_init_rwsem")
int x___percpu_init_rwsem(u64 *ctx)
{
	if (!ready || in_interrupt())
		return 0;
	return initialised(ctx[0], ctx[1], caller(ctx, FENTRY(3)), LD_PERCPU_RWSEM, LD_HOOK___percpu_init_rwsem);
}

LOCK(mutex_lock, 1, LD_MUTEX, LD_WRITE)
LOCK(mutex_lock_io, 1, LD_MUTEX, LD_WRITE)
LOCK(mutex_lock_nested, 2, LD_MUTEX, LD_WRITE)
LOCK(mutex_lock_io_nested, 2, LD_MUTEX, LD_WRITE)
LOCK(_mutex_lock_nest_lock, 2, LD_MUTEX, LD_WRITE)
LOCK_OR_ERROR(mutex_lock_interruptible, 1, LD_MUTEX, LD_WRITE)
LOCK_OR_ERROR(mutex_lock_killable, 1, LD_MUTEX, LD_WRITE)
LOCK_OR_ERROR(mutex_lock_interruptible_nested, 2, LD_MUTEX, LD_WRITE)
LOCK_OR_ERROR(mutex_lock_killable_nested, 2, LD_MUTEX, LD_WRITE)
TRYLOCK(mutex_trylock, 1, LD_MUTEX, LD_WRITE)

SEC("fexit/atomic_dec_and_mutex_lock")
int x_atomic_dec_and_mutex_lock(u64 *ctx)
{
	if (!ready || !(int)ctx[2])
		return 0;
	return acquired(ctx, ctx[1], caller(ctx, FEXIT(2)), 0, LD_MUTEX, LD_WRITE, false,
			LD_HOOK_atomic_dec_and_mutex_lock);
}

LOCK(down_read, 1, LD_RWSEM, LD_READ)
LOCK(down_read_nested, 2, LD_RWSEM, LD_READ)
LOCK(down_read_non_owner, 1, LD_RWSEM, LD_READ)
LOCK_OR_ERROR(down_read_interruptible, 1, LD_RWSEM, LD_READ)
LOCK_OR_ERROR(down_read_killable, 1, LD_RWSEM, LD_READ)
LOCK_OR_ERROR(down_read_killable_nested, 2, LD_RWSEM, LD_READ)
TRYLOCK(down_read_trylock, 1, LD_RWSEM, LD_READ)
LOCK(down_write, 1, LD_RWSEM, LD_WRITE)
LOCK(down_write_nested, 2, LD_RWSEM, LD_WRITE)
LOCK(_down_write_nest_lock, 2, LD_RWSEM, LD_WRITE)
LOCK_OR_ERROR(down_write_killable, 1, LD_RWSEM, LD_WRITE)
LOCK_OR_ERROR(down_write_killable_nested, 2, LD_RWSEM, LD_WRITE)
TRYLOCK(down_write_trylock, 1, LD_RWSEM, LD_WRITE)

LOCK(percpu_down_write, 1, LD_PERCPU_RWSEM, LD_WRITE)

/* Waiting for readers has no contention tracepoint: the attempt is told here. */
SEC("fentry/percpu_down_write")
int x_percpu_down_write_entry(u64 *ctx)
{
	if (!ready)
		return 0;
	return attempting(ctx, ctx[0], caller(ctx, FEXIT(1)), LD_PERCPU_RWSEM, LD_WRITE, LD_HOOK_percpu_down_write_entry);
}

SEC("fexit/cpus_read_lock")
int x_cpus_read_lock(u64 *ctx)
{
	if (!ready)
		return 0;
	return acquired(ctx, cfg_cpu_hotplug_lock, caller(ctx, FEXIT(0)), 0, LD_PERCPU_RWSEM, LD_READ, false,
			LD_HOOK_cpus_read_lock);
}

SEC("fexit/cpus_read_trylock")
int x_cpus_read_trylock(u64 *ctx)
{
	if (!ready || !(int)ctx[0])
		return 0;
	return acquired(ctx, cfg_cpu_hotplug_lock, caller(ctx, FEXIT(0)), 0, LD_PERCPU_RWSEM, LD_READ, true,
			LD_HOOK_cpus_read_trylock);
}

SEC("fentry/cpus_read_unlock")
int x_cpus_read_unlock(u64 *ctx)
{
	if (!ready)
		return 0;
	return released(ctx, cfg_cpu_hotplug_lock, LD_PERCPU_RWSEM, LD_READ, LD_HOOK_cpus_read_unlock, false);
}

/* -EALREADY, -EDEADLK and -EINTR leave the lock as it was. */
#define WW_LOCK(function)								\
SEC("fexit/" #function)									\
int x_##function(u64 *ctx)								\
{											\
	if (!ready)									\
		return 0;								\
	if ((int)ctx[2])								\
		return failed(ctx, ctx[0], LD_WW_MUTEX, LD_WRITE, LD_HOOK_##function);	\
	return acquired(ctx, ctx[0], caller(ctx, FEXIT(2)), ctx[1], LD_WW_MUTEX, LD_WRITE, false, \
			LD_HOOK_##function);						\
}

WW_LOCK(ww_mutex_lock)
WW_LOCK(ww_mutex_lock_interruptible)

#define WW_ENTRY(function)								\
SEC("fentry/" #function)								\
int x_##function##_entry(u64 *ctx)							\
{											\
	if (!ready)									\
		return 0;								\
	return taking_ww(ctx[0], ctx[1]);						\
}

WW_ENTRY(ww_mutex_lock)
WW_ENTRY(ww_mutex_lock_interruptible)

SEC("fexit/ww_mutex_trylock")
int x_ww_mutex_trylock(u64 *ctx)
{
	if (!ready || !(int)ctx[2])
		return 0;
	return acquired(ctx, ctx[0], caller(ctx, FEXIT(2)), ctx[1], LD_WW_MUTEX, LD_WRITE, true,
			LD_HOOK_ww_mutex_trylock);
}

LOCK(rt_mutex_lock, 1, LD_RT_MUTEX, LD_WRITE)
LOCK(rt_mutex_lock_nested, 2, LD_RT_MUTEX, LD_WRITE)
LOCK(_rt_mutex_lock_nest_lock, 2, LD_RT_MUTEX, LD_WRITE)
LOCK_OR_ERROR(rt_mutex_lock_interruptible, 1, LD_RT_MUTEX, LD_WRITE)
LOCK_OR_ERROR(rt_mutex_lock_killable, 1, LD_RT_MUTEX, LD_WRITE)
TRYLOCK(rt_mutex_trylock, 1, LD_RT_MUTEX, LD_WRITE)

/*
 * The copies themselves are in lib/, which is built without ftrace; kprobes
 * reach them where the kernel allows those on such functions
 * (CONFIG_KPROBE_EVENTS_ON_NOTRACE).
 */
#define USER_COPY(function)								\
SEC("kprobe/" #function)								\
int x_##function(struct pt_regs *ctx)							\
{											\
	u64 site = 0;									\
											\
	if (!ready)									\
		return 0;								\
	bpf_probe_read_kernel(&site, sizeof(site), (void *)BPF_CORE_READ(ctx, sp));	\
	return might_fault(ctx, site, LD_HOOK_##function);				\
}

USER_COPY(_copy_to_user)
USER_COPY(_copy_from_user)
USER_COPY(strncpy_from_user)
USER_COPY(strnlen_user)

/* The iterator may be over kernel memory, which does not fault. */
#define USER_ITER(function)								\
SEC("kprobe/" #function)								\
int x_##function(struct pt_regs *ctx)							\
{											\
	struct iov_iter *iter = (void *)BPF_CORE_READ(ctx, dx);				\
	u64 site = 0;									\
	u8 type = 0xff;									\
											\
	if (!ready)									\
		return 0;								\
	bpf_probe_read_kernel(&type, sizeof(type),					\
			      (void *)iter + bpf_core_field_offset(struct iov_iter, iter_type)); \
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC) &&			\
	    !(bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) &&			\
	      type == bpf_core_enum_value(enum iter_type, ITER_UBUF)))			\
		return 0;								\
	bpf_probe_read_kernel(&site, sizeof(site), (void *)BPF_CORE_READ(ctx, sp));	\
	return might_fault(ctx, site, LD_HOOK_##function);				\
}

USER_ITER(_copy_to_iter)
USER_ITER(_copy_from_iter)

/* A debug kernel says it itself, for inlined copies too (mm/memory.c). */
SEC("fentry/__might_fault")
int x___might_fault(u64 *ctx)
{
	if (!ready || in_interrupt())
		return 0;
	return might_fault(ctx, caller(ctx, FENTRY(2)), LD_HOOK___might_fault);
}

/*
 * Where it does not: a hardened kernel checks each copy of a size that is not
 * constant first (include/linux/uaccess.h). Copies to and from kernel memory
 * are checked too: whoever reads the record looks at what the caller calls next.
 */
SEC("fentry/__check_object_size")
int x___check_object_size(u64 *ctx)
{
	if (!ready || in_interrupt())
		return 0;
	return might_fault(ctx, caller(ctx, FENTRY(3)), LD_HOOK___check_object_size);
}

/* include/trace/events/lock.h */
#define LCB_F_SPIN	(1U << 0)
#define LCB_F_READ	(1U << 1)
#define LCB_F_WRITE	(1U << 2)
#define LCB_F_RT	(1U << 3)
#define LCB_F_PERCPU	(1U << 4)
#define LCB_F_MUTEX	(1U << 5)

SEC("tp_btf/contention_begin")
int x_contention_begin(u64 *ctx)
{
	u32 flags = ctx[1];
	u8 type, mode;

	/* Fires for the spinlocks of BPF itself: turned away before any helper is called. */
	if (flags & (LCB_F_SPIN | LCB_F_RT))
		return 0;
	if (!ready || in_interrupt())
		return 0;
	if (flags & LCB_F_MUTEX)
		type = LD_MUTEX;
	else if (flags & LCB_F_PERCPU)
		type = LD_PERCPU_RWSEM;
	else
		type = LD_RWSEM;
	mode = flags & LCB_F_READ ? LD_READ : LD_WRITE;
	return attempting(ctx, ctx[0], 0, type, mode, LD_HOOK_contention_begin);
}

SEC("tp_btf/sched_process_exit")
int x_sched_process_exit(u64 *ctx)
{
	if (!ready)
		return 0;
	return ended(bpf_get_current_task_btf());
}

/* A new name, by exec too, is told with the task's next record, and decides anew whether the task is followed. */
SEC("tp_btf/task_rename")
int x_task_rename(u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t;
	bool ignored;

	if (!ready || (struct task_struct *)ctx[0] != task)
		return 0;
	t = bpf_task_storage_get(&tasks, task, 0, 0);
	if (!t)
		return 0;
	t->named = false;
	ignored = !is_followed(task, (const char *)ctx[1]);
	/* What it takes or releases while it is not followed is not seen: it starts anew. */
	if (ignored != t->ignored)
		t->depth = 0;
	t->ignored = ignored;
	return 0;
}

/* A child follows its parent even when the parents between it and --pid are gone by the time it takes a lock. */
SEC("tp_btf/sched_process_fork")
int x_sched_process_fork(u64 *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx[1];
	struct task_locks *parent, *t;

	if (!ready || !cfg_pid)
		return 0;
	parent = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
	if (!parent || parent->ignored)
		return 0;
	t = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t)
		count(LD_C_NO_STORAGE);
	return 0;
}
