/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is worth sending of a chain that was sent before: which locks they
 * were, and whose.
 *
 * User space grades a cycle by the instances that its dependencies were seen
 * with, by whether two tasks made it, and finds two instances of one class
 * taken in both orders. So a known chain is sent again
 *   - for its first LD_TOLD_INSTANCES sets of instances,
 *   - once for a second task,
 *   - where the new lock nests in one of its own kind, for each pair of
 *     instances, in each order.
 * Pairs are as many as there are objects, and a mixed load nests pipes, sockets
 * and directories all the time. Beyond LD_PAIR_BUDGET new pairs a second of one
 * kind, a pair goes only if its other order was seen: an inversion that occurs
 * again is found, and what did not go is counted and not marked as sent.
 */
#ifndef LIVEDEP_INSTANCE_FILTER_H
#define LIVEDEP_INSTANCE_FILTER_H

#include "chain_filter.h"

#define LD_INSTANCE_SLOTS	(1 << 17)
#define LD_TOLD_INSTANCES	8
#define LD_PAIR_BUDGET		64
#define LD_BUDGETS		256
#define LD_GENERATIONS		4096

/* One-word entries, stored as the chains are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_INSTANCE_SLOTS);
	__type(key, u32);
	__type(value, u64);
} instances SEC(".maps");

static __always_inline bool is_noted(u64 key)
{
	u32 slot = key & (LD_INSTANCE_SLOTS - 1);
	u64 *entry = bpf_map_lookup_elem(&instances, &slot);

	if (entry && *entry == key)
		return true;
	slot ^= 1;
	entry = bpf_map_lookup_elem(&instances, &slot);
	return entry && *entry == key;
}

static __always_inline void note(u64 key)
{
	u32 slot = (key & (LD_INSTANCE_SLOTS - 1)) ^ ((key >> 40) & 1);
	u64 *entry = bpf_map_lookup_elem(&instances, &slot);

	if (entry)
		*entry = key;
}

/*
 * ->told of a chain: the task that was sent with it, sets of instances, whether
 * a second task was sent, and bits of the key. The word is not written together
 * with the key: with other bits it is another chain's, and says nothing. ->set
 * is the set of instances that was seen last, of those that were sent.
 */
#define LD_TOLD_SHIFT		32
#define LD_TOLD_SECOND		(1ULL << 40)

static __always_inline u64 told_tag(u64 key)
{
	return key >> 16 << 48;
}

static __always_inline u64 told_of(struct ld_chain *chain, u64 key)
{
	u64 told = chain->told;

	return (told ^ told_tag(key)) >> 48 ? told_tag(key) : told;
}

static __always_inline u32 told_instances(u64 told)
{
	return told >> LD_TOLD_SHIFT & 0xff;
}

/* Whether nothing about this chain can be news, as it is made by this task. */
static __always_inline bool is_settled(struct task_locks *t, u64 key, u32 tid)
{
	struct ld_chain *chain = sent_chain(key);
	u64 told;

	if (!chain || t->nested)
		return false;
	told = told_of(chain, key);
	return (told & LD_TOLD_SECOND || (u32)told == tid) &&
	       (chain->set == t->set || told_instances(told) >= LD_TOLD_INSTANCES);
}

/* Rises with each initialisation of a lock at an address (of several addresses): who is there is somebody else. */
u32 generations[LD_GENERATIONS];

static __always_inline u32 *generation(u64 lock)
{
	return &generations[(lock >> 3 ^ lock >> 15) & (LD_GENERATIONS - 1)];
}

static __always_inline u64 instance(struct ld_held *h)
{
	return h->lock ^ (u64)*generation(h->lock) << 48;
}

/* That an instance was taken under another, ever. */
static __always_inline u64 order_key(struct ld_held *outer, struct ld_held *inner)
{
	return mix(mix(0x0bde5, instance(outer)), instance(inner)) | 1;
}

/* That user space was sent it. */
static __always_inline u64 pair_key(struct ld_held *outer, struct ld_held *inner)
{
	return mix(order_key(outer, inner), epoch | (u64)(outer->mode + 4 * inner->mode) << 32) | 1;
}

struct ld_budget {
	u64 second;
	u64 spent;
};

