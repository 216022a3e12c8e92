/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the seed module and the program that drives it agree on. */
#ifndef LIVEDEP_SEED_H
#define LIVEDEP_SEED_H

#include <linux/ioctl.h>

#define LIVEDEP_SEED_DEVICE "livedep_seed"

#define LIVEDEP_SEED_GPU_CTL _IO('L', 1)	/* gpu_lock -> rcu_state.barrier_mutex */
#define LIVEDEP_SEED_LEGACY_CTL _IO('L', 2)	/* gpu_lock -> legacy_barrier_mutex */
#define LIVEDEP_SEED_LEGACY_BARRIER _IO('L', 3)	/* legacy_barrier_mutex -> cpu_hotplug_lock (read) */
#define LIVEDEP_SEED_SECOND_AB _IO('L', 4)	/* second_a -> second_b */
#define LIVEDEP_SEED_SECOND_BA _IO('L', 5)	/* second_b -> second_a */

#endif
