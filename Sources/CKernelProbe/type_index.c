/* SPDX-License-Identifier: Apache-2.0 */
/* Types by name. libbpf looks at each type in turn, which is too slow for a question per slab cache. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe_internal.h"

static bool is_asked_for(const struct btf_type *type) {
    switch (btf_kind(type)) {
    case BTF_KIND_STRUCT:
    case BTF_KIND_FUNC:
    case BTF_KIND_VAR:
    case BTF_KIND_TYPEDEF:
        return type->name_off != 0;
    default:
        return false;
    }
}

/* FNV-1a. */
static uint32_t hash_of(const char *name) {
    uint32_t hash = 0x811c9dc5;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x01000193;
    return hash;
}

int kp_type_index_build(struct kp_type_index *index, const struct btf *btf, uint32_t first) {
    uint32_t end = btf__type_cnt(btf);
    uint32_t named = 0, size = 64;

    for (uint32_t id = first; id < end; id++)
        named += is_asked_for(btf__type_by_id(btf, id));
    /* At most two thirds full. */
    while (size < named + named / 2)
        size *= 2;
    index->slots = calloc(size, sizeof(*index->slots));
    if (!index->slots)
        return -ENOMEM;
    index->btf = btf;
    index->mask = size - 1;
    for (uint32_t id = first; id < end; id++) {
        const struct btf_type *type = btf__type_by_id(btf, id);
        uint32_t slot;

        if (!is_asked_for(type))
            continue;
        slot = hash_of(btf__name_by_offset(btf, type->name_off)) & index->mask;
        while (index->slots[slot])
            slot = (slot + 1) & index->mask;
        index->slots[slot] = id;
    }
    return 0;
}

uint32_t kp_type_index_find(const struct kp_type_index *index, const char *name, uint32_t kind) {
    /* Of several of one name the first to come was put in first, and so is met first. */
    for (uint32_t slot = hash_of(name) & index->mask; index->slots[slot]; slot = (slot + 1) & index->mask) {
        const struct btf_type *type = btf__type_by_id(index->btf, index->slots[slot]);

        if (btf_kind(type) == kind && strcmp(btf__name_by_offset(index->btf, type->name_off), name) == 0)
            return index->slots[slot];
    }
    return 0;
}

void kp_type_index_free(struct kp_type_index *index) { free(index->slots); }
