/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, attaching, the gate, and taking everything down again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "probe_internal.h"

static int find_variables(struct kp_probe *probe, struct kp_error *error) {
    struct bpf_map *map = bpf_object__find_map_by_name(probe->object, ".bss");
    const struct btf *btf = bpf_object__btf(probe->object);
    const struct {
        const char *name;
        uint32_t *offset;
    } wanted[] = {
        {"ready", &probe->ready_offset},       {"ready_time", &probe->ready_time_offset},
        {"epoch", &probe->epoch_offset},       {"counters", &probe->counters_offset},
        {"peeked", &probe->peeked_offset},     {"page_offset_base", &probe->page_offset_base_offset},
        {"vmemmap_base", &probe->vmemmap_base_offset},
    };

    if (!map)
        return kp_fail(error, EINVAL, "the embedded BPF object has no variables");
    /* What libbpf maps before loading is a copy: the programs' own memory is behind the map's descriptor. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    probe->variables_size = (bpf_map__value_size(map) + page - 1) & ~(page - 1);
    void *variables =
        mmap(NULL, probe->variables_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (variables == MAP_FAILED)
        return kp_fail(error, errno, "the programs' variables cannot be mapped: %s", strerror(errno));
    probe->variables = variables;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        int id = btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC);
        const struct btf_type *data = id > 0 ? btf__type_by_id(btf, id) : NULL;
        const struct btf_var_secinfo *entry = data ? btf_var_secinfos(data) : NULL;
        bool found = false;

        for (int k = 0; data && k < btf_vlen(data); k++) {
            const struct btf_type *variable = btf__type_by_id(btf, entry[k].type);

            if (strcmp(btf__name_by_offset(btf, variable->name_off), wanted[i].name) == 0) {
                *wanted[i].offset = entry[k].offset;
                found = true;
            }
        }
        if (!found)
            return kp_fail(error, EINVAL, "the embedded BPF object lacks the variable %s", wanted[i].name);
    }
    return 0;
}

int kp_load(struct kp_probe *probe, struct kp_error *error) {
    kp_library_log_clear();
    int result = bpf_object__load(probe->object);
    /* The verifier says EACCES, a policy EPERM. */
    if (result == -EPERM)
        return kp_fail(error, -result,
                       "the kernel refuses to load BPF tracing programs (%s): run as root (CAP_BPF and CAP_PERFMON), "
                       "and outside a sandbox or lockdown that forbids them; `livedep doctor` tells what is left",
                       strerror(-result));
    if (result)
        return kp_fail(error, -result, "loading the BPF programs failed (%s): %.800s", strerror(-result),
                       kp_library_log());
    if (probe->peek)
        probe->peek_fd = bpf_program__fd(probe->peek);
    return find_variables(probe, error);
}

void kp_set_memory_map(struct kp_probe *probe, uint64_t page_offset_base, uint64_t vmemmap_base) {
    *(uint64_t *)((char *)probe->variables + probe->page_offset_base_offset) = page_offset_base;
    *(uint64_t *)((char *)probe->variables + probe->vmemmap_base_offset) = vmemmap_base;
}

static enum kp_attachment attachment_of(const struct bpf_program *program) {
    const char *section = bpf_program__section_name(program);

    if (strncmp(section, "fentry/", 7) == 0)
        return KP_FENTRY;
    if (strncmp(section, "fexit/", 6) == 0)
        return KP_FEXIT;
    if (strncmp(section, "kprobe/", 7) == 0)
        return KP_KPROBE;
    return KP_TRACEPOINT;
}

const char *kp_kprobe_function(const struct kp_probe *probe, int hook) {
    if (hook < 0 || hook >= LD_HOOK_MAX || !probe->programs[hook] || !probe->present[hook])
        return NULL;
    bool is_probed = attachment_of(probe->programs[hook]) == KP_KPROBE || kp_has_fallback(probe, hook);
    return is_probed ? kp_hook_function(probe, hook) : NULL;
}

