/* SPDX-License-Identifier: Apache-2.0 */
/* BPF programs that are run by hand: loaded from an object of bpf/bench, with the ring they fill. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_object;

struct bench_programs {
    struct bpf_object *object;
    int ring; /* descriptor */
    uint32_t ring_bytes;
    uint64_t *consumer;
    const uint64_t *producer; /* its page; the data follow, twice */
};

/* As in lock_records.h. */
enum bench_counted { BENCH_SENT = 0, BENCH_DROPPED = 1, BENCH_FILTERED = 6 };

/* Loads the programs and opens their gate. Returns a negative errno where the kernel refuses. */
int bench_load(const char *path, bool unfiltered, uint32_t ring_bytes, struct bench_programs *programs);

/* Runs a program on the calling thread. */
int bench_run(const struct bench_programs *programs, const char *name, uint64_t arguments[4], uint32_t *value);

/* How often something happened since loading. */
uint32_t bench_counter(const struct bench_programs *programs, enum bench_counted which);

/* Throws away what is in the ring. */
void bench_empty_ring(const struct bench_programs *programs);

#endif /* BENCH_PROGRAMS_H */
