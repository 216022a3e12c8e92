// SPDX-License-Identifier: Apache-2.0
/*
 * Graphics without hardware: threads make, map, fault in, share (PRIME) and drop dumb buffers of every /dev/dri/card*, put
 * fences on them, and scan them out where there is a display. For vgem, vkms, bochs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/dma-buf.h>
#include <linux/types.h>

#include "load.h"

/* include/uapi/drm/drm.h, drm_mode.h and vgem_drm.h, which Debian's linux-libc-dev leaves to libdrm: what is used here. */
struct create_dumb {
    __u32 height, width, bpp, flags, handle, pitch;
    __u64 size;
};

struct map_dumb {
    __u32 handle, pad;
    __u64 offset;
};

struct destroy_dumb {
    __u32 handle;
};

struct gem_close {
    __u32 handle, pad;
};

struct prime_handle {
    __u32 handle, flags;
    __s32 fd;
};

struct card_resources {
    __u64 framebuffers, crtcs, connectors, encoders;
    __u32 framebuffer_count, crtc_count, connector_count, encoder_count;
    __u32 min_width, max_width, min_height, max_height;
};

struct mode {
    __u32 clock;
    __u16 sizes[10];
    __u32 refresh, flags, type;
    char name[32];
};

struct get_connector {
    __u64 encoders, modes, properties, values;
    __u32 mode_count, property_count, encoder_count, encoder, connector, type, type_number, connection, width_mm, height_mm,
        subpixel, pad;
};

struct framebuffer {
    __u32 id, width, height, pitch, bpp, depth, handle;
};

struct set_crtc {
    __u64 connectors;
    __u32 connector_count, crtc, framebuffer, x, y, gamma_size, mode_valid;
    struct mode mode;
};

struct page_flip {
    __u32 crtc, framebuffer, flags, reserved;
    __u64 user_data;
};

struct vgem_attach {
    __u32 handle, flags, fence, pad;
};

struct vgem_signal {
    __u32 fence, flags;
};

#define GEM_CLOSE _IOW('d', 0x09, struct gem_close)
#define PRIME_EXPORT _IOWR('d', 0x2d, struct prime_handle)
#define PRIME_IMPORT _IOWR('d', 0x2e, struct prime_handle)
#define VGEM_ATTACH _IOWR('d', 0x41, struct vgem_attach)
#define VGEM_SIGNAL _IOW('d', 0x42, struct vgem_signal)
#define GET_RESOURCES _IOWR('d', 0xa0, struct card_resources)
#define SET_CRTC _IOWR('d', 0xa2, struct set_crtc)
#define GET_CONNECTOR _IOWR('d', 0xa7, struct get_connector)
#define ADD_FB _IOWR('d', 0xae, struct framebuffer)
#define REMOVE_FB _IOWR('d', 0xaf, unsigned int)
#define PAGE_FLIP _IOWR('d', 0xb0, struct page_flip)
#define CREATE_DUMB _IOWR('d', 0xb2, struct create_dumb)
#define MAP_DUMB _IOWR('d', 0xb3, struct map_dumb)
#define DESTROY_DUMB _IOWR('d', 0xb4, struct destroy_dumb)

#define CARDS 4
#define THREADS 4

static int cards[CARDS], card_count;
static volatile unsigned long rounds[THREADS], shared, fences, flips;

/* Touches each page of a mapping, first read, then written, through the kernel too. */
static void touch(int device, char *memory, size_t size)
{
    volatile char *byte = memory;

    for (size_t at = 0; at < size; at += 4096)
        byte[at] = (char)(byte[at] + 1);
    /* A copy from the mapping, while the kernel holds locks of its own. */
    if (write(device, memory, 0) < 0 && errno != EINVAL)
        load_fail("write");
    madvise(memory, size, MADV_DONTNEED);
    byte[size / 2] = 1;
}

static void fence(int card, uint32_t handle)
{
    struct vgem_attach attach = {.handle = handle, .flags = 1};

    if (ioctl(card, VGEM_ATTACH, &attach) != 0)
        return;
    struct vgem_signal signal = {.fence = attach.fence};

    if (ioctl(card, VGEM_SIGNAL, &signal) == 0)
        fences++;
}

/* Gives a buffer to another card, maps it there through the file, and takes it back. */
static void share(int from, int to, uint32_t handle, size_t size)
{
    struct prime_handle prime = {.handle = handle, .flags = O_CLOEXEC | O_RDWR, .fd = -1};
    struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};

    if (ioctl(from, PRIME_EXPORT, &prime) != 0)
        return;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, prime.fd, 0);

    if (memory != MAP_FAILED) {
        ioctl(prime.fd, DMA_BUF_IOCTL_SYNC, &sync);
        touch(prime.fd, memory, size);
        sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
        ioctl(prime.fd, DMA_BUF_IOCTL_SYNC, &sync);
        munmap(memory, size);
    }
    struct prime_handle import = {.fd = prime.fd};

    if (ioctl(to, PRIME_IMPORT, &import) == 0) {
        struct gem_close gone = {.handle = import.handle};

        /* A card that gets its own buffer back gives its own handle for it. */
        if (from != to)
            ioctl(to, GEM_CLOSE, &gone);
        shared++;
    }
    close(prime.fd);
}

