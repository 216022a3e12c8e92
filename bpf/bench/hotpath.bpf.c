// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The hot path alone, without trampolines: loops over the same inline
 * functions as the hooks, as raw tracepoint programs that BPF_PROG_TEST_RUN
 * runs. Not part of the object that livedep embeds.
 *
 * Two things differ from the hooks, as a raw tracepoint has no traced
 * function: the call site is a constant instead of caller(), and both halves
 * of a pair are in one program.
 */
#include "bench.h"

struct bench {
	u64 *ctx;
	struct bench_memory *memory;
	u64 site;
	u64 step;
};

static __always_inline int bench_acquire(u64 *ctx, u64 lock, u64 site)
{
	if (!ready)
		return 0;
	return acquired(ctx, lock, site, 0, LD_MUTEX, LD_WRITE, false, LD_HOOK_mutex_lock);
}

static __always_inline int bench_release(u64 *ctx, u64 lock)
{
	if (!ready)
		return 0;
	return released(ctx, lock, LD_MUTEX, LD_WRITE, LD_HOOK_mutex_unlock, false);
}

static long take_one(u32 i, void *context)
{
	struct bench *b = context;

	if (i + 1 < BENCH_LOCKS)
		bench_acquire(b->ctx, (u64)b->memory->lock[i + 1], BENCH_SITE + 16 * i);
	return 0;
}

static long pair(u32 i, void *context)
{
	struct bench *b = context;

	b->site += b->step;
	bench_acquire(b->ctx, (u64)b->memory->lock[0], b->site);
	bench_release(b->ctx, (u64)b->memory->lock[0]);
	return 0;
}

static long nothing(u32 i, void *context)
{
	struct bench *b = context;

	b->site += b->step;
	return 0;
}

/* What any pair costs that keeps a list per task: its storage is found twice. */
static long storage(u32 i, void *context)
{
	struct bench *b = context;
	struct task_locks *t = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);

	if (t)
		t->address = b->site;
	t = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
	if (t)
		t->address = b->site;
	return 0;
}

/* Arguments: pairs, locks held around them, and by how much the site changes from pair to pair. */
static __always_inline int begin(u64 *ctx, struct bench *b)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	u32 zero = 0;

	b->ctx = ctx;
	b->memory = bpf_map_lookup_elem(&memory, &zero);
	b->step = ctx[2];
	b->site = BENCH_SITE + ctx[3];
	if (!t || !b->memory)
		return -1;
	t->depth = 0;
	own_locks(b->memory, task);
	return 0;
}

SEC("raw_tp/bench_pairs")
int bench_pairs(u64 *ctx)
{
	struct bench b = {};

	if (begin(ctx, &b))
		return -1;
	bpf_loop(ctx[1], take_one, &b, 0);
	return bpf_loop(ctx[0], pair, &b, 0) == (long)ctx[0] ? 0 : -1;
}

SEC("raw_tp/bench_empty")
int bench_empty(u64 *ctx)
{
	struct bench b = {};

	if (begin(ctx, &b))
		return -1;
	return bpf_loop(ctx[0], nothing, &b, 0) == (long)ctx[0] ? 0 : -1;
}

SEC("raw_tp/bench_storage")
int bench_storage(u64 *ctx)
{
	struct bench b = {};

	if (begin(ctx, &b))
		return -1;
	return bpf_loop(ctx[0], storage, &b, 0) == (long)ctx[0] ? 0 : -1;
}

/* Whether the locks' slab cache is found: else a class key costs less here than on other machines. */
SEC("raw_tp/bench_origin")
int bench_origin(u64 *ctx)
{
	struct ld_origin origin = {};
	struct bench b = {};
	volatile u64 *address = &bench_word;

	if (begin(ctx, &b))
		return -1;
	*address = (u64)b.memory;
	look_up_origin(*address, &origin);
	return origin.cache != 0;
}
