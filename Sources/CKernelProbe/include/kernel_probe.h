/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side of livedep in a dozen verbs: open, load, attach, open the
 * gate, read the ring, close. Errors are values: a function that can fail
 * returns a negative errno and leaves a line for a person in its kp_error.
 */
#ifndef KERNEL_PROBE_H
#define KERNEL_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KP_ERROR_LENGTH 1024

struct kp_error {
    int code; /* errno, positive; 0 for none */
    char text[KP_ERROR_LENGTH];
};

/* The kinds of hooks to try, from this one on. */
enum kp_attach_kind {
    KP_ATTACH_AUTO = 0, /* fentry and fexit */
    KP_ATTACH_KPROBE_MULTI,
    KP_ATTACH_KPROBE,
};

/* An object as it is embedded. */
struct kp_image {
    const void *bytes;
    size_t size;
};

/* What the programs are told before they are loaded. Zero means: not there. */
struct kp_config {
    uint32_t own_tgid;
    bool unfiltered;
    uint32_t pid; /* follow this process and its children only */
    char comm[16]; /* follow tasks of this name only */
    uint64_t cgroup; /* follow tasks in this cgroup (v2 id) only, ... */
    uint32_t cgroup_level; /* ... which is so many levels below the root */
    uint32_t ring_count; /* at most LD_MAX_RINGS */
    uint32_t ring_shift; /* a processor's ring is its number shifted right by this */
    uint32_t ring_bytes; /* of each; power of two, at least a page */
    uint64_t wakeup_bytes;
    uint64_t cpu_hotplug_lock;
    uint64_t fault_range_start[4];
    uint64_t fault_range_end[4];
    uint32_t page_struct_size;
    uint64_t rcu_maps[6]; /* lockdep_maps that are never recorded */
    uint64_t no_track_key;
    uint64_t might_fault_start, might_fault_end;
    /* Variables that the kernel tells the address of: with CONFIG_KALLSYMS_ALL, those that it has. */
    bool has_preempt_count, has_pcpu_hot;
    enum kp_attach_kind attach;
};

enum kp_attachment {
    KP_ABSENT = 0, /* this kernel has no such function */
    KP_REFUSED,    /* it has, and nothing attached */
    KP_UNTRACEABLE, /* it has, built without ftrace: not even tried */
    KP_FENTRY,
    KP_FEXIT,
    KP_KPROBE_MULTI, /* a function's entry, its return, or both */
    KP_KPROBE,
    KP_TRACEPOINT,
};

struct kp_hook_state {
    enum kp_attachment attachment;
    int error; /* errno of the refusal */
};

/* A ring as the kernel shares it (kernel/bpf/ringbuf.c). Valid until kp_close(). */
struct kp_ring {
    uint64_t *consumer_position;
    const uint64_t *producer_position;
    const uint8_t *data; /* mapped twice in a row: a record never wraps */
    uint64_t size;       /* bytes, a power of two */
    int descriptor;      /* readable when the kernel wakes the consumer */
};

struct kp_probe;
struct kp_types;

/* Opens the object; nothing reaches the kernel yet. The image and the types must outlive the call only. */
int kp_open(const struct kp_image *image, const struct kp_config *config, const struct kp_types *types,
            struct kp_probe **probe, struct kp_error *error);

/* Loads the programs whose functions this kernel has. */
int kp_load(struct kp_probe *probe, struct kp_error *error);

/* Where the kernel keeps its direct map and its page structs: once, between loading and starting. */
void kp_set_memory_map(struct kp_probe *probe, uint64_t page_offset_base, uint64_t vmemmap_base);

/*
 * Leaves the kprobes of a hook out. The kernel complains in its log, at a level that CI
 * systems count as a failure, when one is put on a function without ftrace.
 */
void kp_leave_out(struct kp_probe *probe, int hook);

/* The function that kprobes may be put on for the hook; NULL where there is none to be. */
const char *kp_kprobe_function(const struct kp_probe *probe, int hook);

