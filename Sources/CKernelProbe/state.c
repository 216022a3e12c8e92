/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs know: counters, misses, and kernel memory read on our behalf. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe_internal.h"

/* As in bpf/config.h. */
#define COUNTER_CPUS 256
#define COUNTER_SLOTS 16
#define PEEK_MAX 4096

void kp_counters(const struct kp_probe *probe, uint64_t *values, int count) {
    const volatile uint64_t *counters = (const void *)((const char *)probe->variables + probe->counters_offset);

    memset(values, 0, (size_t)count * sizeof(*values));
    for (int cpu = 0; cpu < COUNTER_CPUS; cpu++)
        for (int i = 0; i < count && i < COUNTER_SLOTS; i++)
            values[i] += counters[cpu * COUNTER_SLOTS + i];
}

uint64_t kp_program_misses(const struct bpf_program *program) {
    struct bpf_prog_info info = {0};
    __u32 length = sizeof(info);

    return bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) == 0 ? info.recursion_misses : 0;
}

uint64_t kp_misses(const struct kp_probe *probe) {
    uint64_t misses = kp_fallback_misses(probe);

    for (int hook = 0; hook < LD_HOOK_MAX; hook++)
        if (probe->links[hook] && bpf_program__autoload(probe->programs[hook]))
            misses += kp_program_misses(probe->programs[hook]);
    return misses;
}

uint32_t kp_raise_epoch(struct kp_probe *probe) {
    return __atomic_add_fetch((uint32_t *)((char *)probe->variables + probe->epoch_offset), 1, __ATOMIC_ACQ_REL);
}

static uint64_t bytes_of_map(int descriptor) {
    char path[64], line[256];
    uint64_t bytes = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", descriptor);
    file = fopen(path, "re");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file)) {
        unsigned long long value;

        if (sscanf(line, "memlock: %llu", &value) == 1)
            bytes = value;
    }
    fclose(file);
    return bytes;
}

uint64_t kp_map_bytes(const struct kp_probe *probe) {
    struct bpf_map *map;
    uint64_t bytes = 0;

    bpf_object__for_each_map(map, probe->object)
        bytes += bytes_of_map(bpf_map__fd(map));
    for (int i = 0; i < probe->ring_count; i++) {
        uint64_t told = bytes_of_map(probe->rings[i].fd);

        /* Before 6.4 the kernel leaves a ring's data out. */
        bytes += told < probe->config.ring_bytes ? probe->config.ring_bytes : told;
    }
    return bytes;
}

int kp_set_container(struct kp_probe *probe, uint64_t cache, uint32_t offset, int container) {
    struct ld_place place = {.cache = cache, .offset = offset, .container = (uint32_t)container};
    struct ld_places known = {0};
    struct bpf_map *map = bpf_object__find_map_by_name(probe->object, "places");
    uint32_t slot = ld_place_slot(cache, offset);

    if (!map)
        return -ENOENT;
    bpf_map_lookup_elem(bpf_map__fd(map), &slot, &known);
    for (int i = 0; i < LD_PLACES; i++) {
        struct ld_place *old = &known.place[i];

        if (!old->cache || (old->cache == cache && old->offset == offset)) {
            *old = place;
            return bpf_map_update_elem(bpf_map__fd(map), &slot, &known, 0);
        }
    }
    return -ENOSPC;
}

int kp_peek(struct kp_probe *probe, uint64_t address, void *bytes, size_t length) {
    uint64_t arguments[2] = {address, length};
    LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));

    if (probe->peek_fd < 0 || length > PEEK_MAX)
        return -EINVAL;
    int result = bpf_prog_test_run_opts(probe->peek_fd, &options);
    if (result)
        return result;
    if (options.retval)
        return -EFAULT;
    memcpy(bytes, (char *)probe->variables + probe->peeked_offset, length);
    return 0;
}

int kp_tracing_allowed(const struct kp_types *types, struct kp_error *error) {
    const struct bpf_insn instructions[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT},
    };
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY);
    uint32_t id = kp_type_index_find(&types->index, "mutex_lock", BTF_KIND_FUNC);

    if (!id)
        id = kp_type_index_find(&types->index, "mutex_unlock", BTF_KIND_FUNC);
    if (!id)
        return kp_fail(error, ENOENT, "mutex_lock is not in the kernel's BTF");
    options.attach_btf_id = id;
    int descriptor = bpf_prog_load(BPF_PROG_TYPE_TRACING, "livedep_test", "GPL", instructions, 2, &options);
    if (descriptor < 0)
        return kp_fail(error, -descriptor, "%s", strerror(-descriptor));
    close(descriptor);
    return 0;
}
