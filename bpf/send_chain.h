/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sending what may add a dependency. */
#ifndef LIVEDEP_SEND_CHAIN_H
#define LIVEDEP_SEND_CHAIN_H

#include "initialisations.h"

/*
 * Sends an event that may add a dependency, with the lock described above the
 * held ones: the held list it rests on, and a stack.
 */
static __always_inline bool send_chain(void *ctx, struct task_locks *t, struct task_struct *task, enum ld_kind kind,
				       u8 flags, bool stack)
{
	struct ld_held *new = above(t);
	struct ld_record *r;
	u32 tail;

	name_task(t, task);
	if (keeps_inits() && !tell_inits(t, t->depth + 1)) {
		/* The gap shows that something is missing. */
		t->seq++;
		count(LD_C_DROPPED);
		return false;
	}
	r = start_record(t, task, kind, new->hook);
	r->type = new->type;
	r->mode = new->mode;
	r->flags |= flags | (new->flags & ~LD_H_AGAIN);
	r->lock = new->lock;
	r->site = new->site;
	r->aux = new->context;
	if (new->origin.offset == LD_NOT_LOOKED_UP)
		look_up_origin(new->lock, &new->origin);
	r->origin = new->origin;
	tail = append_held(t, t->depth);
	barrier_var(tail);
	if (tail > LD_MAX_HELD * sizeof(struct ld_held))
		return false;
	if (stack)
		tail += append_stack(t, ctx, tail);
	r->size += tail;
	return put(t, sizeof(*r) + tail);
}

#endif /* LIVEDEP_SEND_CHAIN_H */
