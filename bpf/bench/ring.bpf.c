// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Fills the ring with the records of the full stream, made by the same inline
 * functions as the hooks make them by. Run with BPF_PROG_TEST_RUN, unfiltered.
 */
#include "bench.h"

struct fill {
	u64 *ctx;
	struct bench_memory *memory;
	u64 sites;	/* a power of two */
};

/* An outer lock, an inner one from one of many sites, and both released: four records. */
static long turn(u32 i, void *context)
{
	struct fill *f = context;
	u64 outer = (u64)f->memory->lock[i & 3];
	u64 inner = (u64)f->memory->lock[4 + (i & 7)];

	acquired(f->ctx, outer, BENCH_SITE + 0x1000, 0, LD_MUTEX, LD_WRITE, false, LD_HOOK_mutex_lock);
	acquired(f->ctx, inner, BENCH_SITE + 0x2000 + 16 * (i & (f->sites - 1)), 0, LD_MUTEX, LD_WRITE, false,
		 LD_HOOK_mutex_lock);
	released(f->ctx, inner, LD_MUTEX, LD_WRITE, LD_HOOK_mutex_unlock, false);
	released(f->ctx, outer, LD_MUTEX, LD_WRITE, LD_HOOK_mutex_unlock, false);
	return 0;
}

/* Arguments: turns, sites. */
SEC("raw_tp/ring_fill")
int ring_fill(u64 *ctx)
{
	struct fill f = { .ctx = ctx, .sites = ctx[1] };
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_locks *t = task_locks(task);
	u32 zero = 0;

	f.memory = bpf_map_lookup_elem(&memory, &zero);
	if (!t || !f.memory)
		return -1;
	t->depth = 0;
	own_locks(f.memory, task);
	return bpf_loop(ctx[0], turn, &f, 0) == (long)ctx[0] ? 0 : -1;
}

static long forget(u32 i, void *context)
{
	u64 *value = bpf_map_lookup_elem(&chains, &i);

	if (value)
		*value = 0;
	return 0;
}

/* Every chain is new again. */
SEC("raw_tp/ring_forget")
int ring_forget(u64 *ctx)
{
	bpf_loop(LD_CHAIN_SLOTS, forget, NULL, 0);
	return 0;
}

/* A record without held locks, of which only the size counts. */
struct ld_record empty_record;

static long put_one(u32 i, void *context)
{
	return to_ring(&empty_record, sizeof(empty_record)) ? 0 : 1;
}

/* Puts so many records into the ring of the processor. Gives how many there was no room for. */
SEC("raw_tp/ring_put")
int ring_put(u64 *ctx)
{
	return bpf_loop(ctx[0], put_one, NULL, 0) == (long)ctx[0] ? 0 : -1;
}

/* The locks' names, where the kernel would have them. */
char lock_names[BENCH_LOCKS][16];

/* Initialises every lock, under a name of its own. */
SEC("raw_tp/ring_name")
int ring_name(u64 *ctx)
{
	struct bench_memory *locks;
	u32 zero = 0;

	locks = bpf_map_lookup_elem(&memory, &zero);
	if (!locks)
		return -1;
	for (u32 i = 0; i < BENCH_LOCKS; i++) {
		lock_names[i][0] = '&';
		lock_names[i][1] = 'a' + i;
		initialised((u64)locks->lock[i], (u64)lock_names[i], BENCH_SITE + 0x3000, LD_MUTEX, LD_HOOK___mutex_init);
	}
	return 0;
}
