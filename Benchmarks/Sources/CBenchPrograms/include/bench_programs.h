/* SPDX-License-Identifier: Apache-2.0 */
/* BPF programs that are run by hand: loaded from an object of bpf/bench, with the rings they fill. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;

#define BENCH_MAX_RINGS 2

struct bench_ring {
    int descriptor;
    uint64_t *consumer;
    const uint64_t *producer; /* its page; the data follow, twice */
};

struct bench_programs {
    struct bpf_object *object;
    uint32_t ring_bytes; /* of each */
    int ring_count;
    struct bench_ring rings[BENCH_MAX_RINGS];
};

struct bench_options {
    bool unfiltered;
    int ring_count; /* 1, or 2: a ring for each processor */
    uint32_t ring_bytes;
};

/* As in lock_records.h. */
enum bench_counted { BENCH_SENT = 0, BENCH_DROPPED = 1, BENCH_FILTERED = 6 };

/* Loads the programs and opens their gate. Returns a negative errno where the kernel refuses. */
int bench_load(const char *path, const struct bench_options *options, struct bench_programs *programs);

/* Runs a program on the calling thread. */
int bench_run(const struct bench_programs *programs, const char *name, uint64_t arguments[4], uint32_t *value);

/* How often something happened since loading. */
uint32_t bench_counter(const struct bench_programs *programs, enum bench_counted which);

/* Runs a program on a processor, from a thread that stays there. */
int bench_run_on(int processor, const struct bench_programs *programs, const char *name, uint64_t arguments[4]);

/* Throws away what is in the rings. */
void bench_empty_rings(const struct bench_programs *programs);

#endif /* BENCH_PROGRAMS_H */
