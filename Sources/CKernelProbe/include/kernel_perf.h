/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracepoints through perf_event_open(2), one ring for each processor: what is
 * left where BPF is refused. Errors as in kernel_probe.h.
 */
#ifndef KERNEL_PERF_H
#define KERNEL_PERF_H

#include "kernel_probe.h"

/* A tracepoint that is to be recorded. */
struct kp_tracepoint {
    uint32_t id;        /* events/GROUP/NAME/id of tracefs */
    const char *filter; /* as events/GROUP/NAME/filter takes it; NULL for none */
    uint16_t stack_depth; /* kernel return addresses to take, at least 1 */
    bool starts_off; /* until kp_perf_switch() */
};

struct kp_perf;

/*
 * Opens the tracepoints on every processor, disabled; tasks' beginnings and names come with them. `ring_bytes`: of each
 * ring's data, a power of two.
 */
int kp_perf_open(const struct kp_tracepoint *tracepoints, int count, size_t ring_bytes, struct kp_perf **perf,
                 struct kp_error *error);

/* Begins recording, a tracepoint after the other in the order of the list; those that start off stay off. */
void kp_perf_enable(struct kp_perf *perf);

/*
 * Ends it in the opposite order: releases, which come first in the list, are
 * told as long as acquisitions are. A lock whose release was not told stays on
 * its task's list, under whatever the task takes next.
 */
void kp_perf_disable(struct kp_perf *perf);

/* Switches one tracepoint by its place in the list. */
void kp_perf_switch(struct kp_perf *perf, int tracepoint, bool on);

/* The number of the calling thread, as common_pid in filters has it. */
uint32_t kp_thread_number(void);

void kp_perf_close(struct kp_perf *perf);

int kp_perf_rings(const struct kp_perf *perf);

/* Waits until a ring has something or the time is over. */
void kp_perf_wait(const struct kp_perf *perf, int milliseconds);

/*
 * Whether a ring is so full that records may have been lost. The kernel's own word (PERF_RECORD_LOST) comes with the next
 * record that fits in, and a processor that is quiet by then never makes one.
 */
bool kp_perf_may_have_lost(const struct kp_perf *perf, int ring);

/*
 * Copies the next record of a ring, its header (struct perf_event_header) first. Returns its size in bytes, 0 when the
 * ring is empty; a record larger than `capacity` is passed over.
 */
size_t kp_perf_next(struct kp_perf *perf, int ring, void *record, size_t capacity);

#endif /* KERNEL_PERF_H */
