// SPDX-License-Identifier: Apache-2.0
/* Pipes in pairs, the two locked together in either order: splice, tee and vmsplice, from one to the other and back. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "load.h"

static int pipes[2][2];
static volatile unsigned long *rounds;

/* Moves data from one pipe to the other: process 0 forth, process 1 back. */
static int mover(int number)
{
    int from = pipes[number][0], to = pipes[!number][1];
    static char page[4096];
    struct iovec vector = {.iov_base = page, .iov_len = 512};

    while (load_goes_on()) {
        ssize_t copied = tee(from, to, 256, SPLICE_F_NONBLOCK);

        if (copied < 0 && errno != EAGAIN)
            return 1;
        if (splice(from, NULL, to, NULL, 512, SPLICE_F_NONBLOCK) < 0 && errno != EAGAIN)
            return 1;
        if (vmsplice(pipes[number][1], &vector, 1, SPLICE_F_NONBLOCK) < 0 && errno != EAGAIN)
            return 1;
        /* What tee doubled has to go somewhere. */
        if (read(from, page, sizeof(page)) < 0 && errno != EAGAIN)
            return 1;
        if (fcntl(from, F_SETPIPE_SZ, rounds[number] & 1 ? 4096 : 65536) < 0 && errno != EBUSY)
            return 1;
        rounds[number]++;
    }
    return 0;
}

/* Ordinary readers and writers, of a pipe of their own. */
static int talker(int number)
{
    int own[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char text[300] = "";

    if (pipe(own) != 0 || null < 0)
        return 1;
    while (load_goes_on()) {
        if (write(own[1], text, sizeof(text)) != sizeof(text) || read(own[0], text, sizeof(text)) != sizeof(text))
            return 1;
        if (write(own[1], text, 100) != 100 || splice(own[0], NULL, null, NULL, 100, 0) != 100)
            return 1;
        rounds[number]++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    load_begin("load-pipes", "", "Splices, tees and vmsplices between two pipes in both directions.\n", argc, argv, 2);
    rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds == MAP_FAILED || pipe2(pipes[0], O_NONBLOCK) != 0 || pipe2(pipes[1], O_NONBLOCK) != 0)
        load_fail("pipes");
    load_fork(mover, 0);
    load_fork(mover, 1);
    load_fork(talker, 2);
    load_join();
    return load_end(rounds[0] + rounds[1] + rounds[2]);
}
