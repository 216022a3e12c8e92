/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the hooks module and the program that drives it agree on. */
#ifndef LIVEDEP_HOOKS_H
#define LIVEDEP_HOOKS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LIVEDEP_HOOKS_DEVICE "livedep_hooks"
#define LIVEDEP_HOOKS_NAME 48

/* What the caller must bring along. */
#define LIVEDEP_HOOKS_PLAIN 0
#define LIVEDEP_HOOKS_CAUGHT 1	/* SIGUSR1 will come, and is to be caught */
#define LIVEDEP_HOOKS_KILLED 2	/* SIGKILL will come */

struct livedep_hooks_operation {
	__u32 index;		/* in; the rest is the answer */
	__u32 needs;
	char name[LIVEDEP_HOOKS_NAME];
	char hook[LIVEDEP_HOOKS_NAME];		/* the function the operation is there to exercise; empty: inlined */
	char function[LIVEDEP_HOOKS_NAME];	/* the one that this kernel has in its place; empty: inlined */
	char init[LIVEDEP_HOOKS_NAME];		/* empty: initialised at build time */
	char release[LIVEDEP_HOOKS_NAME];	/* empty: never held, or inlined */
	char lock[LIVEDEP_HOOKS_NAME];
	__u8 read;		/* mode when held */
	__u8 trylock;
	__u8 held;		/* expected outcome */
	__u8 ran;		/* since it was loaded */
	__s32 result;		/* of the last run: what the kernel's function returned */
	__u8 was_held;
	__u8 padding[3];
	__s32 pid;		/* thread that ran it */
	char comm[16];
};

#define LIVEDEP_HOOKS_DESCRIBE _IOWR('L', 16, struct livedep_hooks_operation)
#define LIVEDEP_HOOKS_RUN _IO('L', 17)		/* argument: index */

#endif
