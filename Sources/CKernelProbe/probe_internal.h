/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_INTERNAL_H
#define PROBE_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel_probe.h"
#include "lock_hooks.h"
#include "lock_records.h"

struct kp_probe {
    struct bpf_object *object;
    struct btf *types;
    struct bpf_program *programs[LD_HOOK_MAX];
    struct bpf_link *links[LD_HOOK_MAX];
    struct kp_hook_state hooks[LD_HOOK_MAX];
    struct bpf_program *peek;
    int peek_fd;
    struct kp_config config;
    void *variables; /* .bss, shared with the programs */
    size_t variables_size;
    uint32_t ready_offset, ready_time_offset, epoch_offset, counters_offset, peeked_offset;
    uint32_t page_offset_base_offset, vmemmap_base_offset;
    int ring_fd;
    void *ring_consumer, *ring_producer;
    size_t ring_producer_length;
};

/* Fills in the error and returns -code. */
int kp_fail(struct kp_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The last lines libbpf said, for an error's text; cleared by each call that loads. */
const char *kp_library_log(void);
void kp_library_log_clear(void);

void kp_unmap_ring(struct kp_probe *probe);

#endif /* PROBE_INTERNAL_H */
