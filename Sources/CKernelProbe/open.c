/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the object: which programs it has, which of them this kernel can have, what they are told. */
#define _GNU_SOURCE /* memmem() */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_internal.h"

static const char *const hook_names[LD_HOOK_MAX] = {
#define HOOK_NAME(function) [LD_HOOK_##function] = #function,
    LD_HOOKS(HOOK_NAME)
#undef HOOK_NAME
};

int kp_hook_count(void) { return LD_HOOK_MAX; }

const char *kp_hook_name(int hook) { return hook >= 0 && hook < LD_HOOK_MAX ? hook_names[hook] : NULL; }

bool kp_has_hook(const struct kp_probe *probe, int hook) {
    return hook >= 0 && hook < LD_HOOK_MAX && probe->programs[hook];
}

struct kp_hook_state kp_hook(const struct kp_probe *probe, int hook) {
    struct kp_hook_state none = {KP_ABSENT, 0};

    return hook >= 0 && hook < LD_HOOK_MAX ? probe->hooks[hook] : none;
}

/* The function or tracepoint behind a section name such as "fexit/mutex_lock". */
static const char *target_of(const struct bpf_program *program) {
    const char *slash = strchr(bpf_program__section_name(program), '/');

    return slash ? slash + 1 : "";
}

const char *kp_hook_function(const struct kp_probe *probe, int hook) { return target_of(probe->programs[hook]); }

static bool is_trampoline(const struct bpf_program *program) {
    const char *section = bpf_program__section_name(program);

    return strncmp(section, "fentry/", 7) == 0 || strncmp(section, "fexit/", 6) == 0;
}

static bool kernel_has(const struct kp_types *types, const struct bpf_program *program) {
    const char *section = bpf_program__section_name(program);

    /* Where the kernel announces every user copy itself, the lesser witness is not needed. */
    if (strcmp(target_of(program), "__check_object_size") == 0 &&
        kp_types_has_function(types, "__might_fault"))
        return false;

    if (strncmp(section, "tp_btf/", 7) == 0) {
        char name[128];

        snprintf(name, sizeof(name), "btf_trace_%s", target_of(program));
        return kp_type_index_find(&types->index, name, BTF_KIND_TYPEDEF) > 0;
    }
    if (strncmp(section, "kprobe/", 7) == 0)
        return true; /* found out by attaching: not every probed symbol is in BTF */
    return kp_types_has_function(types, target_of(program));
}

static int variable_offset(const struct btf *btf, const char *section, const char *name, uint32_t *offset) {
    int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);

    if (id < 0)
        return -ENOENT;
    const struct btf_type *data = btf__type_by_id(btf, id);
    const struct btf_var_secinfo *entry = btf_var_secinfos(data);
    for (int i = 0; i < btf_vlen(data); i++) {
        const struct btf_type *variable = btf__type_by_id(btf, entry[i].type);

        if (strcmp(btf__name_by_offset(btf, variable->name_off), name) == 0) {
            *offset = entry[i].offset;
            return 0;
        }
    }
    return -ENOENT;
}

static int set_constant(struct bpf_object *object, const char *name, const void *value, size_t size) {
    struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
    uint32_t offset;
    size_t length = 0;

    if (!map || variable_offset(bpf_object__btf(object), ".rodata", name, &offset))
        return -ENOENT;
    char *start = (char *)bpf_map__initial_value(map, &length);
    if (!start || offset + size > length)
        return -ENOENT;
    memcpy(start + offset, value, size);
    return 0;
}

static int configure(struct kp_probe *probe, const struct kp_types *types) {
    const struct kp_config *c = &probe->config;
    struct bpf_object *o = probe->object;
    bool direct_reads = kp_types_has_function(types, "bpf_rdonly_cast");
    uint32_t last_ring = c->ring_count - 1;
    const uint64_t might_fault[2] = {c->might_fault_start, c->might_fault_end};
    uint64_t ranges[8];
    int failed = 0;

    for (int i = 0; i < 4; i++) {
        ranges[2 * i] = c->fault_range_start[i];
        ranges[2 * i + 1] = c->fault_range_end[i];
    }
    failed |= set_constant(o, "cfg_own_tgid", &c->own_tgid, sizeof(c->own_tgid));
    failed |= set_constant(o, "cfg_unfiltered", &c->unfiltered, sizeof(c->unfiltered));
    failed |= set_constant(o, "cfg_pid", &c->pid, sizeof(c->pid));
    failed |= set_constant(o, "cfg_comm", c->comm, sizeof(c->comm));
    failed |= set_constant(o, "cfg_cgroup", &c->cgroup, sizeof(c->cgroup));
    failed |= set_constant(o, "cfg_cgroup_level", &c->cgroup_level, sizeof(c->cgroup_level));
    failed |= set_constant(o, "cfg_wakeup_bytes", &c->wakeup_bytes, sizeof(c->wakeup_bytes));
    failed |= set_constant(o, "cfg_ring_shift", &c->ring_shift, sizeof(c->ring_shift));
    failed |= set_constant(o, "cfg_last_ring", &last_ring, sizeof(last_ring));
    failed |= set_constant(o, "cfg_cpu_hotplug_lock", &c->cpu_hotplug_lock, sizeof(c->cpu_hotplug_lock));
    failed |= set_constant(o, "cfg_fault_ranges", ranges, sizeof(ranges));
    failed |= set_constant(o, "cfg_page_struct_size", &c->page_struct_size, sizeof(c->page_struct_size));
    failed |= set_constant(o, "cfg_direct_reads", &direct_reads, sizeof(direct_reads));
    failed |= set_constant(o, "cfg_rcu_maps", c->rcu_maps, sizeof(c->rcu_maps));
    failed |= set_constant(o, "cfg_no_track_key", &c->no_track_key, sizeof(c->no_track_key));
    failed |= set_constant(o, "cfg_might_fault", might_fault, sizeof(might_fault));
    return failed;
}