/*
 * Attaches every loaded program, releases before acquires. How each hook fared is
 * asked with kp_hook(), unless `refused` says that some may be had by another kind
 * of probe: then after kp_attach_refused().
 */
int kp_attach(struct kp_probe *probe, bool *refused, struct kp_error *error);

/* Tries what was refused as kprobe.multi, then as a kprobe. The image is the one that was opened. */
int kp_attach_refused(struct kp_probe *probe, const struct kp_image *image, struct kp_error *error);

/* Opens the gate: from here on events are recorded. */
void kp_start(struct kp_probe *probe);

/* Closes the gate: cheap and at once; programs stay attached. */
void kp_stop(struct kp_probe *probe);

/* Detaches everything and frees the probe. Takes seconds: each link waits for the kernel. */
void kp_close(struct kp_probe *probe);

int kp_hook_count(void);
const char *kp_hook_name(int hook);
/* Whether the opened object has a program for the hook at all. */
bool kp_has_hook(const struct kp_probe *probe, int hook);
struct kp_hook_state kp_hook(const struct kp_probe *probe, int hook);

/* Makes and maps the rings, config.ring_count of them: once, between loading and starting. */
int kp_map_rings(struct kp_probe *probe, struct kp_ring *rings, struct kp_error *error);

/* Sums the programs' counters into `values`, `count` of them (enum ld_counter). */
void kp_counters(const struct kp_probe *probe, uint64_t *values, int count);

/* All programs' missed runs so far: a rise means that held lists may be wrong. */
uint64_t kp_misses(const struct kp_probe *probe);

/* Tells the programs that misses were seen; returns the new epoch. */
uint32_t kp_raise_epoch(struct kp_probe *probe);

/* Bytes of kernel memory that the maps take, about. */
uint64_t kp_map_bytes(const struct kp_probe *probe);

/*
 * Tells the programs that locks at `offset` in the objects of a slab cache are
 * part of a container by which their classes differ (enum ld_container). -ENOSPC
 * where two others have the room: what is not told is kept out of verdicts.
 */
int kp_set_container(struct kp_probe *probe, uint64_t cache, uint32_t offset, int container);

/* Reads at most 4096 bytes of kernel memory. */
int kp_peek(struct kp_probe *probe, uint64_t address, void *bytes, size_t length);

/* Whether loading a program of the kind that tracing needs is allowed at all. */
int kp_tracing_allowed(const struct kp_types *types, struct kp_error *error);

/* Reads the kernel's types (BTF) and indexes their names. */
int kp_types_open(struct kp_types **types, struct kp_error *error);
void kp_types_close(struct kp_types *types);
/* Adds the types of a loaded module; a negative errno where it has none. */
int kp_types_add_module(struct kp_types *types, const char *module);
bool kp_types_has_function(const struct kp_types *types, const char *function);
/* Bytes of a struct, 0 when there is none of that name. */
uint32_t kp_types_size(const struct kp_types *types, const char *name);
/*
 * The path of the lock at `offset` in struct `name` ("perf_cpu_context" and 24
 * give "ctx.mutex"), members of anonymous unions included. Returns its length,
 * or a negative errno when no lock lies there.
 */
int kp_types_lock_member(const struct kp_types *types, const char *name, uint32_t offset, char *path, size_t length);
/* The same for a variable that BTF knows: per-CPU ones, on newer kernels all. */
int kp_types_lock_in_variable(const struct kp_types *types, const char *symbol, uint32_t offset, char *path,
                              size_t length);
/* Offset in bytes of a struct's field, those of anonymous members included, or a negative errno. */
int64_t kp_types_field_offset(const struct kp_types *types, const char *name, const char *field);
/* The ring's memory order, in one place: the kernel stores what these load, and loads what this stores. */
static inline uint64_t kp_load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint32_t kp_load_acquire_32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void kp_store_release(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif /* KERNEL_PROBE_H */
