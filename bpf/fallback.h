/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The hooks where fentry and fexit are refused: kprobes and kretprobes, by
 * kprobe.multi or each by itself. Loaded only when a hook needs them.
 *
 * A return program sees the result and not the arguments, so an entry program
 * leaves these in the task's storage. A return may be missed, as the kernel has
 * a limited number of places for return addresses: an entry whose stack frame
 * is gone by the time of the next one has returned unseen, and is counted.
 */
#ifndef LIVEDEP_FALLBACK_H
#define LIVEDEP_FALLBACK_H

#include "freeze.h"
#include "lock_fallbacks.h"

/* Lock functions that a task is in at once: ww_mutex_trylock() is in mutex_trylock(), freeze_super() in others. */
#define LD_MAX_CALLS	8

struct ld_call {
	u64 lock;
	u64 context;
	u64 sp;
	u32 hook;
	u32 unused;
};

struct task_calls {
	u32 depth;
	u32 unused;
	struct ld_call call[LD_MAX_CALLS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_calls);
} calls SEC(".maps");

/* Counts calls whose return, or whose entry, was not seen. */
static __always_inline void count_lost(u32 lost)
{
	u32 cpu = bpf_get_smp_processor_id() & (LD_COUNTER_CPUS - 1);

	counters[cpu].value[LD_C_LOST_CALLS] += lost;
}

/* Global functions, as in task_locks.h: never called with NULL. */
__noinline int begin_call(struct task_calls *c, u64 lock, u64 context, u64 sp, u32 hook)
{
	struct ld_call *call;
	u32 depth, top, lost = 0;

	if (!c)
		return 0;
	depth = c->depth;
	for (u32 i = 0; i < LD_MAX_CALLS; i++) {
		top = depth - 1;
		barrier_var(top);
		if (top >= LD_MAX_CALLS)
			break;
		call = &c->call[top];
		/* Of one frame are a function and what it jumps to at its end; nothing jumps to itself. */
		if (call->sp > sp || (call->sp == sp && call->hook != hook))
			break;
		depth = top;
		lost++;
	}
	barrier_var(depth);
	if (depth < LD_MAX_CALLS) {
		call = &c->call[depth];
		call->lock = lock;
		call->context = context;
		call->sp = sp;
		call->hook = hook;
		depth++;
	} else {
		lost++;
	}
	c->depth = depth;
	if (lost)
		count_lost(lost);
	return 0;
}

/* The index of the innermost call of a function, which ends here and all within it; or -1. */
__noinline int end_call(struct task_calls *c, u32 hook)
{
	u32 depth, top;

	if (!c)
		return -1;
	depth = c->depth;
	for (u32 i = 0; i < LD_MAX_CALLS; i++) {
		top = depth - 1;
		barrier_var(top);
		if (top >= LD_MAX_CALLS)
			break;
		if (c->call[top].hook == hook) {
			c->depth = top;
			if (i)
				count_lost(i);
			return top;
		}
		depth = top;
	}
	return -1;
}

static __always_inline struct ld_call *ended_call(u32 hook, bool matters)
{
	struct task_calls *c = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, 0);
	u32 index;

	/* Of a task without storage no entry was seen yet: it was inside when tracing began. */
	if (!c)
		return NULL;
	index = end_call(c, hook);
	barrier_var(index);
	if (index < LD_MAX_CALLS)
		return &c->call[index];
	if (matters)
		count_lost(1);
	return NULL;
}

/*
 * A register of the function's, read at once: the verifier does not follow a
 * choice between two places in the ctx.
 */
#define REGISTER(ctx, name)								\
({											\
	u64 value = (ctx)->name;							\
											\
	barrier_var(value);								\
	value;										\
})

/* The return address of a function that was just entered. */
static __always_inline u64 entry_site(struct pt_regs *ctx)
{
	u64 site = 0;

	bpf_probe_read_kernel(&site, sizeof(site), (void *)ctx->sp);
	return site;
}

SEC("kprobe.multi")
int fallback_enter(struct pt_regs *ctx)
{
	u64 first = REGISTER(ctx, di), second = REGISTER(ctx, si);
	struct task_struct *task;
	struct task_calls *c;
	u64 cookie;
	u32 rule;

	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	rule = LD_COOKIE_RULE(cookie);
	if ((rule & LD_R_TRYLOCK) && in_interrupt())
		return 0;
	task = bpf_get_current_task_btf();
	if (!task_locks(task))
		return 0;
	c = bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c) {
		count(LD_C_NO_STORAGE);
		return 0;
	}
	return begin_call(c, rule & LD_R_SECOND ? second : first, rule & LD_R_CONTEXT ? second : 0, ctx->sp,
			  LD_COOKIE_HOOK(cookie));
}

