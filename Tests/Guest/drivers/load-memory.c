// SPDX-License-Identifier: Apache-2.0
/* Address spaces: mappings made, moved, split, faulted in and dropped by threads that share them, and forks meanwhile. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>

#include "load.h"

#define SIZE (64ul << 10)

static volatile unsigned long rounds[4];

static void *mapper(void *argument)
{
    volatile unsigned long *mine = argument;

    while (load_goes_on()) {
        char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *moved;

        if (memory == MAP_FAILED)
            load_fail("mmap");
        for (unsigned long at = 0; at < SIZE; at += 4096)
            memory[at] = 1;
        if (mprotect(memory + SIZE / 2, 4096, PROT_READ) != 0)
            load_fail("mprotect");
        madvise(memory, SIZE / 4, MADV_DONTNEED);
        madvise(memory, SIZE, MADV_MERGEABLE);
        moved = mremap(memory, SIZE, SIZE * 2, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED && errno != EFAULT)
            load_fail("mremap");
        if (moved == MAP_FAILED)
            munmap(memory, SIZE);
        else
            munmap(moved, SIZE * 2);
        ++*mine;
    }
    return NULL;
}

/* Each with an address space of its own for a moment: fork locks two at once. */
static void *forker(void *argument)
{
    volatile unsigned long *mine = argument;

    while (load_goes_on()) {
        int status;
        pid_t child = fork();

        if (child < 0)
            load_fail("fork");
        if (child == 0) {
            volatile char *page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

            if (page == MAP_FAILED)
                _exit(1);
            page[0] = 1;
            _exit(0);
        }
        if (waitpid(child, &status, 0) != child || status != 0)
            load_fail("a child");
        ++*mine;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];

    load_begin("load-memory", "", "Maps, faults, moves and forks an address space that four threads share.\n", argc, argv, 2);
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, i == 3 ? forker : mapper, (void *)&rounds[i]) != 0)
            load_fail("pthread_create");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return load_end(rounds[0] + rounds[1] + rounds[2] + rounds[3]);
}
