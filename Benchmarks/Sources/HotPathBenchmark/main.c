/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HotPathBenchmark OBJECT [--quick] [--json FILE]: nanoseconds per acquire and
 * release of the BPF programs' own code, run natively with BPF_PROG_TEST_RUN.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

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
    {"1 held, chain new", "bench_pairs", false, 1, 16, RECORDED_PAIRS, 0},
    {"4 held, chain new", "bench_pairs", false, 4, 16, RECORDED_PAIRS, 0},
    {"8 held, chain new", "bench_pairs", false, 8, 16, RECORDED_PAIRS, 0},
    {"nothing held, recorded", "bench_pairs", true, 0, 0, RECORDED_PAIRS, 0},
    {"1 held, recorded", "bench_pairs", true, 1, 0, RECORDED_PAIRS, 0},
    {"4 held, recorded", "bench_pairs", true, 4, 0, RECORDED_PAIRS, 0},
    {"8 held, recorded", "bench_pairs", true, 8, 0, RECORDED_PAIRS, 0},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

/* As in lock_records.h. */
enum { COUNTER_SENT = 0, COUNTER_DROPPED = 1, COUNTER_FILTERED = 6 };

static void fail(const char *what) {
    fprintf(stderr, "HotPathBenchmark: %s: %s\n", what, strerror(errno));
    exit(2);
}

struct loaded {
    struct bpf_object *object;
    uint64_t *consumer;
    const uint64_t *producer;
};

static int run(const struct loaded *loaded, const char *name, uint64_t *arguments, uint32_t *value) {
    struct bpf_program *program = bpf_object__find_program_by_name(loaded->object, name);
    LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = 4 * sizeof(*arguments));

    if (!program)
        return -ENOENT;
    int result = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
    *value = options.retval;
    return result;
}

static uint32_t counter(const struct loaded *loaded, int which) {
    uint64_t arguments[4] = {(uint64_t)which};
    uint32_t value = 0;

    if (run(loaded, "bench_counter", arguments, &value))
        fail("reading a counter");
    return value;
}

static uint64_t symbol(const char *name) {
    char line[512], found[256];
    unsigned long long address;
    uint64_t result = 0;
    FILE *file = fopen("/proc/kallsyms", "re");

    while (file && !result && fgets(line, sizeof(line), file))
        if (sscanf(line, "%llx %*c %255s", &address, found) == 2 && strcmp(found, name) == 0)
            result = address;
    if (file)
        fclose(file);
    return result;
}

static void *variable(struct bpf_object *object, const char *section, const char *name, void *start) {
    const struct btf *btf = bpf_object__btf(object);
    const struct btf_type *data = btf__type_by_id(btf, (__u32)btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC));
    const struct btf_var_secinfo *entry = btf_var_secinfos(data);

    for (int i = 0; i < btf_vlen(data); i++)
        if (strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, entry[i].type)->name_off), name) == 0)
            return (char *)start + entry[i].offset;
    fprintf(stderr, "HotPathBenchmark: the object has no variable %s\n", name);
    exit(2);
}

static void set_constants(struct bpf_object *object, bool unfiltered) {
    size_t length;
    void *constants = (void *)bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata"), &length);
    struct btf *kernel = btf__load_vmlinux_btf();
    int page = kernel ? btf__find_by_name_kind(kernel, "page", BTF_KIND_STRUCT) : -1;

    *(bool *)variable(object, ".rodata", "cfg_unfiltered", constants) = unfiltered;
    if (page > 0)
        *(uint32_t *)variable(object, ".rodata", "cfg_page_struct_size", constants) =
            btf__type_by_id(kernel, (__u32)page)->size;
    if (kernel)
        *(bool *)variable(object, ".rodata", "cfg_direct_reads", constants) =
            btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
    /* No process of the machine is to be woken. */
    *(uint64_t *)variable(object, ".rodata", "cfg_wakeup_bytes", constants) = UINT64_MAX;
    btf__free(kernel);
}

/* A base that the kernel keeps in a variable, or where it is without address randomisation. */
static uint64_t base(const struct loaded *loaded, const uint64_t *word, const char *name, uint64_t fixed) {
    uint64_t arguments[4] = {symbol(name)};
    uint32_t value = 0;

    if (!arguments[0] || run(loaded, "bench_peek", arguments, &value) || value)
        return fixed;
    return *word;
}

static struct loaded load(const char *path, bool unfiltered) {
    struct loaded loaded = {.object = bpf_object__open_file(path, NULL)};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t value = 0;

    if (!loaded.object)
        fail(path);
    set_constants(loaded.object, unfiltered);
    if (bpf_object__load(loaded.object))
        fail("the kernel refuses the programs; root (CAP_BPF, CAP_PERFMON) is needed");
    int ring = bpf_map__fd(bpf_object__find_map_by_name(loaded.object, "ring"));
    loaded.consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
    loaded.producer = mmap(NULL, page, PROT_READ, MAP_SHARED, ring, (off_t)page);
    struct bpf_map *variables = bpf_object__find_map_by_name(loaded.object, ".bss");
    size_t size = (bpf_map__value_size(variables) + page - 1) / page * page;
    void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(variables), 0);
    if (loaded.consumer == MAP_FAILED || loaded.producer == MAP_FAILED || memory == MAP_FAILED)
        fail("mapping");
    const uint64_t *word = variable(loaded.object, ".bss", "bench_word", memory);
    uint64_t bases[4] = {
        base(&loaded, word, "page_offset_base", 0xffff888000000000),
        base(&loaded, word, "vmemmap_base", 0xffffea0000000000),
    };
    if (run(&loaded, "bench_prepare", bases, &value))
        fail("running a program");
    return loaded;
}

static void empty_ring(const struct loaded *loaded) {
    __atomic_store_n(loaded->consumer, __atomic_load_n(loaded->producer, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds per turn of the loop. */
static double measure(const struct loaded *loaded, const struct bench_case *c, int round) {
    /* Sites of their own for each round, so that a new chain is new. */
    uint64_t site = c->site_step ? (uint64_t)(round + 1) << 20 | (uint64_t)c->held << 28 : 0;
    uint64_t arguments[4] = {c->pairs, (uint64_t)c->held, (uint64_t)c->site_step, site};
    uint64_t first[4] = {1, (uint64_t)c->held, (uint64_t)c->site_step, site | (c->site_step ? 1 << 19 : 0)};
    uint32_t value = 0;

    /* What is sent once only, and cold memory. */
    if (run(loaded, c->program, first, &value) || value)
        fail(c->name);
    empty_ring(loaded);
    uint32_t sent = counter(loaded, COUNTER_SENT), dropped = counter(loaded, COUNTER_DROPPED);
    uint32_t filtered = counter(loaded, COUNTER_FILTERED);
    double start = now();
    if (run(loaded, c->program, arguments, &value) || value)
        fail(c->name);
    double took = now() - start;
    sent = counter(loaded, COUNTER_SENT) - sent;
    dropped = counter(loaded, COUNTER_DROPPED) - dropped;
    filtered = counter(loaded, COUNTER_FILTERED) - filtered;
    empty_ring(loaded);
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
    struct loaded kinds[2] = {load(object, false), load(object, true)};
    uint64_t none[4] = {0};
    uint32_t has_cache = 0;
    if (run(&kinds[0], "bench_origin", none, &has_cache))
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
