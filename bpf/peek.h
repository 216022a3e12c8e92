/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef LIVEDEP_PEEK_H
#define LIVEDEP_PEEK_H

#include "config.h"

/*
 * Reads kernel memory for user space: kernel variables that no file shows.
 * Run through BPF_PROG_TEST_RUN with address and length as its arguments.
 */
#define LD_PEEK_MAX	4096
u8 peeked[LD_PEEK_MAX];

SEC("raw_tp/sys_enter")
int peek(u64 *ctx)
{
	u64 address = ctx[0];
	u64 length = ctx[1];

	if (length > LD_PEEK_MAX)
		return -1;
	return bpf_probe_read_kernel(peeked, length, (void *)address);
}

#endif /* LIVEDEP_PEEK_H */
