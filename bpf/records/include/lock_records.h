/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records that travel through the ring: the one definition that the BPF
 * programs write, the C shim sizes its rings by and Swift decodes.
 *
 * All fields are little endian as on the machine that wrote them. A record is
 * a struct ld_record, then ->nheld struct ld_held (outermost first), then
 * ->nstack return addresses (innermost first), then ->nname bytes of a
 * NUL-terminated name: LD_NAME_LEN for LD_TASK and for an LD_INIT whose name was
 * not sent before, LD_CLASS_NAME_LEN for LD_CLASS, otherwise none. Every part is a
 * multiple of 8 bytes long, and each count says how long a part is, so that CTF
 * readers need no more than the layout
 * (Sources/TraceFiles/Capture/CaptureMetadata.swift).
 *
 * Records of the lockdep source name locks by their lockdep_map. ->origin.cache
 * is the class key there, ->origin.offset the subclass, ->origin.detail the low
 * half of the name's address (an LD_CLASS record with the same key and ->aux
 * came before), and ->aux (->context of a held lock) the nest lock.
 */
#ifndef LIVEDEP_LOCK_RECORDS_H
#define LIVEDEP_LOCK_RECORDS_H

#ifndef LD_BPF
#include <stdint.h>
typedef uint8_t ld_u8;
typedef uint16_t ld_u16;
typedef uint32_t ld_u32;
typedef uint64_t ld_u64;
#else
typedef unsigned char ld_u8;
typedef unsigned short ld_u16;
typedef unsigned int ld_u32;
typedef unsigned long long ld_u64;
#endif

/* Bumped with every change of the layout: a capture names the one it has. */
#define LD_RECORD_VERSION	1

#define LD_MAX_HELD	32
#define LD_MAX_STACK	40
#define LD_MAX_RINGS	16
#define LD_NAME_LEN	64
/* lockdep's own limit (include/linux/sched.h, MAX_LOCK_DEPTH). */
#define LD_MAX_LOCKDEP_HELD	48
/* A class may be called like a whole expression. */
#define LD_CLASS_NAME_LEN	256

/* Idle tasks all have number 0: of these records ->tid is this and the processor's number. */
#define LD_IDLE_TID	(1u << 30)

enum ld_kind {
	LD_NONE = 0,
	LD_ACQUIRE,	/* blocking acquisition, got it */
	LD_TRY,		/* trylock, got it */
	LD_ATTEMPT,	/* blocking acquisition, now waiting */
	LD_FAIL,	/* the attempt ended without the lock */
	LD_RELEASE,
	LD_DOWNGRADE,
	LD_MAY,		/* might fault: might take mmap_lock for reading */
	LD_INIT,	/* ->aux is the name's address, the name follows */
	LD_TASK,	/* a task is named: the name follows */
	LD_EXIT,	/* the task ends */
	LD_CLASS,	/* a class of lockdep's: ->aux is the name's address, the name follows */
	LD_KIND_MAX,
};

enum ld_type {
	LD_MUTEX = 0,
	LD_RWSEM,
	LD_PERCPU_RWSEM,
	LD_WW_MUTEX,
	LD_RT_MUTEX,
	LD_SPIN,
	LD_RWLOCK,
	LD_WW_CONTEXT,
	LD_PSEUDO,	/* a work item, a completion, fs_reclaim: waited for, and no lock in memory */
};

enum ld_mode {
	LD_WRITE = 0,
	LD_READ,
	LD_RECURSIVE,	/* a reader that no queued writer holds up */
};

enum ld_flags {
	LD_F_TRYLOCK	= 1 << 0,
	/* A trylock that the page-fault path made on current->mm: it would block next. */
	LD_F_FAULT	= 1 << 1,
	/* The lock is current->mm->mmap_lock. */
	LD_F_MMAP_LOCK	= 1 << 2,
	/* The task was there before tracing began: it may release what it took before. */
	LD_F_OLD_TASK	= 1 << 3,
	/* A release of a lock that the task's list did not have. */
	LD_F_UNMATCHED	= 1 << 4,
	/* The held list was full: locks are missing from it. */
	LD_F_OVERFLOW	= 1 << 5,
	/* The chain is new to the filter, so the record carries a stack. */
	LD_F_NEW_CHAIN	= 1 << 6,
	/* The release may come from a task that does not hold the lock. */
	LD_F_NON_OWNER	= 1 << 7,
	/*
	 * Of LD_RELEASE and LD_INIT, where no trylock is: the lock's own owner says
	 * that the task does not hold what it releases, or holds what it
	 * initialises. (On the lockdep source, where locks say nothing, the list of
	 * a task that was watched all its life.)
	 */
	LD_F_PROVEN	= LD_F_TRYLOCK,
};

