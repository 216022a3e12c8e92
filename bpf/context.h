/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Where an event came from: task or interrupt, and which caller. */
#ifndef LIVEDEP_CONTEXT_H
#define LIVEDEP_CONTEXT_H

#include "config.h"

/* include/linux/preempt.h: softirq being served, hardirq and NMI counts. */
#define LD_SOFTIRQ_OFFSET	(1 << 8)
#define LD_HARDIRQ_NMI_MASK	0x00ff0000

#ifdef LD_WITHOUT_KSYMS
static __always_inline bool in_interrupt(void)
{
	return false;
}
#else
static __always_inline bool in_interrupt(void)
{
	const int *count;

	if (bpf_core_type_exists(struct pcpu_hot) && &pcpu_hot) {
		struct pcpu_hot *hot = (struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot);

		return BPF_CORE_READ(hot, preempt_count) & (LD_HARDIRQ_NMI_MASK | LD_SOFTIRQ_OFFSET);
	}
	if (!&__preempt_count)
		return false;
	count = bpf_this_cpu_ptr(&__preempt_count);
	return *count & (LD_HARDIRQ_NMI_MASK | LD_SOFTIRQ_OFFSET);
}
#endif

/* Words from a trampoline program's ctx to the traced function's return address, by kind. */
#define LD_CALLER_KINDS		8
volatile u32 caller_slots[LD_CALLER_KINDS];

/*
 * The return address of the traced function, from the trampoline's frame: no
 * stack walk. The word below it is the trampoline's own return address, just
 * behind the function's entry, which is how it is found, and checked each
 * time: another tool's program on the same function changes the frame.
 */
static __always_inline u64 caller(void *ctx, u32 kind)
{
	u64 function = bpf_get_func_ip(ctx);
	u64 words[2];
	u32 slot = caller_slots[kind];

	if (slot > 0 && slot < 16) {
		if (cfg_direct_reads) {
			if (kernel_word((u64)(ctx + slot * 8)) - function < 32)
				return kernel_word((u64)(ctx + slot * 8 + 8));
		} else {
			/* A call of the helper costs more than what it reads. */
			bpf_probe_read_kernel(words, sizeof(words), ctx + slot * 8);
			if (words[0] - function < 32)
				return words[1];
		}
	}
	for (slot = 1; slot < 12; slot++) {
		bpf_probe_read_kernel(words, sizeof(words), ctx + slot * 8);
		if (words[0] - function < 32) {
			caller_slots[kind] = slot;
			return words[1];
		}
	}
	return 0;
}

static __always_inline bool from_fault_path(u64 site)
{
	for (int i = 0; i < LD_FAULT_RANGES; i++)
		if (site - cfg_fault_ranges[i].start < cfg_fault_ranges[i].end - cfg_fault_ranges[i].start)
			return true;
	return false;
}

static __always_inline u64 own_mmap_lock(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	return mm ? (u64)mm + bpf_core_field_offset(struct mm_struct, mmap_lock) : 0;
}

#endif /* LIVEDEP_CONTEXT_H */