struct ld_budget budgets[LD_BUDGETS];

/* Whether one more pair of a kind may go. Races make the budget a little larger. */
static __always_inline bool is_affordable(u64 kind)
{
	struct ld_budget *budget = &budgets[mix(kind, 2) & (LD_BUDGETS - 1)];
	u64 second = bpf_ktime_get_ns() >> 30;

	if (budget->second != second) {
		budget->second = second;
		budget->spent = 0;
	}
	return budget->spent++ < LD_PAIR_BUDGET;
}

enum ld_news {
	LD_NEWS_CHAIN	= 1 << 0,
	LD_NEWS_PAIR	= 1 << 1,
	LD_NEWS_INSTANCES = 1 << 2,
	LD_NEWS_TASK	= 1 << 3,
	/* News that there is no budget for. */
	LD_NEWS_UNSENT	= 1 << 4,
};

#define LD_PAIR_NEW		1
#define LD_PAIR_REVERSED	2

/* Of the new lock under a held one of its kind: whether user space does not know, whether the other order was seen. */
__noinline u32 pair_state(struct ld_held *h, struct ld_held *new)
{
	u32 state;

	if (!h || !new || h->lock == new->lock || memory_key(h) != memory_key(new) || is_noted(pair_key(h, new)))
		return 0;
	state = is_noted(order_key(new, h)) ? LD_PAIR_NEW | LD_PAIR_REVERSED : LD_PAIR_NEW;
	note(order_key(h, new));
	return state;
}

__noinline int note_pair(struct ld_held *h, struct ld_held *new)
{
	if (!h || !new)
		return 0;
	if (h->lock != new->lock && memory_key(h) == memory_key(new))
		note(pair_key(h, new));
	return 0;
}

/* Whether an instance under another of its kind is news. */
__noinline u32 pair_news(struct task_locks *t)
{
	struct ld_held *new;
	u32 state = 0;

	if (!t)
		return 0;
	new = above(t);
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++)
		state |= pair_state(&t->held[i], new);
	if (!state)
		return 0;
	return state & LD_PAIR_REVERSED || is_affordable(memory_key(new)) ? LD_NEWS_PAIR : LD_NEWS_UNSENT;
}

/* What of the chain, whose key was made, user space has not been sent. */
__noinline u32 chain_news(struct task_locks *t, u32 tid)
{
	struct ld_chain *chain;
	u32 news = 0;
	u64 told;

	if (!t)
		return 0;
	if (t->nested)
		news = pair_news(t);
	chain = sent_chain(t->chain);
	if (!chain)
		return news | LD_NEWS_CHAIN;
	told = told_of(chain, t->chain);
	if (!(told & LD_TOLD_SECOND) && (u32)told != tid)
		news |= LD_NEWS_TASK;
	if (told_instances(told) >= LD_TOLD_INSTANCES)
		return news;
	if (is_noted(t->set))
		chain->set = t->set;
	else
		news |= LD_NEWS_INSTANCES;
	return news;
}

/* The record of the chain was accepted. */
__noinline int chain_sent(struct task_locks *t, u32 tid)
{
	struct ld_chain *chain;
	struct ld_held *new;
	u64 told;

	if (!t)
		return 0;
	chain = remember_sent(t->chain);
	if (!chain)
		return 0;
	told = told_of(chain, t->chain);
	if (!(u32)told)
		told |= tid;
	else if ((u32)told != tid)
		told |= LD_TOLD_SECOND;
	if (t->fixed) {
		/* Locks that are told apart by their addresses anyway. */
		told |= (u64)LD_TOLD_INSTANCES << LD_TOLD_SHIFT;
	} else if (told_instances(told) < LD_TOLD_INSTANCES && !is_noted(t->set)) {
		note(t->set);
		told += 1ULL << LD_TOLD_SHIFT;
	}
	chain->told = told;
	chain->set = t->set;
	if (!t->nested)
		return 0;
	new = above(t);
	for (u32 i = 0; i < LD_MAX_HELD && i < t->depth; i++)
		note_pair(&t->held[i], new);
	return 0;
}

#endif /* LIVEDEP_INSTANCE_FILTER_H */
