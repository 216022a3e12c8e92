/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which tasks are followed. Decided when a task is first seen and again when it
 * gets another name, as exec gives one; kept with its list of held locks.
 */
#ifndef LIVEDEP_TASK_FILTER_H
#define LIVEDEP_TASK_FILTER_H

#include "config.h"

/* Generations looked through for --pid: enough for a shell in a test runner in a container. */
#define LD_ANCESTORS	16

static __always_inline bool descends_from(struct task_struct *task, u32 tgid)
{
	for (int i = 0; i < LD_ANCESTORS && task; i++) {
		if ((u32)BPF_CORE_READ(task, tgid) == tgid)
			return true;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

static __always_inline bool is_called(const char *comm)
{
	char name[16] = {};

	bpf_probe_read_kernel(name, sizeof(name), comm);
	for (int i = 0; i < 16; i++) {
		if (name[i] != cfg_comm[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

/* For the current task only: the cgroup helpers know no other. */
static __always_inline bool is_followed(struct task_struct *task, const char *comm)
{
	if ((u32)task->tgid == cfg_own_tgid)
		return false;
	if (cfg_pid && !descends_from(task, cfg_pid))
		return false;
	if (cfg_comm[0] && !is_called(comm))
		return false;
	if (cfg_cgroup && bpf_get_current_ancestor_cgroup_id(cfg_cgroup_level) != cfg_cgroup)
		return false;
	return true;
}

#endif /* LIVEDEP_TASK_FILTER_H */