void kp_leave_out(struct kp_probe *probe, int hook) {
    if (hook >= 0 && hook < LD_HOOK_MAX)
        probe->untraceable[hook] = true;
}

static bool is_absence(int result) { return result == -ENOENT || result == -ESRCH; }

static int attach_as_loaded(struct kp_probe *probe, int hook) {
    struct bpf_program *program = probe->programs[hook];

    if (!bpf_program__autoload(program))
        return -EOPNOTSUPP;
    kp_library_log_clear();
    probe->links[hook] = bpf_program__attach(program);
    if (!probe->links[hook])
        return -errno;
    probe->hooks[hook].attachment = attachment_of(program);
    return 0;
}

/* What became of each hook whose program was not attached, and an error where none was. */
static int settle(struct kp_probe *probe, struct kp_error *error) {
    int attached = 0, last_error = 0;

    for (int hook = 0; hook < LD_HOOK_MAX; hook++) {
        if (!probe->programs[hook] || !probe->present[hook] || probe->hooks[hook].attachment == KP_UNTRACEABLE)
            continue;
        if (probe->results[hook]) {
            last_error = -probe->results[hook];
            probe->hooks[hook] =
                (struct kp_hook_state){is_absence(probe->results[hook]) ? KP_ABSENT : KP_REFUSED, last_error};
            continue;
        }
        attached++;
    }
    if (!attached)
        return kp_fail(error, last_error ? last_error : ENOENT, "none of the lock functions could be hooked: %s",
                       strerror(last_error ? last_error : ENOENT));
    return 0;
}

int kp_attach(struct kp_probe *probe, bool *refused, struct kp_error *error) {
    *refused = false;
    for (int hook = 0; hook < LD_HOOK_MAX; hook++) {
        struct bpf_program *program = probe->programs[hook];

        if (!program || !probe->present[hook])
            continue;
        if (attachment_of(program) == KP_KPROBE && probe->untraceable[hook]) {
            probe->hooks[hook].attachment = KP_UNTRACEABLE;
            continue;
        }
        probe->results[hook] = attach_as_loaded(probe, hook);
        probe->refused[hook] =
            probe->results[hook] && !is_absence(probe->results[hook]) && kp_has_fallback(probe, hook);
        *refused = *refused || probe->refused[hook];
    }
    return *refused ? 0 : settle(probe, error);
}

int kp_attach_refused(struct kp_probe *probe, const struct kp_image *image, struct kp_error *error) {
    kp_attach_returns(probe, image);
    for (int hook = 0; hook < LD_HOOK_MAX; hook++)
        if (probe->refused[hook])
            probe->results[hook] = kp_attach_fallback(probe, image, hook);
    return settle(probe, error);
}

void kp_start(struct kp_probe *probe) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    *(volatile uint64_t *)((char *)probe->variables + probe->ready_time_offset) =
        (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    __atomic_store_n((bool *)((char *)probe->variables + probe->ready_offset), true, __ATOMIC_RELEASE);
}

void kp_stop(struct kp_probe *probe) {
    if (probe->variables)
        __atomic_store_n((bool *)((char *)probe->variables + probe->ready_offset), false, __ATOMIC_RELEASE);
}

void kp_close(struct kp_probe *probe) {
    if (!probe)
        return;
    kp_stop(probe);
    /* Acquires first, so that no list grows while its releases are already gone. */
    for (int hook = LD_HOOK_MAX - 1; hook >= 0; hook--) {
        bpf_link__destroy(probe->entry_links[hook]);
        bpf_link__destroy(probe->links[hook]);
    }
    bpf_link__destroy(probe->return_link);
    kp_unmap_rings(probe);
    kp_close_fallbacks(probe);
    if (probe->variables)
        munmap(probe->variables, probe->variables_size);
    bpf_object__close(probe->object);
    free(probe);
}
