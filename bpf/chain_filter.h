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

/* Bits of ->seen: a kind's, an instance's, and that of any slab object. */
#define LD_SEEN_SLAB	(1ULL << 63)

static __always_inline u64 kind_bit(u64 key)
{
	return 1ULL << (key * 0x9e3779b97f4a7c15ULL >> 59);
}

static __always_inline u64 instance_bit(u64 lock)
{
	return 1ULL << 32 << (lock * 0x9e3779b97f4a7c15ULL >> 60);
}

static __always_inline u64 slab_bit(struct ld_held *h)
{
	return LD_SEEN_SLAB & (is_zero(h->origin.cache) - 1);
}

/* How a lock is held: its mode, its flags, whether it is under a ww context. */
static __always_inline u64 manner(struct ld_held *h)
{
	return h->mode + 2 * h->flags + (is_zero(h->context) << 10);
}

/* Adds the held lock at `index` to a prefix. */
__noinline int add_to_prefix(struct task_locks *t, u32 index, struct ld_prefix *prefix)
{
	struct ld_held *h;
	u64 key;

	if (!t || !prefix || index >= LD_MAX_HELD)
		return 0;
	h = &t->held[index];
	key = memory_key(h);
	prefix->hash = mix(mix(prefix->hash, key + manner(h)), h->site);
	prefix->set = mix(prefix->set, h->lock);
	prefix->seen |= kind_bit(key) | instance_bit(h->lock) | slab_bit(h);
	return 0;
}

/* Makes the prefixes that the list has and ->prefix lacks: one, where a lock was taken since. */
__noinline int extend_prefixes(struct task_locks *t)
{
	u32 index;

	if (!t)
		return 0;
	index = t->hashed;
	/* Counted from there: from 0, the verifier would follow each place where the first could be. */
	for (u32 i = 0; i < LD_PREFIXES; i++, index++) {
		barrier_var(index);
		if (index >= LD_PREFIXES || index >= t->depth)
			break;
		t->prefix[index + 1] = t->prefix[index];
		add_to_prefix(t, index, &t->prefix[index + 1]);
	}
	t->hashed = index;
	return 0;
}

/* The held locks that no prefix is kept of. */
__noinline int add_deep_locks(struct task_locks *t, struct ld_prefix *prefix)
{
	if (!t || !prefix)
		return 0;
	for (u32 i = LD_PREFIXES; i < LD_MAX_HELD && i < t->depth; i++)
		add_to_prefix(t, i, prefix);
	return 0;
}

/*
 * Compares the new lock with the held ones: whether it is held already, whether
 * it is another of a kind that is held. Returns which of them are under the
 * same ww context.
 */
__noinline u64 among_held(struct task_locks *t, u64 new_key)
{
	u64 is_kin, is_same, nested = 0, again = 0, companions = 0;
	struct ld_held *new, *h;

	if (!t)
		return 0;
	new = above(t);
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++) {
		h = &t->held[i];
		is_kin = is_zero(memory_key(h) ^ new_key);
		is_same = is_zero(h->lock ^ new->lock);
		nested |= is_kin & ~is_same;
		again |= is_same;
		companions |= is_zero(h->context ^ new->context) << i;
	}
	new->flags |= again * LD_H_AGAIN;
	t->nested = nested;
	return companions;
}

/*
 * The key of the task's held locks with the one described above them on top.
 *
 * User space numbers the instances of a class that one task holds, so a lock
 * that is held already (a reader's) is told apart from another of its kind.
 * What the held locks have to do with it is worked out once for as long as they
 * stay: a lock that shares no bit with them is none of them and of no kind that
 * they are of, and needs to be compared with none.
 */
__noinline u64 chain_key(struct task_locks *t)
{
	struct ld_prefix prefix;
	struct ld_held *new;
	u64 key, hash;
	u32 kept;

	if (!t)
		return 0;
	if (t->hashed < t->depth && t->hashed < LD_PREFIXES)
		extend_prefixes(t);
	kept = t->depth;
	barrier_var(kept);
	if (kept > LD_PREFIXES)
		kept = LD_PREFIXES;
	barrier_var(kept);
	prefix = t->prefix[kept];
	if (t->depth > LD_PREFIXES)
		add_deep_locks(t, &prefix);
	new = above(t);
	new->flags &= ~LD_H_AGAIN;
	key = memory_key(new);
	hash = prefix.hash;
	t->nested = false;
	if (prefix.seen & (kind_bit(key) | instance_bit(new->lock)) || new->context) {
		u64 companions = among_held(t, key);

		if (new->context)
			hash = mix(hash, companions);
	}
	t->fixed = !((prefix.seen | slab_bit(new)) & LD_SEEN_SLAB);
	hash = mix(mix(hash, key + manner(new)), new->site);
	/* What user space distrusts after a miss was sent in vain, and is sent again. */
	t->chain = mix(hash, epoch) | 1;
	t->set = mix(mix(prefix.set, new->lock), t->chain) | 1;
	return t->chain;
}

#endif /* LIVEDEP_CHAIN_FILTER_H */
