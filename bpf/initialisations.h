/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Initialisations of locks that user space may never need to hear of.
 *
 * Every inode, pipe and socket has its locks initialised, and most are never
 * taken together with another: what is known of them is kept here until a
 * record names the lock, and sent ahead of that record. Another lock that needs
 * the slot pushes it out, to user space: nothing is forgotten. A lock that is
 * initialised again replaces itself. In the full stream an initialisation is
 * sent at once, and kept here if the ring had no room: another lock's name must
 * not stay on the address.
 *
 * A slot is changed by whoever turned its state to LD_INIT_BUSY; others do not
 * wait for that: what cannot be kept is sent. What remains is a lock whose old
 * entry is pushed out on one processor in the very moment in which it is
 * initialised on another.
 */
#ifndef LIVEDEP_INITIALISATIONS_H
#define LIVEDEP_INITIALISATIONS_H

#include "instance_filter.h"
#include "send.h"

#define LD_INIT_SLOTS	(1 << 16)

enum ld_init_state {
	LD_INIT_NONE = 0,
	LD_INIT_BUSY,
	LD_INIT_KEPT,
};

struct ld_init_slot {
	u64 state;
	struct ld_init init;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_INIT_SLOTS);
	__type(key, u32);
	__type(value, struct ld_init_slot);
} initialisations SEC(".maps");

static __always_inline struct ld_init_slot *init_slot(u64 lock)
{
	u32 slot = mix(lock, 3) & (LD_INIT_SLOTS - 1);

	return bpf_map_lookup_elem(&initialisations, &slot);
}

static __always_inline u64 init_state(struct ld_init_slot *slot)
{
	return *(volatile u64 *)&slot->state;
}

static __always_inline void set_init_state(struct ld_init_slot *slot, u64 state)
{
	/* Behind what was written to the slot: a swap is a full barrier. */
	__sync_lock_test_and_set(&slot->state, state);
}

static __always_inline void describe_init(struct task_locks *t, u64 lock, u64 name, u64 site, u8 type, u8 hook)
{
	t->init.lock = lock;
	t->init.name = name;
	t->init.site = site;
	t->init.type = type;
	t->init.proven = false;
	t->init.hook = hook;
	look_up_origin(lock, &t->init.origin);
}

/* Keeps ->init of the task. Returns whether ->init is to be sent instead: it, or the one that it pushed out. */
__noinline int keep_init(struct task_locks *t)
{
	struct ld_init_slot *slot;
	struct ld_init pushed_out;
	u64 state;

	if (!t)
		return 0;
	slot = init_slot(t->init.lock);
	if (!slot)
		return 1;
	state = init_state(slot);
	if (state == LD_INIT_BUSY || __sync_val_compare_and_swap(&slot->state, state, LD_INIT_BUSY) != state)
		return 1;
	pushed_out = slot->init;
	slot->init = t->init;
	set_init_state(slot, LD_INIT_KEPT);
	if (state != LD_INIT_KEPT || pushed_out.lock == t->init.lock)
		return 0;
	t->init = pushed_out;
	return 1;
}

/* Sends ->init of the task. Returns whether it was accepted. */
__noinline int send_init(struct task_locks *t)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ld_record *r;
	u32 tail = 0;
	bool known;

	if (!t)
		return 0;
	name_task(t, task);
	known = name_sent(t->init.name, t->init.site);
	r = start_record(t, task, LD_INIT, t->init.hook);
	r->type = t->init.type;
	r->flags |= t->init.proven ? LD_F_PROVEN : 0;
	r->lock = t->init.lock;
	r->site = t->init.site;
	r->aux = t->init.name;
	r->origin = t->init.origin;
	if (!known) {
		bpf_probe_read_kernel_str(t->scratch.tail, LD_NAME_LEN, (void *)t->init.name);
		tail = LD_NAME_LEN;
		r->nname = tail;
		r->size += tail;
	}
	if (!put(t, sizeof(*r) + tail))
		return 0;
	if (!known)
		remember_name(t->init.name, t->init.site);
	return 1;
}

/* User space was told of the lock's initialisation. */
__noinline int drop_init(u64 lock)
{
	struct ld_init_slot *slot = init_slot(lock);

	if (!slot || slot->init.lock != lock ||
	    __sync_val_compare_and_swap(&slot->state, LD_INIT_KEPT, LD_INIT_BUSY) != LD_INIT_KEPT)
		return 0;
	set_init_state(slot, slot->init.lock == lock ? LD_INIT_NONE : LD_INIT_KEPT);
	return 0;
}

/* Set with the first initialisation that the ring had no room for. */
bool init_refused;

/* Whether a record may have to be preceded by initialisations. */
static __always_inline bool keeps_inits(void)
{
	return !cfg_unfiltered || init_refused;
}

/* Sends what is kept of a lock that a record is about to name. Returns whether user space knows all there is. */
__noinline int tell_init(struct task_locks *t, struct ld_held *h)
{
	struct ld_init_slot *slot;
	u64 state;
	int sent;

	if (!t || !h)
		return 0;
	if (h->origin.offset == LD_NOT_LOOKED_UP)
		look_up_origin(h->lock, &h->origin);
	slot = init_slot(h->lock);
	if (!slot)
		return 1;
	state = init_state(slot);
	if (state == LD_INIT_NONE || (state == LD_INIT_KEPT && slot->init.lock != h->lock))
		return 1;
	/* Somebody is at it: this lock's may be what is being pushed out, and not sent yet. */
	if (state == LD_INIT_BUSY ||
	    __sync_val_compare_and_swap(&slot->state, LD_INIT_KEPT, LD_INIT_BUSY) != LD_INIT_KEPT)
		return 0;
	t->init = slot->init;
	if (t->init.lock != h->lock) {
		set_init_state(slot, LD_INIT_KEPT);
		return 1;
	}
	/* Memory that went to another cache meanwhile holds another lock. */
	sent = t->init.origin.cache != h->origin.cache || t->init.origin.offset != h->origin.offset || send_init(t);
	set_init_state(slot, sent ? LD_INIT_NONE : LD_INIT_KEPT);
	return sent;
}

/* The same for all that a record with the task's held locks names, and for the one above them where it is named. */
__noinline int tell_inits(struct task_locks *t, u32 depth)
{
	int told = 1;

	if (!t)
		return 0;
	for (u32 i = 0; i <= LD_MAX_HELD && i < depth; i++)
		told &= tell_init(t, &t->held[i]);
	return told;
}

#endif /* LIVEDEP_INITIALISATIONS_H */
