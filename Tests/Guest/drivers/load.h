/* SPDX-License-Identifier: Apache-2.0 */
/* What the load programs share: they run for a given time, count rounds, and end with what failed unexpectedly. */
#ifndef LIVEDEP_LOAD_H
#define LIVEDEP_LOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *load_name;
static struct timespec load_deadline;

__attribute__((noreturn, unused)) static void load_fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", load_name, what, strerror(errno));
    exit(2);
}

/* Reads SECONDS from the command line; further arguments stay the caller's. */
__attribute__((unused)) static void load_begin(const char *name, const char *arguments, const char *what, int argc, char **argv,
                                               int most)
{
    char *end = NULL;
    double seconds = argc > 1 ? strtod(argv[1], &end) : 0;

    load_name = name;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("Usage: %s SECONDS%s\n\n%s\nPrints \"%s rounds=N\".\n", name, arguments, what, name);
        exit(0);
    }
    if (!end || *end || seconds <= 0 || argc > most) {
        fprintf(stderr, "Usage: %s SECONDS%s\n", name, arguments);
        exit(64);
    }
    clock_gettime(CLOCK_MONOTONIC, &load_deadline);
    load_deadline.tv_sec += (time_t)seconds;
    load_deadline.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (load_deadline.tv_nsec >= 1000000000) {
        load_deadline.tv_nsec -= 1000000000;
        load_deadline.tv_sec++;
    }
}

__attribute__((unused)) static bool load_goes_on(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < load_deadline.tv_sec ||
           (now.tv_sec == load_deadline.tv_sec && now.tv_nsec < load_deadline.tv_nsec);
}

/* Starts a process that runs a function of its number and ends; the function's result is its exit status. */
__attribute__((unused)) static pid_t load_fork(int (*function)(int), int number)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        load_fail("fork");
    if (child == 0)
        _exit(function(number));
    return child;
}

/* Waits for all children; fails if one did. */
__attribute__((unused)) static void load_join(void)
{
    int status;

    while (wait(&status) > 0) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "%s: a process of it failed\n", load_name);
            exit(2);
        }
    }
}

__attribute__((unused)) static int load_end(unsigned long rounds)
{
    printf("%s rounds=%lu\n", load_name, rounds);
    return rounds ? 0 : 1;
}

#endif
