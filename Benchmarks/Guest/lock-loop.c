// SPDX-License-Identifier: Apache-2.0
/*
 * lock-loop PIPES TREES: two loops that take locks, of so many rounds each.
 * Leaves the processor time of a round in nanoseconds, its own and its
 * children's, one line a loop, in /tmp/lock-loop.ns. "pipes" does little but
 * take locks: write to a pipe, read from it, fchmod. "tree" is broader: a
 * process, a folder, a file, a rename.
 *
 * Processor time, not the clock's: on a guest's one processor a tool's own
 * process would be counted too, which on a real machine runs elsewhere.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static double spent(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return 1e9 * (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       1e3 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int measure(const char *name, int (*round)(void), long rounds, int out)
{
	double start;

	/* What is done once only. */
	for (long i = 0; i < rounds / 20 + 1; i++)
		if (round())
			return 1;
	start = spent(RUSAGE_SELF) + spent(RUSAGE_CHILDREN);
	for (long i = 0; i < rounds; i++)
		if (round())
			return 1;
	dprintf(out, "%s %.0f\n", name, (spent(RUSAGE_SELF) + spent(RUSAGE_CHILDREN) - start) / rounds);
	return 0;
}

int main(int count, char **arguments)
{
	long rounds = count == 3 ? atol(arguments[1]) : 0, trees = count == 3 ? atol(arguments[2]) : 0;
	char folder[] = "/tmp/lock-loop.XXXXXX";
	/* Not to standard output, which a tool may have for itself. */
	int out = open("/tmp/lock-loop.ns", O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (rounds <= 0 || trees <= 0) {
		fprintf(stderr, "usage: lock-loop PIPES TREES\n");
		return 64;
	}
	if (!mkdtemp(folder) || chdir(folder) || pipe(pipes) || (file = open("file", O_CREAT | O_RDWR, 0600)) < 0) {
		perror("lock-loop");
		return 1;
	}
	if (measure("pipes", pipe_round, rounds, out) || measure("tree", tree_round, trees, out))
		return 1;
	unlink("file");
	return chdir("/") || rmdir(folder);
}
