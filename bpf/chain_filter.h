/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The key under which a chain of held locks and a new one is remembered as sent. */
#ifndef LIVEDEP_CHAIN_FILTER_H
#define LIVEDEP_CHAIN_FILTER_H

#include "chain_cache.h"
#include "task_locks.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_NAME_SLOTS);
	__type(key, u32);
	__type(value, u64);
} names SEC(".maps");

/*
 * What kind of lock this is, as far as its memory says: the cache and the
 * offset in it, or the address of what is not a slab object. Two locks with
 * different keys may still be of one class, never the other way round where
 * caches are not shared; the site is added for those that are.
 */
static __always_inline u64 memory_key(struct ld_held *h)
{
	if (h->origin.offset == LD_NOT_LOOKED_UP)
		look_up_origin(h->lock, &h->origin);
	return h->origin.cache ? mix(h->origin.cache, h->origin.offset) + h->origin.detail : h->lock;
}

/*
 * The key of the task's held locks with the one described above them on top;
 * 0 when the chain must not be filtered, as two of its locks may be of one
 * class: such nesting is told apart by its instances.
 */
__noinline u64 chain_key(struct task_locks *t)
{
	u64 seen = 0, new_key, hash, key, bit;
	struct ld_held *new, *h;
	bool nested = false;

	if (!t)
		return 0;
	new = above(t);
	new_key = memory_key(new);
	hash = mix(mix(0x9e3779b97f4a7c15ULL, new_key + new->mode + 2 * new->flags), new->site);
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++) {
		h = &t->held[i];
		key = memory_key(h);
		/* A one-word Bloom filter: a false match only sends a chain once more. */
		bit = 1ULL << (mix(key, 1) & 63);
		nested |= key == new_key;
		if (h->origin.cache)
			nested |= (seen & bit) != 0;
		seen |= bit;
		hash = mix(mix(hash, key + h->mode + 2 * h->flags), h->site);
	}
	/* What user space distrusts after a miss was sent in vain, and is sent again. */
	hash = mix(hash, epoch);
	return nested ? 0 : hash | 1;
}

#endif /* LIVEDEP_CHAIN_FILTER_H */
