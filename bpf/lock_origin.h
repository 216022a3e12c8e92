/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What memory a lock lies in: its slab cache and its offset in the object.
 *
 * Works as virt_to_slab() does on x86-64 with a virtual memory map. Whoever
 * reads the record checks the cache's name against the kernel's list before
 * believing it: the page's type is not tested here, as its encoding changed
 * several times between 6.1 and 6.12.
 */
#ifndef LIVEDEP_LOCK_ORIGIN_H
#define LIVEDEP_LOCK_ORIGIN_H

#include "config.h"

#define LD_PAGE_SHIFT		12
#define LD_NOT_LOOKED_UP	(~0U)
/* The direct map ends where the vmalloc area begins, at the latest. */
#define LD_DIRECT_MAP_SPAN	(1ULL << 46)

static __always_inline bool in_direct_map(u64 lock)
{
	return page_offset_base && lock - page_offset_base < LD_DIRECT_MAP_SPAN;
}

static __always_inline void look_up_origin(u64 lock, struct ld_origin *origin)
{
	u64 page, head, cache, slab_start;
	u32 size = 0;

	origin->cache = 0;
	origin->offset = 0;
	origin->detail = 0;
	if (!in_direct_map(lock) || !cfg_page_struct_size)
		return;
	page = vmemmap_base + ((lock - page_offset_base) >> LD_PAGE_SHIFT) * cfg_page_struct_size;
	if (bpf_probe_read_kernel(&head, sizeof(head), (void *)page + bpf_core_field_offset(struct page, compound_head)))
		return;
	if (head & 1)
		page = head - 1;
	if (bpf_probe_read_kernel(&cache, sizeof(cache), (void *)page + bpf_core_field_offset(struct slab, slab_cache)))
		return;
	if (!in_direct_map(cache) && cache < 0xffffffff80000000ULL)
		return;
	bpf_probe_read_kernel(&size, sizeof(size), (void *)cache + bpf_core_field_offset(struct kmem_cache, size));
	if (!size || size > (1 << 22))
		return;
	slab_start = page_offset_base + (((page - vmemmap_base) / cfg_page_struct_size) << LD_PAGE_SHIFT);
	if (lock < slab_start)
		return;
	origin->cache = cache;
	origin->offset = (u32)(lock - slab_start) % size;
}

#endif /* LIVEDEP_LOCK_ORIGIN_H */
