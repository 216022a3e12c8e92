/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What user space tells the programs before they are loaded, and after. */
#ifndef LIVEDEP_CONFIG_H
#define LIVEDEP_CONFIG_H

#include "kernel_types.h"

#define LD_FAULT_RANGES		4
#define LD_CHAIN_SLOTS		(1 << 16)
#define LD_NAME_SLOTS		(1 << 12)
#define LD_RCU_MAPS		6

struct ld_range {
	u64 start;
	u64 end;
};

/* Constants: the verifier prunes what they switch off. */
const volatile u32 cfg_own_tgid;
const volatile bool cfg_unfiltered;
/* Which tasks are followed: all where these are zero. */
const volatile u32 cfg_pid;
const volatile char cfg_comm[16];
const volatile u64 cfg_cgroup;
const volatile u32 cfg_cgroup_level;
const volatile u64 cfg_wakeup_bytes = 64 << 10;
/* Processors share a ring whose numbers differ in so many low bits. */
const volatile u32 cfg_ring_shift = 31;
/* The last ring; what processors there may be beyond those that were counted share it. */
const volatile u32 cfg_last_ring;
/* &cpu_hotplug_lock: cpus_read_lock() takes no argument. */
const volatile u64 cfg_cpu_hotplug_lock;
/* The page-fault path: a trylock of mmap_lock from here blocks if it fails. */
const volatile struct ld_range cfg_fault_ranges[LD_FAULT_RANGES];
const volatile u32 cfg_page_struct_size;
/* The kernel has bpf_rdonly_cast(). */
const volatile bool cfg_direct_reads;
/* The maps of rcu_read_lock() and its kin: BPF itself takes them around each program. */
const volatile u64 cfg_rcu_maps[LD_RCU_MAPS];
/* Locks with this key are none of lockdep's (include/linux/lockdep.h, lockdep_set_notrack_class). */
const volatile u64 cfg_no_track_key;
const volatile struct ld_range cfg_might_fault;

/*
 * x86-64 memory map, zero where the machine has another. Variables, as they
 * are read from the kernel through these very programs.
 */
volatile u64 page_offset_base;
volatile u64 vmemmap_base;

/*
 * The word at an address of the kernel, 0 where it cannot be read: with one
 * instruction where the kernel lets programs say what lies at an address, with
 * a helper's call else. The struct is one that begins with a plain word, on
 * every kernel: what it is for does not matter.
 */
static __always_inline u64 kernel_word(u64 address)
{
	u64 word = 0;

	if (cfg_direct_reads) {
		struct timespec64 *words = bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct timespec64));

		return words->tv_sec;
	}
	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

/* A field of at most a word, of the kernel's struct at an address. */
#define kernel_field(type, address, field) \
	((typeof(((type *)0)->field))kernel_word((address) + bpf_core_field_offset(type, field)))

/* The gate is opened when everything is attached. */
volatile bool ready;
/* CLOCK_MONOTONIC when the gate opened. */
volatile u64 ready_time;
/* Raised by user space whenever a program's miss counter rose. */
volatile u32 epoch;

struct ld_counters {
	u64 value[16];
} __attribute__((aligned(128)));

_Static_assert(LD_COUNTER_MAX <= 16, "one slot per counter");

/* Processors beyond these share slots: a count may then be short, never a record. */
#define LD_COUNTER_CPUS		256
struct ld_counters counters[LD_COUNTER_CPUS];

static __always_inline void count(enum ld_counter what)
{
	u32 cpu = bpf_get_smp_processor_id() & (LD_COUNTER_CPUS - 1);

	counters[cpu].value[what]++;
}

#endif /* LIVEDEP_CONFIG_H */
