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
#ifndef LIVEDEP_CHAIN_CACHE_H
#define LIVEDEP_CHAIN_CACHE_H

#include "config.h"

struct ld_chain {
	u64 key;
	/* What more was sent of it: instance_filter.h. */
	u64 told;
	u64 set;
	u64 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_CHAIN_SLOTS);
	__type(key, u32);
	__type(value, struct ld_chain);
} chains SEC(".maps");

/* A multiply and two shifts: the finaliser's constant is splitmix64's. */
static __always_inline u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
	return hash ^ (hash >> 29);
}

/* The slot of a chain that was sent, or NULL. */
static __always_inline struct ld_chain *sent_chain(u64 key)
{
	u32 slot = key & (LD_CHAIN_SLOTS - 1);
	struct ld_chain *chain = bpf_map_lookup_elem(&chains, &slot);

	if (chain && chain->key == key)
		return chain;
	slot ^= 1;
	chain = bpf_map_lookup_elem(&chains, &slot);
	return chain && chain->key == key ? chain : NULL;
}

static __always_inline bool sent_before(u64 key)
{
	return sent_chain(key);
}

static __always_inline struct ld_chain *remember_sent(u64 key)
{
	struct ld_chain *chain = sent_chain(key);
	u32 slot = (key & (LD_CHAIN_SLOTS - 1)) ^ ((key >> 40) & 1);

	if (chain)
		return chain;
	chain = bpf_map_lookup_elem(&chains, &slot);
	if (chain)
		chain->key = key;
	return chain;
}

#endif /* LIVEDEP_CHAIN_CACHE_H */
