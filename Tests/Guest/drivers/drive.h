// SPDX-License-Identifier: Apache-2.0
/* What the programs share that play a module's operations, each in a process of its own. */
#ifndef LIVEDEP_DRIVE_H
#define LIVEDEP_DRIVE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(2);
}

static int open_device(const char *path)
{
    int device = open(path, O_RDWR | O_CLOEXEC);

    if (device < 0) {
        fprintf(stderr, "%s: open %s: %s (is its module loaded, and no other %s running?)\n", program_invocation_short_name,
                path, strerror(errno), program_invocation_short_name);
        exit(2);
    }
    return device;
}

static void caught(int signal)
{
    (void)signal;
}

/* Makes one request in a process of its own, which SIGUSR1 interrupts and does not end. */
static pid_t start_request(int device, unsigned long request, unsigned long argument)
{
    struct sigaction action = {.sa_handler = caught};
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        fail("fork");
    if (child > 0)
        return child;
    sigaction(SIGUSR1, &action, NULL);
    _exit(ioctl(device, request, argument) == 0 ? 0 : errno);
}

static void finish_request(pid_t child, const char *what)
{
    int status;

    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        errno = WEXITSTATUS(status);
        fail(what);
    }
}

/* Whether a name is among those on the command line, or none is there. */
static bool wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

#endif
