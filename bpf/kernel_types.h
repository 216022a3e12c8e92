/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The few kernel types the programs read, each with only the fields they
 * read: CO-RE finds the offsets on the running kernel, so neither a
 * 100,000-line vmlinux.h nor the kernel's headers are needed to build.
 *
 * Where a field moved between versions, the flavours stand side by side with
 * the kernel commit or version that moved it.
 */
#ifndef LIVEDEP_KERNEL_TYPES_H
#define LIVEDEP_KERNEL_TYPES_H

#define LD_BPF
#include "lock_records.h"
#include "lock_hooks.h"

typedef ld_u8 __u8;
typedef ld_u16 __u16;
typedef ld_u32 __u32;
typedef ld_u64 __u64;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef ld_u8 u8;
typedef ld_u16 u16;
typedef ld_u32 u32;
typedef ld_u64 u64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_F_NO_PREALLOC = 1U << 0,
};

enum {
	BPF_RB_NO_WAKEUP = 1ULL << 0,
	BPF_RB_FORCE_WAKEUP = 1ULL << 1,
	BPF_RB_AVAIL_DATA = 0,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1ULL << 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

struct task_struct;

struct mutex {
	atomic_long_t owner;
};

struct rw_semaphore {
	atomic_long_t count;
	atomic_long_t owner;
};

/* PREEMPT_RT builds mutex and rwsem on rt_mutex (include/linux/mutex.h, rwsem.h, rwbase_rt.h). */
struct rt_mutex_base {
	struct task_struct *owner;
};

struct rwbase_rt {
	atomic_t readers;
	struct rt_mutex_base rtmutex;
};

struct mutex___rt {
	struct rt_mutex_base rtmutex;
};

struct rw_semaphore___rt {
	struct rwbase_rt rwbase;
};

struct rt_mutex {
	struct rt_mutex_base rtmutex;
};

struct timespec64 {
	__s64 tv_sec;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	__u64 start_time;
	struct mm_struct *mm;
	int pagefault_disabled;
	char comm[16];
};

struct kmem_cache {
	unsigned int size;
	const char *name;
};

struct slab {
	struct kmem_cache *slab_cache;
};

struct page {
	unsigned long compound_head;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	struct file_system_type *s_type;
	struct rw_semaphore s_umount;
	struct mutex s_vfs_rename_mutex;
	int s_stack_depth;
};

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	struct rw_semaphore i_rwsem;
};

struct address_space {
	struct inode *host;
	struct rw_semaphore invalidate_lock;
};

struct kernfs_ops {
	void *mmap;
};

struct kernfs_elem_attr {
	struct kernfs_ops *ops;
};

struct kernfs_node {
	struct kernfs_elem_attr attr;
};

struct kernfs_open_file {
	struct kernfs_node *kn;
	struct mutex mutex;
};

struct iov_iter {
	__u8 iter_type;
};

/* 6.2 to 6.14 keep the preemption count here (commit 64701838bf05) ... */
struct pcpu_hot {
	int preempt_count;
};

#pragma clang attribute pop

/* Only the names matter: CO-RE finds the values. */
enum iter_type {
	ITER_UBUF = 0,
	ITER_IOVEC = 1,
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
} __attribute__((preserve_access_index));

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* ... 5.x, 6.0, 6.1 and 6.15+ here. */
#ifndef LD_WITHOUT_KSYMS
extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;
#endif

/* 6.2+ (commit a35b9af4ec2c). */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

#endif /* LIVEDEP_KERNEL_TYPES_H */
