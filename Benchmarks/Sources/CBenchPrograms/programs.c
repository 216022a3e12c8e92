/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_setaffinity() */
#include "bench_programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int bench_run(const struct bench_programs *programs, const char *name, uint64_t arguments[4], uint32_t *value) {
    struct bpf_program *program = bpf_object__find_program_by_name(programs->object, name);
    LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = 4 * sizeof(*arguments));

    if (!program)
        return -ENOENT;
    int result = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
    *value = options.retval;
    return result;
}

uint32_t bench_counter(const struct bench_programs *programs, enum bench_counted which) {
    uint64_t arguments[4] = {(uint64_t)which};
    uint32_t value = 0;

    return bench_run(programs, "bench_counter", arguments, &value) ? 0 : value;
}

static uint64_t symbol(const char *name) {
    char line[512], found[256];
    unsigned long long address;
    uint64_t result = 0;
    FILE *file = fopen("/proc/kallsyms", "re");

    while (file && !result && fgets(line, sizeof(line), file))
        if (sscanf(line, "%llx %*c %255s", &address, found) == 2 && strcmp(found, name) == 0)
            result = address;
    if (file)
        fclose(file);
    return result;
}

static void *variable(struct bpf_object *object, const char *section, const char *name, void *start) {
    const struct btf *btf = bpf_object__btf(object);
    const struct btf_type *data = btf__type_by_id(btf, (__u32)btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC));
    const struct btf_var_secinfo *entry = btf_var_secinfos(data);

    for (int i = 0; i < btf_vlen(data); i++)
        if (strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, entry[i].type)->name_off), name) == 0)
            return (char *)start + entry[i].offset;
    fprintf(stderr, "the benchmark's programs have no variable %s\n", name);
    exit(2);
}

static void set_constants(struct bpf_object *object, const struct bench_options *options) {
    size_t length;
    void *constants = (void *)bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata"), &length);
    struct btf *kernel = btf__load_vmlinux_btf();
    int page = kernel ? btf__find_by_name_kind(kernel, "page", BTF_KIND_STRUCT) : -1;

    *(bool *)variable(object, ".rodata", "cfg_unfiltered", constants) = options->unfiltered;
    *(uint32_t *)variable(object, ".rodata", "cfg_ring_shift", constants) = options->ring_count > 1 ? 0 : 31;
    *(uint32_t *)variable(object, ".rodata", "cfg_last_ring", constants) = (uint32_t)options->ring_count - 1;
    if (page > 0)
        *(uint32_t *)variable(object, ".rodata", "cfg_page_struct_size", constants) =
            btf__type_by_id(kernel, (__u32)page)->size;
    if (kernel)
        *(bool *)variable(object, ".rodata", "cfg_direct_reads", constants) =
            btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
    /* No process of the machine is to be woken. */
    *(uint64_t *)variable(object, ".rodata", "cfg_wakeup_bytes", constants) = UINT64_MAX;
    btf__free(kernel);
}

/* A base that the kernel keeps in a variable, or where it is without address randomisation. */
static uint64_t base(const struct bench_programs *programs, const uint64_t *word, const char *name, uint64_t fixed) {
    uint64_t arguments[4] = {symbol(name)};
    uint32_t value = 0;

    if (!arguments[0] || bench_run(programs, "bench_peek", arguments, &value) || value)
        return fixed;
    return *word;
}

static int make_ring(const struct bench_programs *programs, uint32_t index, struct bench_ring *ring) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), length = page + 2 * (size_t)programs->ring_bytes;
    int rings = bpf_map__fd(bpf_object__find_map_by_name(programs->object, "rings"));

    ring->descriptor = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, programs->ring_bytes, NULL);
    if (ring->descriptor < 0 || bpf_map_update_elem(rings, &index, &ring->descriptor, 0))
        return -errno;
    ring->consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->descriptor, 0);
    ring->producer = mmap(NULL, length, PROT_READ, MAP_SHARED, ring->descriptor, (off_t)page);
    return ring->consumer == MAP_FAILED || ring->producer == MAP_FAILED ? -errno : 0;
}

int bench_load(const char *path, const struct bench_options *options, struct bench_programs *programs) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t value = 0;

    programs->object = bpf_object__open_file(path, NULL);
    if (!programs->object)
        return -errno;
    set_constants(programs->object, options);
    int result = bpf_object__load(programs->object);
    programs->ring_bytes = options->ring_bytes;
    programs->ring_count = options->ring_count;
    for (int i = 0; !result && i < options->ring_count; i++)
        result = make_ring(programs, (uint32_t)i, &programs->rings[i]);
    if (result)
        return result;
    struct bpf_map *variables = bpf_object__find_map_by_name(programs->object, ".bss");
    size_t size = (bpf_map__value_size(variables) + page - 1) / page * page;
    void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(variables), 0);
    if (memory == MAP_FAILED)
        return -errno;
    const uint64_t *word = variable(programs->object, ".bss", "bench_word", memory);
    uint64_t bases[4] = {
        base(programs, word, "page_offset_base", 0xffff888000000000),
        base(programs, word, "vmemmap_base", 0xffffea0000000000),
    };
    return bench_run(programs, "bench_prepare", bases, &value);
}

int bench_run_on(int processor, const struct bench_programs *programs, const char *name, uint64_t arguments[4]) {
    cpu_set_t set;
    uint32_t value = 0;

    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof(set), &set))
        return -errno;
    int result = bench_run(programs, name, arguments, &value);
    return result ? result : (int)value;
}

void bench_empty_rings(const struct bench_programs *programs) {
    for (int i = 0; i < programs->ring_count; i++) {
        const struct bench_ring *ring = &programs->rings[i];

        __atomic_store_n(ring->consumer, __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    }
}