/* The kernel puts the real return address in place before it runs this: the instruction pointer is the call site. */
SEC("kretprobe.multi")
int fallback_return(struct pt_regs *ctx)
{
	u64 cookie, lock = cfg_cpu_hotplug_lock, context = 0;
	int result = REGISTER(ctx, ax);
	u32 rule, hook, type, mode;
	struct ld_call *call;
	bool obtained = true;

	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	rule = LD_COOKIE_RULE(cookie);
	hook = LD_COOKIE_HOOK(cookie);
	type = LD_COOKIE_TYPE(cookie);
	mode = LD_COOKIE_MODE(cookie);
	if (rule & LD_R_ERROR)
		obtained = !result;
	if (rule & LD_R_BOOL)
		obtained = result;
	if ((rule & LD_R_TRYLOCK) && in_interrupt()) {
		if (obtained)
			count(LD_C_INTERRUPT);
		return 0;
	}
	if (!(rule & LD_R_CPUS)) {
		call = ended_call(hook, obtained);
		if (!call)
			return 0;
		lock = call->lock;
		context = call->context;
	}
	if (obtained)
		return acquired(ctx, lock, ctx->ip, context, type, mode, rule & LD_R_TRYLOCK, hook);
	return rule & LD_R_ERROR ? failed(ctx, lock, type, mode, hook) : 0;
}

SEC("kprobe.multi")
int fallback_release(struct pt_regs *ctx)
{
	u64 cookie, lock = REGISTER(ctx, di);
	u32 rule, hook, mode;

	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	rule = LD_COOKIE_RULE(cookie);
	hook = LD_COOKIE_HOOK(cookie);
	mode = LD_COOKIE_MODE(cookie);
	if (mode == LD_READ && in_interrupt()) {
		count(LD_C_INTERRUPT);
		return 0;
	}
	if (hook == LD_HOOK_percpu_up_write && is_thawing())
		return 0;
	if (rule & LD_R_CPUS)
		lock = cfg_cpu_hotplug_lock;
	return released(ctx, lock, LD_COOKIE_TYPE(cookie), mode, hook, rule & LD_R_NON_OWNER);
}

SEC("kprobe.multi")
int fallback_downgrade(struct pt_regs *ctx)
{
	return ready ? downgraded(ctx->di, LD_HOOK_downgrade_write) : 0;
}

SEC("kprobe.multi")
int fallback_init(struct pt_regs *ctx)
{
	u64 cookie;

	if (!ready || in_interrupt())
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	return initialised(ctx->di, ctx->si, entry_site(ctx), LD_COOKIE_TYPE(cookie), LD_COOKIE_HOOK(cookie));
}

SEC("kprobe.multi")
int fallback_attempt(struct pt_regs *ctx)
{
	u64 cookie;

	if (!ready)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	return attempting(ctx, ctx->di, entry_site(ctx), LD_COOKIE_TYPE(cookie), LD_COOKIE_MODE(cookie),
			  LD_COOKIE_HOOK(cookie));
}

SEC("kprobe.multi")
int fallback_ww(struct pt_regs *ctx)
{
	return ready ? taking_ww(ctx->di, ctx->si) : 0;
}

SEC("kprobe.multi")
int fallback_fault(struct pt_regs *ctx)
{
	u64 cookie;

	if (!ready || in_interrupt())
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	return might_fault(ctx, entry_site(ctx), LD_COOKIE_HOOK(cookie));
}

SEC("kretprobe.multi")
int fallback_frozen(struct pt_regs *ctx)
{
	struct ld_call *call;

	if (!ready)
		return 0;
	call = ended_call(LD_HOOK_freeze_super, true);
	return call ? frozen(ctx, call->lock) : 0;
}

SEC("kprobe.multi")
int fallback_thaw(struct pt_regs *ctx)
{
	return ready ? thaw(true) : 0;
}

SEC("kretprobe.multi")
int fallback_thawed(struct pt_regs *ctx)
{
	return ready ? thaw(false) : 0;
}

#endif /* LIVEDEP_FALLBACK_H */
