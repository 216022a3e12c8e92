// SPDX-License-Identifier: Apache-2.0
/*
 * lock-loop pipes|tree ROUNDS: a loop that takes locks, and the time of each
 * round in nanoseconds. "pipes" does little else: write to a pipe, read from
 * it, fchmod. "tree" is broader: a process, a folder, a file, a rename.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pipes[2], file;

static int pipe_round(void)
{
	char byte = 0;

	return write(pipes[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1 || fchmod(file, 0600);
}

static int tree_round(void)
{
	pid_t child = fork();
	int status, made;

	if (child == 0) {
		made = mkdir("d", 0700) == 0 ? open("d/f", O_CREAT | O_WRONLY, 0600) : -1;
		_exit(made < 0 || write(made, "x", 1) != 1 || rename("d/f", "d/g") || unlink("d/g") || rmdir("d"));
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **arguments)
{
	long rounds = count == 3 ? atol(arguments[2]) : 0;
	int (*round)(void) = count == 3 && strcmp(arguments[1], "tree") == 0 ? tree_round : pipe_round;
	char folder[] = "/tmp/lock-loop.XXXXXX";
	double start;

	if (rounds <= 0) {
		fprintf(stderr, "usage: lock-loop pipes|tree ROUNDS\n");
		return 64;
	}
	if (!mkdtemp(folder) || chdir(folder) || pipe(pipes) || (file = open("file", O_CREAT | O_RDWR, 0600)) < 0) {
		perror("lock-loop");
		return 1;
	}
	/* What is done once only. */
	for (long i = 0; i < rounds / 20 + 1; i++)
		if (round())
			return 1;
	start = now();
	for (long i = 0; i < rounds; i++)
		if (round())
			return 1;
	/* Not to standard output, which a tool may have for itself. */
	count = open("/tmp/lock-loop.ns", O_CREAT | O_TRUNC | O_WRONLY, 0600);
	dprintf(count, "%.0f\n", (now() - start) / rounds);
	unlink("file");
	return chdir("/") || rmdir(folder);
}
