/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Filling a record of the lockdep source in and handing it to the ring. */
#ifndef LIVEDEP_LOCKDEP_SEND_H
#define LIVEDEP_LOCKDEP_SEND_H

#include "lockdep_list.h"
#include "lockdep_lock_type.h"
#include "ring.h"

struct lockdep_scratch {
	struct ld_record record;
	u8 tail[LD_MAX_LOCKDEP_HELD * sizeof(struct ld_held) + LD_MAX_STACK * 8];
};

_Static_assert(sizeof(((struct lockdep_scratch *)0)->tail) >= LD_CLASS_NAME_LEN, "names go into the tail");

/* Only programs that run with preemption off use it: see lockdep_list.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct lockdep_scratch);
} scratches SEC(".maps");

static __always_inline struct lockdep_scratch *begin(struct lockdep_list *t, enum ld_kind kind, u8 hook)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 zero = 0;
	struct lockdep_scratch *s = bpf_map_lookup_elem(&scratches, &zero);
	struct ld_record *r;

	if (!s)
		return NULL;
	r = &s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->size = sizeof(*r);
	r->kind = kind;
	r->hook = hook;
	r->flags = (t->old ? LD_F_OLD_TASK : 0) | (t->missing ? LD_F_OVERFLOW : 0);
	r->depth = t->depth;
	r->seq = t->seq;
	r->tgid = task->tgid;
	r->cpu = bpf_get_smp_processor_id();
	r->tid = task->pid ? task->pid : LD_IDLE_TID + r->cpu;
	r->time = bpf_ktime_get_ns();
	return s;
}

static __always_inline bool emit(struct lockdep_list *t, struct lockdep_scratch *s, u32 size)
{
	/* Told to the verifier, which does not follow the sum of the parts. */
	barrier_var(size);
	if (size > sizeof(*s))
		return false;
	s->record.size = size;
	t->seq++;
	if (!to_ring(s, size)) {
		count(LD_C_DROPPED);
		return false;
	}
	count(LD_C_SENT);
	return true;
}

/* Tells the task's name where it has not been told. */
__noinline int tell_name(struct lockdep_list *t)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct lockdep_scratch *s;

	if (!t || t->named)
		return 0;
	s = begin(t, LD_TASK, 0);
	if (!s)
		return 0;
	bpf_probe_read_kernel_str(s->tail, LD_NAME_LEN,
				  (const char *)task + bpf_core_field_offset(struct task_struct, comm));
	s->record.nname = LD_NAME_LEN;
	t->named = emit(t, s, sizeof(s->record) + LD_NAME_LEN);
	return 0;
}

/* Known for locks that were initialised so; lockdep caches the class of others once they are taken (6.5+). */
static __always_inline bool is_ordered(u64 map)
{
	u64 class;

	if (!bpf_core_field_exists(struct lock_class, cmp_fn))
		return false;
	class = read_word(map + bpf_core_field_offset(struct lockdep_map, class_cache));
	return class && read_word(class + bpf_core_field_offset(struct lock_class, cmp_fn));
}

/* Tells user space of the entry's class. Returns whether it knows it. */
__noinline int tell_class(struct lockdep_list *t, struct ld_held *h)
{
	struct lockdep_scratch *s;
	struct ld_record *r;
	u64 key;

	if (!t || !h)
		return 0;
	key = mix(mix(0xc1a55, h->origin.cache), h->origin.detail) | 1;
	if (sent_before(key))
		return 1;
	s = begin(t, LD_CLASS, LD_HOOK_lock_acquire);
	if (!s)
		return 0;
	r = &s->record;
	r->lock = h->lock;
	r->site = h->site;
	r->origin = h->origin;
	r->aux = read_word(h->lock + bpf_core_field_offset(struct lockdep_map, name));
	r->type = lock_type(h->lock, r->aux);
	r->mode = (h->flags & LD_H_UNCHECKED ? LD_CLASS_UNCHECKED : 0) | (is_ordered(h->lock) ? LD_CLASS_ORDERED : 0);
	s->tail[0] = 0;
	bpf_probe_read_kernel_str(s->tail, LD_CLASS_NAME_LEN, (void *)r->aux);
	r->nname = LD_CLASS_NAME_LEN;
	if (!emit(t, s, sizeof(*r) + LD_CLASS_NAME_LEN))
		return 0;
	remember_sent(key);
	return 1;
}

/* Tells of the classes of the `depth` outermost entries. Returns whether user space knows all of them. */
__noinline int tell_classes(struct lockdep_list *t, u32 depth)
{
	int told = 1;

	if (!t)
		return 0;
	for (u32 i = 0; i < LD_MAX_LOCKDEP_HELD && i < depth; i++)
		told &= tell_class(t, &t->held[i]);
	return told;
}

/*
 * Sends an event of one lock with the `depth` locks it rests on, and a stack
 * where one is wanted. Returns whether user space has it all.
 */
static __always_inline bool send_chain(void *ctx, struct lockdep_list *t, enum ld_kind kind, u8 hook, struct ld_held *new,
				       u32 depth, u8 flags, bool stack)
{
	struct lockdep_scratch *s;
	struct ld_record *r;
	u32 bytes;
	long length;

	tell_name(t);
	if (!tell_class(t, new) || !tell_classes(t, depth)) {
		/* The gap shows that something is missing. */
		t->seq++;
		return false;
	}
	s = begin(t, kind, hook);
	if (!s)
		return false;
	r = &s->record;
	r->depth = depth;
	r->mode = new->mode;
	r->flags |= flags | (new->flags & (LD_F_TRYLOCK | LD_F_FAULT));
	r->lock = new->lock;
	/* might_fault() tells its own address: who called it is on the stack. */
	r->site = kind == LD_MAY ? 0 : new->site;
	r->aux = new->context;
	r->origin = new->origin;
	barrier_var(depth);
	if (depth > LD_MAX_LOCKDEP_HELD)
		return false;
	bytes = depth * sizeof(struct ld_held);
	if (bytes)
		bpf_probe_read_kernel(s->tail, bytes, t->held);
	r->nheld = depth;
	if (stack) {
		length = bpf_get_stack(ctx, s->tail + bytes, LD_MAX_STACK * 8, 0);
		if (length > 0 && length <= LD_MAX_STACK * 8) {
			r->nstack = length / 8;
			bytes += length;
		}
	}
	return emit(t, s, sizeof(*r) + bytes);
}

/* Sends an event that rests on nothing. */
static __always_inline void send_plain(struct lockdep_list *t, enum ld_kind kind, u8 hook, u64 lock, u8 mode, u8 flags)
{
	struct lockdep_scratch *s;

	tell_name(t);
	s = begin(t, kind, hook);
	if (!s)
		return;
	s->record.lock = lock;
	s->record.mode = mode;
	s->record.flags |= flags;
	emit(t, s, sizeof(s->record));
}

#endif /* LIVEDEP_LOCKDEP_SEND_H */
