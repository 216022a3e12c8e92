/* SPDX-License-Identifier: Apache-2.0 */
/* The rings, made, and mapped as kernel/bpf/ringbuf.c lays them out. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe_internal.h"

/* The producer's page, then the data twice: a record that wraps is contiguous. */
static size_t producer_length(const struct kp_probe *probe, size_t page) {
    return page + 2 * (size_t)probe->config.ring_bytes;
}

void kp_unmap_rings(struct kp_probe *probe) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (int i = 0; i < probe->ring_count; i++) {
        struct kp_mapped_ring *ring = &probe->rings[i];

        if (ring->consumer)
            munmap(ring->consumer, page);
        if (ring->producer)
            munmap(ring->producer, producer_length(probe, page));
        close(ring->fd);
    }
    probe->ring_count = 0;
}

static int map_ring(struct kp_probe *probe, int outer, uint32_t index, struct kp_error *error) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), length = producer_length(probe, page);
    struct kp_mapped_ring *ring = &probe->rings[index];

    ring->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, probe->config.ring_bytes, NULL);
    if (ring->fd < 0)
        return kp_fail(error, errno, "the kernel refuses a ring of %u bytes: %s", probe->config.ring_bytes,
                       strerror(errno));
    probe->ring_count++;
    if (bpf_map_update_elem(outer, &index, &ring->fd, 0))
        return kp_fail(error, errno, "the kernel refuses a ring to the programs: %s", strerror(errno));
    void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    if (consumer == MAP_FAILED)
        return kp_fail(error, errno, "mapping a ring's consumer page failed: %s", strerror(errno));
    ring->consumer = consumer;
    void *producer = mmap(NULL, length, PROT_READ, MAP_SHARED, ring->fd, (off_t)page);
    if (producer == MAP_FAILED)
        return kp_fail(error, errno, "mapping a ring's data (%zu bytes) failed: %s", length, strerror(errno));
    ring->producer = producer;
    return 0;
}

int kp_map_rings(struct kp_probe *probe, struct kp_ring *rings, struct kp_error *error) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int outer = bpf_map__fd(bpf_object__find_map_by_name(probe->object, "rings"));

    for (uint32_t i = 0; i < probe->config.ring_count; i++) {
        int result = map_ring(probe, outer, i, error);

        if (result)
            return result;
        rings[i] = (struct kp_ring){
            .consumer_position = probe->rings[i].consumer,
            .producer_position = probe->rings[i].producer,
            .data = (const uint8_t *)probe->rings[i].producer + page,
            .size = probe->config.ring_bytes,
            .descriptor = probe->rings[i].fd,
        };
    }
    return 0;
}
