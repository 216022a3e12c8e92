/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The key under which a chain of held locks and a new one is remembered as sent. */
#ifndef LIVEDEP_CHAIN_FILTER_H
#define LIVEDEP_CHAIN_FILTER_H

#include "chain_cache.h"
#include "task_locks.h"

/*
 * What kind of lock this is, as far as its memory says: the cache and the
 * offset in it, or the address of what is not a slab object. Two locks with
 * different keys may still be of one class, never the other way round where
 * caches are not shared; the site is added for those that are.
 */
__noinline u64 memory_key(struct ld_held *h)
{
	if (!h)
		return 0;
	if (h->origin.offset == LD_NOT_LOOKED_UP)
		look_up_origin(h->lock, &h->origin);
	return h->origin.cache ? mix(h->origin.cache, h->origin.offset) + h->origin.detail : h->lock;
}

/* 1 for 0, else 0, without a branch: the verifier would follow every combination of those. */
static __always_inline u64 is_zero(u64 word)
{
	u64 either = word | -word;

	barrier_var(either);
	either = ~either >> 63;
	/* Once more, or what is made of the bit becomes a branch. */
	barrier_var(either);
	return either;
}

/*
 * The key of the task's held locks with the one described above them on top.
 *
 * User space numbers the instances of a class that one task holds, so a lock
 * that is held already (a reader's) is told apart from another of its kind.
 */
__noinline u64 chain_key(struct task_locks *t)
{
	u64 new_key, hash, key, set, kind, is_kin, is_same, nested = 0, again = 0, fixed;
	struct ld_held *new, *h;

	if (!t)
		return 0;
	new = above(t);
	new->flags &= ~LD_H_AGAIN;
	new_key = memory_key(new);
	fixed = is_zero(new->origin.cache);
	set = new->lock;
	/* Whether it is under a ww context, and of those held, whether under the same one. */
	kind = new->mode + 2 * new->flags + (is_zero(new->context) << 10);
	hash = mix(mix(0x9e3779b97f4a7c15ULL, new_key + kind), new->site);
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++) {
		h = &t->held[i];
		key = memory_key(h);
		is_kin = is_zero(key ^ new_key);
		is_same = is_zero(h->lock ^ new->lock);
		nested |= is_kin & ~is_same;
		again |= is_same;
		fixed &= is_zero(h->origin.cache);
		set = mix(set, h->lock);
		kind = h->mode + 2 * h->flags + (is_zero(h->context) << 10) + (is_zero(h->context ^ new->context) << 11);
		hash = mix(mix(hash, key + kind), h->site);
	}
	new->flags |= again * LD_H_AGAIN;
	t->nested = nested;
	t->fixed = fixed;
	/* What user space distrusts after a miss was sent in vain, and is sent again. */
	t->chain = mix(hash, epoch + (again << 32)) | 1;
	t->set = mix(set, t->chain) | 1;
	return t->chain;
}

#endif /* LIVEDEP_CHAIN_FILTER_H */
