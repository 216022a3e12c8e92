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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LD_PLACE_SLOTS);
	__type(key, u32);
	__type(value, struct ld_places);
} places SEC(".maps");

#define LD_S_IFMT	0170000
#define LD_S_IFDIR	0040000

static __always_inline u32 fold(u64 word)
{
	word *= 0x9e3779b97f4a7c15ULL;
	return (u32)(word >> 32) | 1;
}

/*
 * What the lock's container adds to its class, as a number that is the same
 * for locks of one class. The container was found by the kind of place alone:
 * on other objects there this reads nonsense, which makes the key finer.
 */
static __always_inline u32 container_detail(u64 lock, u32 container)
{
	u64 sb;

	switch (container) {
	case LD_INODE: {
		u64 inode = lock - bpf_core_field_offset(struct inode, i_rwsem);
		u64 directory = (kernel_field(struct inode, inode, i_mode) & LD_S_IFMT) == LD_S_IFDIR;

		sb = (u64)kernel_field(struct inode, inode, i_sb);
		return fold((u64)kernel_field(struct super_block, sb, s_type) + directory +
			    ((u64)kernel_field(struct super_block, sb, s_stack_depth) << 1));
	}
	case LD_SUPER_BLOCK:
		sb = lock - bpf_core_field_offset(struct super_block, s_umount);
		return fold((u64)kernel_field(struct super_block, sb, s_type));
	case LD_RENAME:
		sb = lock - bpf_core_field_offset(struct super_block, s_vfs_rename_mutex);
		return fold((u64)kernel_field(struct super_block, sb, s_type));
	case LD_KERNFS_FILE: {
		u64 file = lock - bpf_core_field_offset(struct kernfs_open_file, mutex);
		u64 node = (u64)kernel_field(struct kernfs_open_file, file, kn);
		u64 operations = (u64)kernel_field(struct kernfs_node, node, attr.ops);

		return fold(kernel_field(struct kernfs_ops, operations, mmap) ? 2 : 4);
	}
	case LD_MAPPING: {
		struct address_space *mapping = (void *)lock - bpf_core_field_offset(struct address_space, invalidate_lock);

		return fold((u64)BPF_CORE_READ(mapping, host, i_sb, s_type));
	}
	}
	return 0;
}

__noinline int look_up_origin(u64 lock, struct ld_origin *origin)
{
	u64 page, head, cache, slab_start;
	struct ld_places *known;
	u32 size, slot;

	/* A global function: the verifier does not know that no caller passes NULL. */
	if (!origin)
		return 0;
	origin->cache = 0;
	origin->offset = 0;
	origin->detail = 0;
	if (!in_direct_map(lock) || !cfg_page_struct_size)
		return 0;
	page = vmemmap_base + ((lock - page_offset_base) >> LD_PAGE_SHIFT) * cfg_page_struct_size;
	head = kernel_field(struct page, page, compound_head);
	if (head & 1)
		page = head - 1;
	cache = (u64)kernel_field(struct slab, page, slab_cache);
	if (!in_direct_map(cache) && cache < 0xffffffff80000000ULL)
		return 0;
	size = kernel_field(struct kmem_cache, cache, size);
	if (!size || size > (1 << 22))
		return 0;
	slab_start = page_offset_base + (((page - vmemmap_base) / cfg_page_struct_size) << LD_PAGE_SHIFT);
	if (lock < slab_start)
		return 0;
	origin->cache = cache;
	origin->offset = (u32)(lock - slab_start) % size;
	slot = ld_place_slot(cache, origin->offset);
	known = bpf_map_lookup_elem(&places, &slot);
	for (u32 i = 0; known && i < LD_PLACES; i++)
		if (known->place[i].cache == cache && known->place[i].offset == origin->offset) {
			origin->detail = container_detail(lock, known->place[i].container);
			break;
		}
	return 0;
}

#endif /* LIVEDEP_LOCK_ORIGIN_H */