static int hook_of(const struct bpf_program *program) {
    const char *name = bpf_program__name(program);

    if (strncmp(name, "x_", 2) != 0)
        return -1;
    for (int hook = 0; hook < LD_HOOK_MAX; hook++)
        if (strcmp(hook_names[hook], name + 2) == 0)
            return hook;
    return -1;
}

/*
 * Makes the programs do without a variable of the kernel's. libbpf finds it in
 * BTF, and the kernel then refuses the program if kallsyms does not have its
 * address: under another name the reference, being weak, is zero.
 */
static void hide_variable(char *image, size_t size, const char *name) {
    size_t length = strlen(name);
    char *end = image + size;

    for (char *at = image; (at = memmem(at, (size_t)(end - at), name, length + 1)); at += length)
        if (at > image && at[-1] == '\0')
            at[0] = 'x';
}

struct bpf_object *kp_open_object(const struct kp_image *image, const struct kp_config *config) {
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "livedep");
    size_t size = image->size;
    char *copy = malloc(size);
    struct bpf_object *object;

    if (!copy) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(copy, image->bytes, size);
    if (!config->has_preempt_count)
        hide_variable(copy, size, "__preempt_count");
    if (!config->has_pcpu_hot)
        hide_variable(copy, size, "pcpu_hot");
    object = bpf_object__open_mem(copy, size, &options);
    free(copy);
    return object;
}

int kp_open(const struct kp_image *image, const struct kp_config *config, const struct kp_types *types,
            struct kp_probe **result, struct kp_error *error) {
    struct kp_probe *probe = calloc(1, sizeof(*probe));
    struct bpf_program *program;
    struct bpf_map *map;

    if (!probe)
        return kp_fail(error, ENOMEM, "out of memory");
    kp_library_log_clear();
    probe->config = *config;
    probe->peek_fd = -1;
    probe->object = kp_open_object(image, config);
    if (!probe->object) {
        int code = errno;

        kp_close(probe);
        return kp_fail(error, code, "the embedded BPF object cannot be opened: %s", kp_library_log());
    }
    if (configure(probe, types)) {
        kp_close(probe);
        return kp_fail(error, EINVAL, "the embedded BPF object lacks a configuration constant");
    }
    bpf_object__for_each_program(program, probe->object) {
        if (!kp_is_fallback_program(program))
            continue;
        probe->has_fallbacks = !kp_is_preempt_rt(types);
        bpf_program__set_autoload(program, false);
    }
    if (!probe->has_fallbacks && config->attach != KP_ATTACH_AUTO) {
        kp_close(probe);
        return kp_fail(error, EOPNOTSUPP,
                       "no hooks by kprobe: the lockdep source has none, and on PREEMPT_RT they cannot allocate the "
                       "tasks' storage; leave --attach out");
    }
    bpf_object__for_each_map(map, probe->object)
        if (kp_is_fallback_map(map))
            bpf_map__set_autocreate(map, false);
    bpf_object__for_each_program(program, probe->object) {
        int hook = hook_of(program);
        bool skipped;

        if (strcmp(bpf_program__name(program), "peek") == 0)
            probe->peek = program;
        if (hook < 0)
            continue;
        probe->programs[hook] = program;
        probe->present[hook] = kernel_has(types, program);
        skipped = config->attach != KP_ATTACH_AUTO && is_trampoline(program) && kp_has_fallback(probe, hook);
        bpf_program__set_autoload(program, probe->present[hook] && !skipped);
    }
    *result = probe;
    return 0;
}
