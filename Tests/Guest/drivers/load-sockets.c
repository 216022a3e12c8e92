// SPDX-License-Identifier: Apache-2.0
/* UNIX sockets: streams and datagrams, by name and in pairs, with file descriptors passed along. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "load.h"

static volatile unsigned long *rounds;

static bool pass(int socket, int file)
{
    char control[CMSG_SPACE(sizeof(int))] = "", byte = 'x';
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &file, sizeof(file));
    return sendmsg(socket, &message, 0) == 1;
}

static bool receive(int socket)
{
    char control[CMSG_SPACE(sizeof(int))], byte;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header;
    int file;

    if (recvmsg(socket, &message, 0) != 1)
        return false;
    header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return false;
    memcpy(&file, CMSG_DATA(header), sizeof(file));
    return close(file) == 0;
}

static int pairs(int number)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

    while (load_goes_on()) {
        int ends[2], type = types[rounds[number] % 3];

        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
            return 1;
        /* A socket in flight over itself has to be collected. */
        if (!pass(ends[0], ends[1]) || !receive(ends[1]) || !pass(ends[1], ends[1]))
            return 1;
        if (shutdown(ends[0], SHUT_RDWR) != 0)
            return 1;
        close(ends[0]);
        close(ends[1]);
        rounds[number]++;
    }
    return 0;
}

static int named(int number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length;
    unsigned long round;
    char text[64] = "";

    for (round = 0; load_goes_on(); round++) {
        int listener, client, server;

        /* Abstract names and names in the file system by turns. */
        if (round & 1)
            snprintf(address.sun_path, sizeof(address.sun_path), "%cload-%d-%lu", '\0', getpid(), round);
        else
            snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/load-%d-%lu", getpid(), round);
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || client < 0)
            return 1;
        if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1) != 0 ||
            connect(client, (struct sockaddr *)&address, length) != 0)
            return 1;
        server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (server < 0 || send(client, text, sizeof(text), 0) != sizeof(text) ||
            recv(server, text, sizeof(text), 0) != sizeof(text))
            return 1;
        close(client);
        close(server);
        close(listener);
        if (!(round & 1))
            unlink(address.sun_path);
        rounds[number]++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    load_begin("load-sockets", "", "UNIX sockets of all types, named and in pairs, that pass file descriptors.\n", argc,
               argv, 2);
    rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds == MAP_FAILED)
        load_fail("mmap");
    load_fork(pairs, 0);
    load_fork(named, 1);
    load_fork(pairs, 2);
    load_join();
    return load_end(rounds[0] + rounds[1] + rounds[2]);
}
