/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "log_clock.h"

struct kp_log_clock {
    struct perf_event_mmap_page *page;
    size_t page_size;
    int descriptor;
};

/* PERF_RECORD_COMM as asked for below, behind the name: the time alone. */
struct comm_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    char comm[16];
    uint64_t time;
};

struct kp_log_clock *kp_log_clock_open(void) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_SW_DUMMY,
        .sample_type = PERF_SAMPLE_TIME,
        .sample_id_all = 1,
        .comm = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    struct kp_log_clock *clock = calloc(1, sizeof(*clock));

    if (!clock)
        return NULL;
    clock->page_size = (size_t)sysconf(_SC_PAGESIZE);
    clock->page = MAP_FAILED;
    clock->descriptor = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (clock->descriptor >= 0)
        clock->page = mmap(NULL, 2 * clock->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, clock->descriptor, 0);
    if (clock->page == MAP_FAILED) {
        kp_log_clock_close(clock);
        return NULL;
    }
    return clock;
}

void kp_log_clock_close(struct kp_log_clock *clock) {
    if (!clock)
        return;
    if (clock->page != MAP_FAILED)
        munmap(clock->page, 2 * clock->page_size);
    if (clock->descriptor >= 0)
        close(clock->descriptor);
    free(clock);
}

static int64_t monotonic(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The time in the ring's newest record, if that is what was asked for. */
static bool newest(struct kp_log_clock *clock, uint64_t *time) {
    const char *data = (const char *)clock->page + clock->page_size;
    uint64_t head = __atomic_load_n(&clock->page->data_head, __ATOMIC_ACQUIRE);
    struct comm_record record;
    char *bytes = (char *)&record;
    bool found = false;

    while (clock->page->data_tail + sizeof(record.header) <= head) {
        uint64_t tail = clock->page->data_tail;

        memset(&record, 0, sizeof(record));
        for (size_t i = 0; i < sizeof(record) && tail + i < head; i++)
            bytes[i] = data[(tail + i) & (clock->page_size - 1)];
        if (record.header.size < sizeof(record.header))
            break;
        if (record.header.type == PERF_RECORD_COMM && record.header.size <= sizeof(record)) {
            /* A short name takes less room. */
            memcpy(time, bytes + record.header.size - sizeof(*time), sizeof(*time));
            found = true;
        }
        __atomic_store_n(&clock->page->data_tail, tail + record.header.size, __ATOMIC_RELEASE);
    }
    return found;
}

bool kp_log_clock_offset(struct kp_log_clock *clock, int64_t *offset) {
    int64_t best = INT64_MAX;
    char name[16];

    if (prctl(PR_GET_NAME, name))
        return false;
    for (int i = 0; i < 3; i++) {
        int64_t before = monotonic(), after;
        uint64_t time;

        if (prctl(PR_SET_NAME, name))
            return false;
        after = monotonic();
        if (!newest(clock, &time) || after - before >= best)
            continue;
        best = after - before;
        *offset = before + best / 2 - (int64_t)time;
    }
    return best != INT64_MAX;
}
