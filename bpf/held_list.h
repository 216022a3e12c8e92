/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the lists of both sources have in common. */
#ifndef LIVEDEP_HELD_LIST_H
#define LIVEDEP_HELD_LIST_H

#include "config.h"

/* The index of the innermost entry of a lock among the first `depth`, at most `limit`; or -1. */
static __always_inline int innermost(const struct ld_held *held, u32 depth, u32 limit, u64 lock)
{
	u32 index = depth - 1;

	for (u32 i = 0; i < limit; i++, index--) {
		if (index >= limit)
			break;
		if (held[index].lock == lock)
			return index;
	}
	return -1;
}

#endif /* LIVEDEP_HELD_LIST_H */
