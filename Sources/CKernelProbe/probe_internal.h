/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBE_INTERNAL_H
#define PROBE_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel_probe.h"
#include "lock_hooks.h"
#include "lock_records.h"

/* The programs of bpf/fallback.h, loaded for one kind of probe. */
struct kp_fallback {
    struct bpf_object *object;
    int error; /* errno, once loading has failed */
};

/* Ids of types by name: structs, functions, variables and typedefs. */
struct kp_type_index {
    const struct btf *btf;
    uint32_t *slots; /* 0 for an empty one */
    uint32_t mask;
};

struct kp_module_types {
    struct btf *btf; /* on top of the kernel's own */
    struct kp_type_index index;
};

struct kp_types {
    struct btf *btf;
    struct kp_type_index index;
    struct kp_module_types *modules;
    size_t module_count;
};

struct kp_probe {
    struct bpf_object *object;
    struct bpf_program *programs[LD_HOOK_MAX];
    struct bpf_link *links[LD_HOOK_MAX];
    struct bpf_link *entry_links[LD_HOOK_MAX]; /* of kprobes */
    bool present[LD_HOOK_MAX];                 /* the kernel has the function */
    bool untraceable[LD_HOOK_MAX];             /* no kprobe is tried */
    int results[LD_HOOK_MAX];                  /* of attaching: 0 or a negative errno */
    bool refused[LD_HOOK_MAX];                 /* another kind of probe may be had */
    struct bpf_link *return_link;  /* of all hooks that has_return is set for */
    bool has_return[LD_HOOK_MAX];
    bool has_fallbacks;
    struct kp_fallback fallbacks[2]; /* kprobe, kprobe.multi */
    struct kp_hook_state hooks[LD_HOOK_MAX];
    struct bpf_program *peek;
    int peek_fd;
    struct kp_config config;
    void *variables; /* .bss, shared with the programs */
    size_t variables_size;
    uint32_t ready_offset, ready_time_offset, epoch_offset, counters_offset, peeked_offset;
    uint32_t page_offset_base_offset, vmemmap_base_offset;
    struct kp_mapped_ring {
        int fd;
        void *consumer, *producer;
    } rings[LD_MAX_RINGS];
    int ring_count;
};

/* Fills in the error and returns -code. */
int kp_fail(struct kp_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The last lines libbpf said, for an error's text; cleared by each call that loads. */
const char *kp_library_log(void);
void kp_library_log_clear(void);

struct bpf_object *kp_open_object(const struct kp_image *image, const struct kp_config *config);
/* The function or tracepoint that a hook's program names. */
const char *kp_hook_function(const struct kp_probe *probe, int hook);
uint64_t kp_program_misses(const struct bpf_program *program);

bool kp_has_fallback(const struct kp_probe *probe, int hook);
bool kp_is_fallback_program(const struct bpf_program *program);
bool kp_is_fallback_map(const struct bpf_map *map);
bool kp_is_preempt_rt(const struct kp_types *types);

/* Indexes the types from `first` on; -ENOMEM where there is no room. The types must outlive the index. */
int kp_type_index_build(struct kp_type_index *index, const struct btf *btf, uint32_t first);
/* The first type of that name and kind (BTF_KIND_*, one that is indexed); 0 when there is none. */
uint32_t kp_type_index_find(const struct kp_type_index *index, const char *name, uint32_t kind);
void kp_type_index_free(struct kp_type_index *index);

/* Puts one return probe on all functions that were refused, if the kernel can. */
void kp_attach_returns(struct kp_probe *probe, const struct kp_image *image);
/* Hooks by kprobe what is refused otherwise; a negative errno where that is refused too. */
int kp_attach_fallback(struct kp_probe *probe, const struct kp_image *image, int hook);
uint64_t kp_fallback_misses(const struct kp_probe *probe);
void kp_close_fallbacks(struct kp_probe *probe);

void kp_unmap_rings(struct kp_probe *probe);

#endif /* PROBE_INTERNAL_H */