/* Shows a buffer on the card's first connector, if it has one; only one thread does. */
static void show(int card, const struct create_dumb *buffer)
{
    __u32 crtcs[4] = {0}, connectors[4] = {0};
    struct mode modes[64];
    struct card_resources resources = {.crtcs = (uintptr_t)crtcs, .connectors = (uintptr_t)connectors, .crtc_count = 4,
                                       .connector_count = 4};
    struct framebuffer framebuffer = {.width = buffer->width, .height = buffer->height, .pitch = buffer->pitch, .bpp = 32,
                                      .depth = 24, .handle = buffer->handle};

    if (ioctl(card, GET_RESOURCES, &resources) != 0 || !resources.crtc_count || !resources.connector_count)
        return;
    struct get_connector connector = {.connector = connectors[0]};

    /* Without room for modes it looks for them, with room it tells them. */
    ioctl(card, GET_CONNECTOR, &connector);
    connector = (struct get_connector){.modes = (uintptr_t)modes, .mode_count = 64, .connector = connectors[0]};
    if (ioctl(card, GET_CONNECTOR, &connector) != 0 || !connector.mode_count || ioctl(card, ADD_FB, &framebuffer) != 0)
        return;
    for (__u32 i = 0; i < connector.mode_count && i < 64; i++) {
        struct set_crtc set = {.connectors = (uintptr_t)connectors, .connector_count = 1, .crtc = crtcs[0],
                               .framebuffer = framebuffer.id, .mode_valid = 1, .mode = modes[i]};
        struct page_flip flip = {.crtc = crtcs[0], .framebuffer = framebuffer.id};

        if (modes[i].sizes[0] > buffer->width || modes[i].sizes[5] > buffer->height || ioctl(card, SET_CRTC, &set) != 0)
            continue;
        if (ioctl(card, PAGE_FLIP, &flip) == 0)
            flips++;
        break;
    }
    ioctl(card, REMOVE_FB, &framebuffer.id);
}

static void *worker(void *argument)
{
    int number = (int)(intptr_t)argument;

    while (load_goes_on()) {
        int card = cards[rounds[number] % (unsigned long)card_count];
        int other = cards[(rounds[number] + 1) % (unsigned long)card_count];
        struct create_dumb buffer = {.width = number == 0 ? 1024 : 64, .height = number == 0 ? 768 : 64, .bpp = 32};

        if (ioctl(card, CREATE_DUMB, &buffer) != 0)
            load_fail("DRM_IOCTL_MODE_CREATE_DUMB");
        struct map_dumb map = {.handle = buffer.handle};

        if (ioctl(card, MAP_DUMB, &map) != 0)
            load_fail("DRM_IOCTL_MODE_MAP_DUMB");
        char *memory = mmap(NULL, buffer.size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);

        if (memory == MAP_FAILED)
            load_fail("mmap");
        touch(card, memory, buffer.size);
        fence(card, buffer.handle);
        share(card, other, buffer.handle, buffer.size);
        if (number == 0)
            show(card, &buffer);
        munmap(memory, buffer.size);
        struct destroy_dumb gone = {.handle = buffer.handle};

        if (ioctl(card, DESTROY_DUMB, &gone) != 0)
            load_fail("DRM_IOCTL_MODE_DESTROY_DUMB");
        rounds[number]++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    unsigned long all = 0;
    glob_t found;

    load_begin("load-drm", "", "Makes, faults in, fences, shares and shows dumb buffers of every /dev/dri/card*.\n", argc, argv, 2);
    if (glob("/dev/dri/card*", 0, NULL, &found) != 0) {
        errno = ENOENT;
        load_fail("/dev/dri/card* (load vgem or vkms)");
    }
    for (size_t i = 0; i < found.gl_pathc && card_count < CARDS; i++) {
        cards[card_count] = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC);
        if (cards[card_count] < 0)
            load_fail(found.gl_pathv[i]);
        card_count++;
    }
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, worker, (void *)(intptr_t)i) != 0)
            load_fail("pthread_create");
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += rounds[i];
    }
    fprintf(stderr, "load-drm: cards=%d shared=%lu fences=%lu flips=%lu\n", card_count, shared, fences, flips);
    return load_end(all);
}
