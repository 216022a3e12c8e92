// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The programs of the lockdep source: lockdep's own two tracepoints, which go
 * on after lockdep has turned itself off, and what these do not tell.
 */
#include "lockdep_source.h"
#include "modules.h"
#include "peek.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * BPF runs every program under rcu_read_lock(), and its helpers take locks:
 * both come back here, and are turned away before anything is looked at.
 */
#define GUARDED(statement)								\
	do {										\
		volatile u8 *running;							\
											\
		if (in_interrupt()) {							\
			count(LD_C_INTERRUPT);						\
			return 0;							\
		}									\
		running = busy_here();							\
		if (*running)								\
			return 0;							\
		*running = 1;								\
		statement;								\
		*running = 0;								\
	} while (0)

SEC("tp_btf/lock_release")
int x_lock_release(u64 *ctx)
{
	if (!ready || is_rcu(ctx[0]))
		return 0;
	GUARDED(releasing(ctx, (struct lockdep_map *)ctx[0]));
	return 0;
}

SEC("tp_btf/lock_acquire")
int x_lock_acquire(u64 *ctx)
{
	if (!ready || is_rcu(ctx[0]))
		return 0;
	GUARDED(acquiring(ctx, (struct lockdep_map *)ctx[0]));
	return 0;
}

/* include/trace/events/lock.h */
#define LCB_F_SPIN	(1U << 0)
#define LCB_F_RT	(1U << 3)
#define LCB_F_PERCPU	(1U << 4)
#define LCB_F_MUTEX	(1U << 5)

static __always_inline void contended(u64 *ctx)
{
	struct lockdep_list *t = list_of(bpf_get_current_task_btf(), false);
	u32 flags = ctx[1];
	u64 lock;

	if (!t)
		return;
	lock = plain(t, ctx[0]);
	if (flags & LCB_F_MUTEX)
		lock += bpf_core_field_offset(struct mutex___dep, dep_map);
	else if (flags & LCB_F_PERCPU)
		lock += bpf_core_field_offset(struct percpu_rw_semaphore, dep_map);
	else if (flags & LCB_F_RT)
		lock += bpf_core_field_offset(struct rt_mutex___dep, dep_map);
	else
		lock += bpf_core_field_offset(struct rw_semaphore___dep, dep_map);
	catch_up(ctx, t);
	begin_wait(ctx, t, LD_HOOK_contention_begin, list_index(t, lock));
}

SEC("tp_btf/contention_begin")
int x_contention_begin(u64 *ctx)
{
	/* Who spins, or is about to wait after spinning, will soon say more or go on. */
	if (!ready || (u32)ctx[1] & LCB_F_SPIN)
		return 0;
	GUARDED(contended(ctx));
	return 0;
}

static __always_inline void contention_over(u64 *ctx)
{
	struct lockdep_list *t = list_of(bpf_get_current_task_btf(), false);

	if (t)
		end_wait(ctx, t, LD_HOOK_contention_end, (int)ctx[1] == 0);
}

SEC("tp_btf/contention_end")
int x_contention_end(u64 *ctx)
{
	if (!ready)
		return 0;
	GUARDED(contention_over(ctx));
	return 0;
}

/*
 * lock_downgrade() has no tracepoint, and a writer that waits for percpu
 * readers no contention. These two programs run with preemption on, so they
 * touch only the task's list, and leave records to the next tracepoint.
 */
SEC("fentry/downgrade_write")
int x_downgrade_write(u64 *ctx)
{
	struct lockdep_list *t;
	u64 hash, map;
	u32 index;

	if (!ready)
		return 0;
	t = list_of(bpf_get_current_task_btf(), false);
	if (!t)
		return 0;
	map = plain(t, ctx[0]) + bpf_core_field_offset(struct rw_semaphore___dep, dep_map);
	index = list_index(t, map);
	barrier_var(index);
	if (index >= LD_MAX_LOCKDEP_HELD)
		return 0;
	t->held[index].mode = LD_READ;
	t->downgraded = map;
	hash = chain_below(t, index);
	for (u32 i = 0; i < LD_MAX_LOCKDEP_HELD && i < t->depth; i++) {
		if (i < index)
			continue;
		hash = mix(hash, class_word(&t->held[i]));
		t->chain[i] = hash;
	}
	return 0;
}

SEC("fentry/percpu_down_write")
int x_percpu_down_write_entry(u64 *ctx)
{
	struct lockdep_list *t;

	if (!ready)
		return 0;
	t = list_of(bpf_get_current_task_btf(), false);
	if (t)
		t->entering = plain(t, ctx[0]) + bpf_core_field_offset(struct percpu_rw_semaphore, dep_map);
	return 0;
}

SEC("fexit/percpu_down_write")
int x_percpu_down_write(u64 *ctx)
{
	struct lockdep_list *t;

	if (!ready)
		return 0;
	t = list_of(bpf_get_current_task_btf(), false);
	if (t) {
		t->entering = 0;
		t->arrived = true;
	}
	return 0;
}

/*
 * Tracepoints do not fire on a CPU that is not online (include/linux/tracepoint.h):
 * what the task that takes it down holds will be released unseen, and what the
 * one that brings it up releases was taken unseen.
 */
SEC("fentry/set_cpu_online")
int x_set_cpu_online(u64 *ctx)
{
	struct lockdep_list *t;

	if (!ready)
		return 0;
	t = list_of(bpf_get_current_task_btf(), false);
	if (t) {
		t->depth = 0;
		t->offline = true;
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int x_sched_process_exit(u64 *ctx)
{
	if (!ready)
		return 0;
	GUARDED(ending(ctx));
	return 0;
}

/* A new name, by exec too, is told with the task's next record, and decides anew whether the task is followed. */
static __always_inline void renamed(u64 *ctx, struct task_struct *task)
{
	struct lockdep_list *t = bpf_task_storage_get(&lists, task, 0, 0);
	bool ignored;

	if (!t)
		return;
	t->named = false;
	ignored = !is_followed(task, (const char *)ctx[1]);
	/* What it takes or releases while it is not followed is not seen: it starts anew. */
	if (ignored != t->ignored) {
		t->depth = 0;
		t->old = true;
	}
	t->ignored = ignored;
}

SEC("tp_btf/task_rename")
int x_task_rename(u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!ready || (struct task_struct *)ctx[0] != task)
		return 0;
	GUARDED(renamed(ctx, task));
	return 0;
}

/* A child follows its parent even when the parents between it and --pid are gone by the time it takes a lock. */
static __always_inline void forked(struct task_struct *child)
{
	struct lockdep_list *parent = bpf_task_storage_get(&lists, bpf_get_current_task_btf(), 0, 0);

	if (!parent || parent->ignored)
		return;
	if (!bpf_task_storage_get(&lists, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		count(LD_C_NO_STORAGE);
}

SEC("tp_btf/sched_process_fork")
int x_sched_process_fork(u64 *ctx)
{
	if (!ready || !cfg_pid)
		return 0;
	GUARDED(forked((struct task_struct *)ctx[1]));
	return 0;
}
