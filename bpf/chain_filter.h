/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which chains user space has already been sent.
 *
 * A chain is the held locks and the new one, each as a key at least as fine as
 * its class. The cache is an array of 64-bit keys that is read and written
 * without a lock, because no bucket lock may be taken under arbitrary locks of
 * the kernel. Why it loses nothing (DESIGN 3.4): a key is stored only after
 * its record was accepted by the ring, and a store is one word, so a slot
 * always holds a key that was sent; a slot overwritten by another chain, or
 * lost to a race, only makes a chain be sent again. Two chains with one 64-bit
 * key are the residual risk: about n^2/2^65 for n chains.
 */
#ifndef LIVEDEP_CHAIN_FILTER_H
#define LIVEDEP_CHAIN_FILTER_H

#include "task_locks.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_CHAIN_SLOTS);
	__type(key, u32);
	__type(value, u64);
} chains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_NAME_SLOTS);
	__type(key, u32);
	__type(value, u64);
} names SEC(".maps");

/* A multiply and two shifts: the finaliser's constant is splitmix64's. */
static __always_inline u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
	return hash ^ (hash >> 29);
}

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

static __always_inline bool sent_before(u64 key)
{
	u32 slot = key & (LD_CHAIN_SLOTS - 1);
	u64 *first = bpf_map_lookup_elem(&chains, &slot);

	if (first && *first == key)
		return true;
	slot ^= 1;
	first = bpf_map_lookup_elem(&chains, &slot);
	return first && *first == key;
}

static __always_inline void remember_sent(u64 key)
{
	u32 slot = (key & (LD_CHAIN_SLOTS - 1)) ^ ((key >> 40) & 1);
	u64 *value = bpf_map_lookup_elem(&chains, &slot);

	if (value)
		*value = key;
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
