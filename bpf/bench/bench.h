/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the benchmarks' programs share: locks of their own, the gate, counters. */
#ifndef LIVEDEP_BENCH_H
#define LIVEDEP_BENCH_H

/* A kernel without CONFIG_KALLSYMS_ALL has no addresses of variables to give; none is needed here. */
#define LD_WITHOUT_KSYMS
#include "../events.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define BENCH_LOCKS	16
/* Mutexes lie at least so far apart in kernel structs. */
#define BENCH_WORDS	8

/* Small enough for the kernel to take it from a slab cache, as most locks are. */
struct bench_memory {
	u64 lock[BENCH_LOCKS][BENCH_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bench_memory);
} memory SEC(".maps");

/* Every lock has this task for its owner, wherever in it this kernel keeps that. */
static __always_inline void own_locks(struct bench_memory *memory, struct task_struct *task)
{
	for (u32 i = 0; i < BENCH_LOCKS; i++)
		for (u32 k = 0; k < BENCH_WORDS; k++)
			memory->lock[i][k] = (u64)task;
}

#define BENCH_SITE	0xffffffff81000000ULL

/* What bench_peek() read. */
u64 bench_word;

/* Opens the gate. Its arguments are the bases of the direct map and of the page structs. */
SEC("raw_tp/bench_prepare")
int bench_prepare(u64 *ctx)
{
	page_offset_base = ctx[0];
	vmemmap_base = ctx[1];
	ready = true;
	return 0;
}

/* Reads the word at an address. */
SEC("raw_tp/bench_peek")
int bench_peek(u64 *ctx)
{
	return bpf_probe_read_kernel(&bench_word, sizeof(bench_word), (void *)ctx[0]);
}

/* A figure of events counted since loading: which is the argument. */
SEC("raw_tp/bench_counter")
int bench_counter(u64 *ctx)
{
	u64 sum = 0;
	u32 which = ctx[0] & 15;

	for (u32 i = 0; i < LD_COUNTER_CPUS; i++)
		sum += counters[i].value[which];
	return sum;
}

#endif /* LIVEDEP_BENCH_H */
