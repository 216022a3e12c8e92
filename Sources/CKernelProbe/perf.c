/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel_perf.h"
#include "probe_internal.h"

struct ring {
    struct perf_event_mmap_page *page;
    int processor;
};

struct kp_perf {
    int tracepoints, rings;
    size_t ring_bytes;
    struct ring *ring;
    bool *starts_off;
    int *descriptors; /* of each ring, of each tracepoint */
    struct pollfd *polled;
};

static int descriptor(const struct kp_perf *perf, int ring, int tracepoint) {
    return perf->descriptors[ring * perf->tracepoints + tracepoint];
}

static int open_one(const struct kp_tracepoint *tracepoint, int processor, size_t ring_bytes, bool tells_tasks) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT,
        .size = sizeof(attributes),
        .config = tracepoint->id,
        .sample_period = 1,
        .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_CALLCHAIN |
                       PERF_SAMPLE_RAW,
        .exclude_callchain_user = 1,
        .sample_max_stack = tracepoint->stack_depth,
        .disabled = 1,
        .comm = tells_tasks,
        .task = tells_tasks,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .watermark = 1,
        .wakeup_watermark = (__u32)(ring_bytes / 4),
    };

    return (int)syscall(SYS_perf_event_open, &attributes, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
}

static int open_ring(struct kp_perf *perf, const struct kp_tracepoint *tracepoints, int processor,
                     struct kp_error *error) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int first = -1;

    for (int i = 0; i < perf->tracepoints; i++) {
        int fd = open_one(&tracepoints[i], processor, perf->ring_bytes, i == 0);

        /* A processor that is offline has no tasks either. */
        if (fd < 0 && errno == ENODEV && first < 0)
            return 1;
        if (fd < 0)
            return kp_fail(error, errno,
                           "perf_event_open refuses tracepoints (%s): run as root (CAP_PERFMON), with "
                           "kernel.perf_event_paranoid below 2 or outside of lockdown",
                           strerror(errno));
        perf->descriptors[perf->rings * perf->tracepoints + i] = fd;
        if (tracepoints[i].filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, tracepoints[i].filter))
            return kp_fail(error, errno, "the kernel does not take the filter '%s' (%s)", tracepoints[i].filter,
                           strerror(errno));
        if (first < 0) {
            void *memory = mmap(NULL, page + perf->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

            if (memory == MAP_FAILED)
                return kp_fail(error, errno, "mapping a ring of %zu bytes failed: %s", perf->ring_bytes,
                               strerror(errno));
            first = fd;
            perf->ring[perf->rings].page = memory;
            perf->ring[perf->rings].processor = processor;
        } else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, first)) {
            return kp_fail(error, errno, "two tracepoints cannot share a ring: %s", strerror(errno));
        }
    }
    perf->polled[perf->rings] = (struct pollfd){.fd = first, .events = POLLIN};
    perf->rings++;
    return 0;
}

int kp_perf_open(const struct kp_tracepoint *tracepoints, int count, size_t ring_bytes, struct kp_perf **result,
                 struct kp_error *error) {
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    struct kp_perf *perf = calloc(1, sizeof(*perf));

    if (!perf)
        return kp_fail(error, ENOMEM, "out of memory");
    perf->tracepoints = count;
    perf->ring_bytes = ring_bytes;
    perf->ring = calloc((size_t)processors, sizeof(*perf->ring));
    perf->polled = calloc((size_t)processors, sizeof(*perf->polled));
    perf->starts_off = calloc((size_t)count, sizeof(*perf->starts_off));
    perf->descriptors = malloc((size_t)(processors * count) * sizeof(*perf->descriptors));
    if (!perf->ring || !perf->polled || !perf->starts_off || !perf->descriptors) {
        kp_perf_close(perf);
        return kp_fail(error, ENOMEM, "out of memory");
    }
    memset(perf->descriptors, -1, (size_t)(processors * count) * sizeof(*perf->descriptors));
    for (int i = 0; i < count; i++)
        perf->starts_off[i] = tracepoints[i].starts_off;
    for (int processor = 0; processor < processors; processor++) {
        int opened = open_ring(perf, tracepoints, processor, error);

        if (opened < 0) {
            /* The ring at hand is closed too. */
            perf->rings++;
            kp_perf_close(perf);
            return opened;
        }
    }
    if (!perf->rings) {
        kp_perf_close(perf);
        return kp_fail(error, ENODEV, "perf_event_open knows no processor");
    }
    *result = perf;
    return 0;
}

void kp_perf_switch(struct kp_perf *perf, int tracepoint, bool on) {
    for (int ring = 0; ring < perf->rings; ring++)
        ioctl(descriptor(perf, ring, tracepoint), on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

void kp_perf_enable(struct kp_perf *perf) {
    for (int i = 0; i < perf->tracepoints; i++)
        if (!perf->starts_off[i])
            kp_perf_switch(perf, i, true);
}

void kp_perf_disable(struct kp_perf *perf) {
    for (int i = perf->tracepoints - 1; i >= 0; i--)
        kp_perf_switch(perf, i, false);
}

uint32_t kp_thread_number(void) { return (uint32_t)syscall(SYS_gettid); }

void kp_perf_close(struct kp_perf *perf) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!perf)
        return;
    for (int ring = 0; perf->ring && ring < perf->rings; ring++) {
        if (perf->ring[ring].page)
            munmap(perf->ring[ring].page, page + perf->ring_bytes);
        for (int i = 0; perf->descriptors && i < perf->tracepoints; i++)
            if (descriptor(perf, ring, i) >= 0)
                close(descriptor(perf, ring, i));
    }
    free(perf->ring);
    free(perf->polled);
    free(perf->starts_off);
    free(perf->descriptors);
    free(perf);
}

int kp_perf_rings(const struct kp_perf *perf) { return perf->rings; }

void kp_perf_wait(const struct kp_perf *perf, int milliseconds) {
    /* Woken by a signal or by time alike: the caller looks at the rings anyway. */
    (void)poll(perf->polled, (nfds_t)perf->rings, milliseconds);
}

/* The data wrap: a record may come in two pieces. */
static void copy(const struct kp_perf *perf, const struct ring *ring, uint64_t position, void *bytes, size_t length) {
    const char *data = (const char *)ring->page + sysconf(_SC_PAGESIZE);
    size_t start = position & (perf->ring_bytes - 1);
    size_t first = perf->ring_bytes - start < length ? perf->ring_bytes - start : length;

    memcpy(bytes, data + start, first);
    memcpy((char *)bytes + first, data, length - first);
}

/* More than any record of ours takes: fields with a name, a call chain, the header. */
#define LARGEST_RECORD 4096

bool kp_perf_may_have_lost(const struct kp_perf *perf, int index) {
    const struct perf_event_mmap_page *page = perf->ring[index].page;
    uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);

    return head - page->data_tail + LARGEST_RECORD > perf->ring_bytes;
}

size_t kp_perf_next(struct kp_perf *perf, int index, void *record, size_t capacity) {
    struct ring *ring = &perf->ring[index];
    struct perf_event_header header;

    for (;;) {
        uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
        uint64_t tail = ring->page->data_tail;

        if (head == tail)
            return 0;
        copy(perf, ring, tail, &header, sizeof(header));
        bool fits = header.size <= capacity;
        if (fits)
            copy(perf, ring, tail, record, header.size);
        __atomic_store_n(&ring->page->data_tail, tail + header.size, __ATOMIC_RELEASE);
        if (fits)
            return header.size;
    }
}
