// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programs that do nothing, on the tracepoints of the lockdep source: what no
 * program there can be cheaper than.
 */
#include "../kernel_types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/lock_acquire")
int empty_lock_acquire(u64 *ctx)
{
	return 0;
}

SEC("tp_btf/lock_release")
int empty_lock_release(u64 *ctx)
{
	return 0;
}
