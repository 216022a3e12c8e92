/* SPDX-License-Identifier: Apache-2.0 */
/* The ring, mapped as kernel/bpf/ringbuf.c lays it out. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe_internal.h"

void kp_unmap_ring(struct kp_probe *probe) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (probe->ring_consumer)
        munmap(probe->ring_consumer, page);
    if (probe->ring_producer)
        munmap(probe->ring_producer, probe->ring_producer_length);
    probe->ring_consumer = probe->ring_producer = NULL;
}

int kp_map_ring(struct kp_probe *probe, struct kp_ring *ring, struct kp_error *error) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct bpf_map *map = bpf_object__find_map_by_name(probe->object, "ring");
    size_t size = bpf_map__max_entries(map);

    probe->ring_fd = bpf_map__fd(map);
    void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, probe->ring_fd, 0);
    if (consumer == MAP_FAILED)
        return kp_fail(error, errno, "mapping the ring's consumer page failed: %s", strerror(errno));
    probe->ring_consumer = consumer;
    /* The producer's page, then the data twice: a record that wraps is contiguous. */
    probe->ring_producer_length = page + 2 * size;
    void *producer = mmap(NULL, probe->ring_producer_length, PROT_READ, MAP_SHARED, probe->ring_fd, (off_t)page);
    if (producer == MAP_FAILED)
        return kp_fail(error, errno, "mapping the ring's data (%zu bytes) failed: %s", 2 * size, strerror(errno));
    probe->ring_producer = producer;
    ring->consumer_position = consumer;
    ring->producer_position = producer;
    ring->data = (const uint8_t *)producer + page;
    ring->size = size;
    ring->descriptor = probe->ring_fd;
    return 0;
}
