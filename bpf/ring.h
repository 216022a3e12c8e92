/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The way to user space: one ring, or one for each processor or group of them. */
#ifndef LIVEDEP_RING_H
#define LIVEDEP_RING_H

#include "config.h"
#include "lock_records.h"

/* User space makes the rings, as many and as large as the run is to have; this only says what they are. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, LD_MAX_RINGS);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/*
 * Puts a record into the ring of the processor. Two processors that write to
 * one ring wait for each other at its spinlock.
 */
static __always_inline bool to_ring(void *record, u64 size)
{
	u32 index = bpf_get_smp_processor_id() >> cfg_ring_shift;
	void *ring;
	u64 flags;

	if (index > cfg_last_ring)
		index = cfg_last_ring;
	ring = bpf_map_lookup_elem(&rings, &index);
	if (!ring)
		return false;
	flags = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) >= cfg_wakeup_bytes ? BPF_RB_FORCE_WAKEUP
									       : BPF_RB_NO_WAKEUP;
	return bpf_ringbuf_output(ring, record, size, flags) == 0;
}

#endif /* LIVEDEP_RING_H */
