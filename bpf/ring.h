/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The way to user space. */
#ifndef LIVEDEP_RING_H
#define LIVEDEP_RING_H

#include "config.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

static __always_inline u64 wakeup_flags(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= cfg_wakeup_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

#endif /* LIVEDEP_RING_H */
