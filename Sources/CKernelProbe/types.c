/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the kernel's types. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_internal.h"

int kp_types_open(struct kp_types **result, struct kp_error *error) {
    struct kp_types *types = calloc(1, sizeof(*types));

    if (!types)
        return kp_fail(error, ENOMEM, "out of memory");
    kp_library_log_clear();
    types->btf = btf__load_vmlinux_btf();
    if (!types->btf) {
        int code = errno;

        free(types);
        return kp_fail(error, code, "no kernel type information (BTF) at /sys/kernel/btf/vmlinux");
    }
    if (kp_type_index_build(&types->index, types->btf, 1)) {
        kp_types_close(types);
        return kp_fail(error, ENOMEM, "out of memory");
    }
    *result = types;
    return 0;
}

void kp_types_close(struct kp_types *types) {
    if (!types)
        return;
    /* Those on top first. */
    for (size_t i = 0; i < types->module_count; i++) {
        kp_type_index_free(&types->modules[i].index);
        btf__free(types->modules[i].btf);
    }
    free(types->modules);
    kp_type_index_free(&types->index);
    btf__free(types->btf);
    free(types);
}

int kp_types_add_module(struct kp_types *types, const char *name) {
    struct kp_module_types module = {.btf = btf__load_module_btf(name, types->btf)};

    if (!module.btf)
        return -errno;
    struct kp_module_types *modules = realloc(types->modules, (types->module_count + 1) * sizeof(*modules));
    if (modules)
        types->modules = modules;
    if (!modules || kp_type_index_build(&module.index, module.btf, btf__type_cnt(types->btf))) {
        btf__free(module.btf);
        return -ENOMEM;
    }
    modules[types->module_count++] = module;
    return 0;
}

/* A struct of the kernel's, or else of a module's; 0 when there is none. */
static __u32 find_struct(const struct kp_types *types, const char *name, const struct btf **owner) {
    __u32 id = kp_type_index_find(&types->index, name, BTF_KIND_STRUCT);

    *owner = types->btf;
    for (size_t i = 0; i < types->module_count && !id; i++) {
        *owner = types->modules[i].btf;
        id = kp_type_index_find(&types->modules[i].index, name, BTF_KIND_STRUCT);
    }
    return id;
}

bool kp_types_has_function(const struct kp_types *types, const char *function) {
    return kp_type_index_find(&types->index, function, BTF_KIND_FUNC) > 0;
}

uint32_t kp_types_size(const struct kp_types *types, const char *name) {
    const struct btf *btf;
    __u32 id = find_struct(types, name, &btf);

    return id ? btf__type_by_id(btf, id)->size : 0;
}

static const struct btf_type *resolve(const struct btf *btf, __u32 id) {
    const struct btf_type *type = btf__type_by_id(btf, id);

    while (type && (btf_is_mod(type) || btf_is_typedef(type)))
        type = btf__type_by_id(btf, type->type);
    return type;
}

static bool is_lock(const char *name) {
    static const char *const locks[] = {"mutex", "rw_semaphore", "percpu_rw_semaphore", "ww_mutex", "rt_mutex"};

    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
        if (strcmp(name, locks[i]) == 0)
            return true;
    return false;
}

/* Nesting of real kernel structs stays far below this; a damaged BTF must not recurse without end. */
#define MAX_NESTING 16

static int find_lock(const struct btf *btf, const struct btf_type *type, uint32_t offset, char *path, size_t length,
                     int nesting) {
    if (!type || nesting > MAX_NESTING)
        return -ENOENT;
    if (btf_is_array(type)) {
        const struct btf_array *array = btf_array(type);
        const struct btf_type *element = resolve(btf, array->type);
        __s64 size = btf__resolve_size(btf, array->type);

        if (size <= 0 || offset / (uint32_t)size >= array->nelems)
            return -ENOENT;
        int used = snprintf(path, length, "[i]");
        int rest = find_lock(btf, element, offset % (uint32_t)size, path + used, length - (size_t)used, nesting + 1);
        return rest < 0 ? rest : used + rest;
    }
    if (!btf_is_composite(type))
        return -ENOENT;
    if (offset == 0 && is_lock(btf__name_by_offset(btf, type->name_off))) {
        path[0] = 0;
        return 0;
    }
    const struct btf_member *member = btf_members(type);
    for (int i = 0; i < btf_vlen(type); i++) {
        uint32_t start = btf_member_bit_offset(type, (__u32)i) / 8;
        __s64 size = btf__resolve_size(btf, member[i].type);
        const char *name = btf__name_by_offset(btf, member[i].name_off);

        if (size <= 0 || offset < start || offset >= start + (uint64_t)size)
            continue;
        int used = name[0] ? snprintf(path, length, nesting > 0 && path[-1] != 0 ? ".%s" : "%s", name) : 0;
        if (used < 0 || (size_t)used >= length)
            return -ENAMETOOLONG;
        int rest = find_lock(btf, resolve(btf, member[i].type), offset - start, path + used, length - (size_t)used,
                             nesting + 1);
        if (rest >= 0)
            return used + rest;
    }
    return -ENOENT;
}

static int lock_path(const struct btf *btf, const struct btf_type *type, uint32_t offset, char *path, size_t length) {
    if (length < 2)
        return -ENAMETOOLONG;
    /* A byte before the path tells the recursion whether it is at the start. */
    path[0] = 0;
    int result = find_lock(btf, type, offset, path + 1, length - 1, 1);
    if (result < 0)
        return result;
    memmove(path, path + 1, (size_t)result + 1);
    return result;
}

int kp_types_lock_member(const struct kp_types *types, const char *name, uint32_t offset, char *path, size_t length) {
    const struct btf *btf;
    __u32 id = find_struct(types, name, &btf);

    return id ? lock_path(btf, btf__type_by_id(btf, id), offset, path, length) : -ENOENT;
}

int kp_types_lock_in_variable(const struct kp_types *types, const char *symbol, uint32_t offset, char *path,
                              size_t length) {
    __u32 id = kp_type_index_find(&types->index, symbol, BTF_KIND_VAR);

    if (!id)
        return -ENOENT;
    return lock_path(types->btf, resolve(types->btf, btf__type_by_id(types->btf, id)->type), offset, path, length);
}

static int64_t field_offset(const struct btf *btf, const struct btf_type *type, const char *field, int nesting) {
    if (!type || !btf_is_composite(type) || nesting > MAX_NESTING)
        return -ENOENT;
    const struct btf_member *member = btf_members(type);
    for (int i = 0; i < btf_vlen(type); i++) {
        const char *name = btf__name_by_offset(btf, member[i].name_off);
        int64_t start = btf_member_bit_offset(type, (__u32)i) / 8;

        if (strcmp(name, field) == 0)
            return start;
        if (name[0])
            continue;
        int64_t inner = field_offset(btf, resolve(btf, member[i].type), field, nesting + 1);
        if (inner >= 0)
            return start + inner;
    }
    return -ENOENT;
}

int64_t kp_types_field_offset(const struct kp_types *types, const char *name, const char *field) {
    const struct btf *btf;
    __u32 id = find_struct(types, name, &btf);

    return id ? field_offset(btf, btf__type_by_id(btf, id), field, 0) : -ENOENT;
}