/* Flags of a held lock, besides LD_F_TRYLOCK, LD_F_FAULT and LD_F_MMAP_LOCK. */
enum ld_held_flags {
	/* On the list from the attempt on, and not obtained yet. */
	LD_H_AWAITED	= 1 << 3,
	/* lockdep tracks it and does not check it. */
	LD_H_UNCHECKED	= 1 << 4,
	/* Not taken: might_fault() said that it might be. */
	LD_H_MAY	= 1 << 5,
	/* The same lock is held further out: a reader's. */
	LD_H_AGAIN	= 1 << 7,
};

/* ->mode of an LD_CLASS record. */
enum ld_class_flags {
	LD_CLASS_UNCHECKED	= 1 << 0,
	/* Its instances nest in an order of their own (lock_set_cmp_fn). */
	LD_CLASS_ORDERED	= 1 << 1,
};

/* What a lock's memory is part of, where it is a slab object; else zeroes. */
struct ld_origin {
	ld_u64 cache;	/* struct kmem_cache */
	ld_u32 offset;	/* of the lock in its object */
	ld_u32 detail;	/* finer class key: file system, directory or not */
};

struct ld_held {
	ld_u64 lock;
	ld_u64 site;	/* return address of the call that took it */
	ld_u64 context;	/* ww_acquire_ctx, or 0 */
	struct ld_origin origin;
	ld_u8 type;
	ld_u8 mode;
	ld_u8 flags;
	ld_u8 hook;
	ld_u32 epoch;	/* of the miss counters when it was taken */
};

struct ld_record {
	ld_u8 kind;
	ld_u8 hook;	/* index into the hook table: which function it was */
	ld_u16 size;	/* bytes, all parts together */
	ld_u8 type;
	ld_u8 mode;
	ld_u8 flags;
	ld_u8 depth;	/* locks held before the event */
	ld_u32 seq;	/* of the task's records, lost ones counted */
	ld_u32 tid;
	ld_u32 tgid;
	ld_u16 cpu;
	ld_u8 nheld;
	ld_u8 nstack;
	ld_u32 epoch;
	ld_u32 nname;
	ld_u64 time;	/* ns, CLOCK_MONOTONIC */
	ld_u64 lock;
	ld_u64 site;
	ld_u64 aux;	/* ww_acquire_ctx; for LD_INIT the name's address */
	struct ld_origin origin;
};

/*
 * Objects by which the classes of a lock in them differ, as lockdep_set_class()
 * makes them differ on a debug kernel.
 */
enum ld_container {
	LD_NO_CONTAINER = 0,
	LD_INODE,	/* i_rwsem: by file system, directory or not, stacking depth */
	LD_SUPER_BLOCK,	/* s_umount: by file system */
	LD_RENAME,	/* s_vfs_rename_mutex: by file system */
	LD_KERNFS_FILE,	/* kernfs_open_file.mutex: by whether the file can be mapped */
	LD_MAPPING,	/* address_space.invalidate_lock: by file system */
};

/* Where in a slab cache's objects such locks lie. User space finds out and tells the programs. */
struct ld_place {
	ld_u64 cache;
	ld_u32 offset;
	ld_u32 container;
};

/* Two places of one slot have room. */
#define LD_PLACES	2

struct ld_places {
	struct ld_place place[LD_PLACES];
};

#define LD_PLACE_SLOTS	4096

static inline ld_u32 ld_place_slot(ld_u64 cache, ld_u32 offset)
{
	return (ld_u32)(((cache >> 6) * 31 + offset) * 0x9e3779b1U >> 8) & (LD_PLACE_SLOTS - 1);
}

/* Counters of what did not become a record, by cause; per CPU, summed by the reader. */
enum ld_counter {
	LD_C_SENT = 0,		/* records sent */
	LD_C_DROPPED,		/* ring full */
	LD_C_NO_STORAGE,	/* task storage refused */
	LD_C_OVERFLOW,		/* held list full */
	LD_C_INTERRUPT,		/* trylocks and releases in interrupts, passed over */
	LD_C_STALE,		/* held locks that turned out not to be the task's any more */
	LD_C_FILTERED,		/* acquisitions under a lock whose chain was sent before */
	LD_C_ACQUIRED,		/* acquisitions seen */
	LD_C_UNMATCHED,		/* releases of locks that no list had */
	LD_C_UNSENT_PAIRS,	/* nestings of two instances of one kind that there was no budget for */
	LD_C_MODULES,		/* modules that were loaded */
	LD_C_LOST_CALLS,	/* kprobes: lock functions whose entry or return was not seen */
	LD_COUNTER_MAX,
};

#endif /* LIVEDEP_LOCK_RECORDS_H */
