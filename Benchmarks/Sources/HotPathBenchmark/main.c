/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HotPathBenchmark OBJECT [--quick] [--json FILE]: nanoseconds per acquire and
 * release of the BPF programs' own code, run natively with BPF_PROG_TEST_RUN.
 */
#include <bench_programs.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ROUNDS 31

struct bench_case {
    const char *name;
    const char *program;
    bool unfiltered;
    int held;
    int site_step;
    uint64_t pairs;
    double aim; /* ns, 0 for none */
};

/* A record with its stack is up to 900 bytes: as many pairs as the ring takes in one go. */
#define RECORDED_PAIRS 4000
#define KNOWN_PAIRS 200000

static const struct bench_case cases[] = {
    {"empty loop", "bench_empty", false, 0, 0, KNOWN_PAIRS, 0},
    {"task storage found twice", "bench_storage", false, 0, 0, KNOWN_PAIRS, 0},
    {"nothing held", "bench_pairs", false, 0, 0, KNOWN_PAIRS, 50},
    {"1 held, chain known", "bench_pairs", false, 1, 0, KNOWN_PAIRS, 90},
    {"4 held, chain known", "bench_pairs", false, 4, 0, KNOWN_PAIRS, 0},
    {"8 held, chain known", "bench_pairs", false, 8, 0, KNOWN_PAIRS, 0},
    {"15 held, chain known", "bench_pairs", false, 15, 0, KNOWN_PAIRS, 0},
    {"1 held, chain new", "bench_pairs", false, 1, 16, RECORDED_PAIRS, 0},
    {"4 held, chain new", "bench_pairs", false, 4, 16, RECORDED_PAIRS, 0},
    {"8 held, chain new", "bench_pairs", false, 8, 16, RECORDED_PAIRS, 0},
    {"nothing held, recorded", "bench_pairs", true, 0, 0, RECORDED_PAIRS, 0},
    {"1 held, recorded", "bench_pairs", true, 1, 0, RECORDED_PAIRS, 0},
    {"4 held, recorded", "bench_pairs", true, 4, 0, RECORDED_PAIRS, 0},
    {"8 held, recorded", "bench_pairs", true, 8, 0, RECORDED_PAIRS, 0},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void fail(const char *what) {
    fprintf(stderr, "HotPathBenchmark: %s: %s\n", what, strerror(errno));
    exit(2);
}

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds per turn of the loop. */
static double measure(const struct bench_programs *programs, const struct bench_case *c, int round) {
    /* Sites of their own for each round, so that a new chain is new. */
    uint64_t site = c->site_step ? (uint64_t)(round + 1) << 20 | (uint64_t)c->held << 28 : 0;
    uint64_t arguments[4] = {c->pairs, (uint64_t)c->held, (uint64_t)c->site_step, site};
    uint64_t first[4] = {1, (uint64_t)c->held, (uint64_t)c->site_step, site | (c->site_step ? 1 << 19 : 0)};
    uint32_t value = 0;

    /* What is sent once only, and cold memory. */
    if (bench_run(programs, c->program, first, &value) || value)
        fail(c->name);
    bench_empty_rings(programs);
    uint32_t sent = bench_counter(programs, BENCH_SENT), dropped = bench_counter(programs, BENCH_DROPPED);
    uint32_t filtered = bench_counter(programs, BENCH_FILTERED);
    double start = now();
    if (bench_run(programs, c->program, arguments, &value) || value)
        fail(c->name);
    double took = now() - start;
    sent = bench_counter(programs, BENCH_SENT) - sent;
    dropped = bench_counter(programs, BENCH_DROPPED) - dropped;
    filtered = bench_counter(programs, BENCH_FILTERED) - filtered;
    bench_empty_rings(programs);
    /* The figure is of what the row says, or there is none. */
    uint64_t expected = c->unfiltered ? 2 * c->pairs : c->site_step ? c->pairs : 0;
    bool right = strcmp(c->program, "bench_pairs") != 0 ||
                 (dropped == 0 && sent >= expected && (c->site_step || c->unfiltered || sent <= (uint32_t)c->held) &&
                  (c->unfiltered || c->site_step || !c->held || filtered >= c->pairs));
    if (!right) {
        fprintf(stderr, "HotPathBenchmark: %s: %u records sent, %u dropped, %u chains filtered in %llu pairs\n", c->name,
                sent, dropped, filtered, (unsigned long long)c->pairs);
        exit(2);
    }
    return took / (double)c->pairs;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    static double figures[CASES][MAX_ROUNDS];
    const char *object = NULL, *json = NULL;
    int rounds = 11;

    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--quick") == 0)
            rounds = 5;
        else if (strcmp(arguments[i], "--json") == 0 && i + 1 < count)
            json = arguments[++i];
        else
            object = arguments[i];
    }
    if (!object) {
        fprintf(stderr, "usage: HotPathBenchmark OBJECT [--quick] [--json FILE]\n");
        return 64;
    }
    struct bench_programs kinds[2];
    for (int unfiltered = 0; unfiltered < 2; unfiltered++)
        if (bench_load(object, &(struct bench_options){unfiltered, 1, 8 << 20}, &kinds[unfiltered]))
            fail("the kernel refuses the programs; root (CAP_BPF, CAP_PERFMON) is needed");
    uint64_t none[4] = {0};
    uint32_t has_cache = 0;
    if (bench_run(&kinds[0], "bench_origin", none, &has_cache))
        fail("running a program");

    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < CASES; i++)
            figures[i][round] = measure(&kinds[cases[i].unfiltered], &cases[i], round);

    FILE *file = json ? fopen(json, "we") : NULL;
    if (json && !file)
        fail(json);
    printf("%-26s %9s %9s %9s %6s\n", "ns per pair", "median", "least", "most", "aim");
    double empty = 0;
    for (size_t i = 0; i < CASES; i++) {
        qsort(figures[i], (size_t)rounds, sizeof(double), ascending);
        double median = figures[i][rounds / 2] - empty, least = figures[i][0] - empty;
        double most = figures[i][rounds - 1] - empty;
        char aim[16] = "";

        if (cases[i].aim > 0)
            snprintf(aim, sizeof(aim), "%.0f", cases[i].aim);
        printf("%-26s %9.1f %9.1f %9.1f %6s\n", cases[i].name, median, least, most, aim);
        if (file)
            fprintf(file,
                    "{\"record\": \"benchmark\", \"name\": \"%s\", \"held\": %d, \"ns\": %.2f, \"least_ns\": %.2f, "
                    "\"most_ns\": %.2f, \"aim_ns\": %s, \"rounds\": %d, \"pairs\": %llu, \"slab_found\": %s}\n",
                    cases[i].name, cases[i].held, median, least, most, aim[0] ? aim : "null", rounds,
                    (unsigned long long)cases[i].pairs, has_cache ? "true" : "false");
        if (i == 0)
            empty = figures[0][rounds / 2];
    }
    printf("Medians of %d alternating rounds, the empty loop taken off. Trampolines and caller() are not in them: a raw\n"
           "tracepoint has no traced function, so the site is a constant. The locks' slab cache is %s here.\n",
           rounds, has_cache ? "found" : "not found");
    if (file && fclose(file))
        fail(json);
    return 0;
}
