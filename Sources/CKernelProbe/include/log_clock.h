/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that stamps the kernel's log, which no system call reads: perf stamps its records with the same one
 * (local_clock()) unless told otherwise, and a thread that gives itself its own name again makes such a record.
 */
#ifndef LOG_CLOCK_H
#define LOG_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct kp_log_clock;

/* For the calling thread; NULL where perf is refused. */
struct kp_log_clock *kp_log_clock_open(void);

void kp_log_clock_close(struct kp_log_clock *clock);

/* Nanoseconds from the log's clock to CLOCK_MONOTONIC, to about a microsecond. By the thread that opened it. */
bool kp_log_clock_offset(struct kp_log_clock *clock, int64_t *offset);

#endif /* LOG_CLOCK_H */
