/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Filling a record in and handing it to the ring. */
#ifndef LIVEDEP_SEND_H
#define LIVEDEP_SEND_H

#include "chain_cache.h"
#include "task_locks.h"
#include "ring.h"

static __always_inline bool put(struct task_locks *t, u32 size)
{
	/* Told to the verifier, which does not follow the sum of the parts. */
	barrier_var(size);
	if (size > sizeof(struct scratch))
		return false;
	t->seq++;
	if (!to_ring(&t->scratch, size)) {
		count(LD_C_DROPPED);
		return false;
	}
	count(LD_C_SENT);
	if (t->acquired)
		count_acquired(t);
	return true;
}

static __always_inline struct ld_record *start_record(struct task_locks *t, struct task_struct *task,
						      enum ld_kind kind, u8 hook)
{
	struct ld_record *r = &t->scratch.record;

	r->size = sizeof(*r);
	r->kind = kind;
	r->hook = hook;
	r->type = 0;
	r->mode = 0;
	r->flags = (t->old ? LD_F_OLD_TASK : 0) | (t->missing ? LD_F_OVERFLOW : 0);
	r->depth = t->depth;
	r->seq = t->seq;
	r->tid = task->pid;
	r->tgid = task->tgid;
	r->cpu = bpf_get_smp_processor_id();
	r->nheld = 0;
	r->nstack = 0;
	r->epoch = epoch;
	r->nname = 0;
	r->time = bpf_ktime_get_ns();
	r->lock = 0;
	r->site = 0;
	r->aux = 0;
	r->origin.cache = 0;
	r->origin.offset = 0;
	r->origin.detail = 0;
	return r;
}

static __always_inline bool send_name(struct task_locks *t, struct task_struct *task, const char *comm)
{
	struct ld_record *r = start_record(t, task, LD_TASK, LD_HOOK_task_rename);
	char *name = (char *)t->scratch.tail;

	bpf_probe_read_kernel_str(name, LD_NAME_LEN, comm);
	r->nname = LD_NAME_LEN;
	r->size += LD_NAME_LEN;
	return put(t, sizeof(*r) + LD_NAME_LEN);
}

static __always_inline void name_task(struct task_locks *t, struct task_struct *task)
{
	if (!t->named)
		t->named = send_name(t, task, (const char *)task + bpf_core_field_offset(struct task_struct, comm));
}

/* Appends the held list as it was before the event. Returns the tail's length. */
__noinline u32 append_held(struct task_locks *t, u32 depth)
{
	u32 bytes;

	if (!t)
		return 0;
	if (depth > LD_MAX_HELD)
		depth = LD_MAX_HELD;
	for (u32 i = 0; i < LD_MAX_HELD && i < depth; i++)
		if (t->held[i].origin.offset == LD_NOT_LOOKED_UP)
			look_up_origin(t->held[i].lock, &t->held[i].origin);
	bytes = depth * sizeof(struct ld_held);
	/* The bound, once more, where the verifier has lost it. */
	barrier_var(bytes);
	if (bytes > LD_MAX_HELD * sizeof(struct ld_held))
		return 0;
	if (bytes)
		bpf_probe_read_kernel(t->scratch.tail, bytes, t->held);
	t->scratch.record.nheld = depth;
	return bytes;
}

static __always_inline u32 append_stack(struct task_locks *t, void *ctx, u32 offset)
{
	long bytes;

	barrier_var(offset);
	if (offset > LD_MAX_HELD * sizeof(struct ld_held))
		return 0;
	bytes = bpf_get_stack(ctx, t->scratch.tail + offset, LD_MAX_STACK * 8, 0);
	if (bytes < 0 || bytes > LD_MAX_STACK * 8)
		return 0;
	t->scratch.record.nstack = bytes / 8;
	return bytes;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_NAME_SLOTS);
	__type(key, u32);
	__type(value, u64);
} names SEC(".maps");

static __always_inline bool name_sent(u64 name, u64 site)
{
	u64 key = mix(name, site);
	u32 slot = key & (LD_NAME_SLOTS - 1);
	u64 *value = bpf_map_lookup_elem(&names, &slot);

	return value && *value == key;
}

static __always_inline void remember_name(u64 name, u64 site)
{
	u64 key = mix(name, site);
	u32 slot = key & (LD_NAME_SLOTS - 1);
	u64 *value = bpf_map_lookup_elem(&names, &slot);

	if (value)
		*value = key;
}

#endif /* LIVEDEP_SEND_H */
