/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the verdicts module and the program that drives it agree on. */
#ifndef LIVEDEP_VERDICTS_H
#define LIVEDEP_VERDICTS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LIVEDEP_VERDICTS_DEVICE "livedep_verdicts"

struct livedep_verdicts_scenario {
	__u32 index;		/* in; the rest is the answer */
	char name[48];
	char locks[48];
	char steps[96];
	char lockdep[16];	/* verdicts expected */
	char livedep[32];	/* its findings, with their grades */
	char reason[160];	/* why they differ; empty if they do not */
};

struct livedep_verdicts_step {
	__u32 scenario;
	__u32 step;
	__u32 branch;
};

#define LIVEDEP_VERDICTS_DESCRIBE _IOWR('L', 32, struct livedep_verdicts_scenario)
#define LIVEDEP_VERDICTS_PREPARE _IO('L', 33)	/* argument: scenario; initialises its locks anew */
#define LIVEDEP_VERDICTS_RUN _IOW('L', 34, struct livedep_verdicts_step)

#endif
