// SPDX-License-Identifier: Apache-2.0
/*
 * Plays the scenarios of the verdicts module, each step in a process of its own, and says what is to be made of them.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

#include "../verdicts/livedep_verdicts.h"
#include "drive.h"

#define DEVICE "/dev/" LIVEDEP_VERDICTS_DEVICE
#define BRANCHES 4

static const char usage[] =
    "Usage: verdict-drive [--list | --lockdep] [--hold MILLISECONDS] [SCENARIO]...\n"
    "\n"
    "Plays each scenario (all if none is named) of the module livedep_verdicts and prints\n"
    "\n"
    "  SCENARIO lockdep=V livedep=\"...\" locks=\"...\" steps=\"...\" reason=\"...\"\n"
    "\n"
    "on one line: the verdict of lockdep (clean, circular, recursive, unbalanced, freed, exit), the one that livedep is to\n"
    "give with --same-class instance (clean, or its findings with their grades), and why they differ on purpose. Classes\n"
    "are named verdicts_SCENARIO_LETTER. Tests/Guest/verdicts/scenarios.h explains locks and steps.\n"
    "\n"
    "  --list     only print\n"
    "  --lockdep  also print measured=V, what the kernel log says of it; lockdep reports once per boot, so name one scenario\n"
    "  --hold MS  how long processes that wait for each other are left to wait (1500)\n"
    "\n"
    "On PREEMPT_RT, scenarios in which a process waits for itself are left out, and named on standard error.\n"
    "Exit status: 0; 1 if lockdep's verdict is another than expected; 2 if something could not be played.\n";

static int device, log_file = -1;
static long hold_ms = 1500;

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* --- What the kernel log says */

static const struct {
    const char *text, *verdict;
} reports[] = {
    {"possible circular locking dependency detected", "circular"},
    {"possible recursive locking detected", "recursive"},
    {"bad unlock balance detected", "unbalanced"},
    {"held lock freed", "freed"},
    {"lock held when returning to user space", "exit"},
    {"inconsistent lock state", "inconsistent"},
    {"Nested lock was not taken", "nest"},
    {"DEBUG_LOCKS_WARN_ON", "warning"},
    {"BUG:", "bug"},
    {"WARNING:", "warning"},
};

static void open_log(void)
{
    if (access("/proc/lockdep_stats", F_OK) != 0)
        fail("--lockdep: /proc/lockdep_stats (this kernel is without lockdep)");
    log_file = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (log_file < 0 || lseek(log_file, 0, SEEK_END) < 0)
        fail("/dev/kmsg");
}

static const char *read_verdict(void)
{
    const char *verdict = "clean";
    char record[8192];
    ssize_t length;

    while ((length = read(log_file, record, sizeof(record) - 1)) > 0 || (length < 0 && errno == EPIPE)) {
        if (length < 0 || strcmp(verdict, "clean") != 0)
            continue;
        record[length] = '\0';
        for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
            if (strstr(record, reports[i].text)) {
                verdict = reports[i].verdict;
                break;
            }
        }
    }
    return verdict;
}

/* --- Playing */

/* Waits until a child has ended (true) or sleeps and goes on sleeping (false). */
static bool settle(pid_t child)
{
    char path[32], line[512], *state;
    siginfo_t info;

    snprintf(path, sizeof(path), "/proc/%d/stat", child);
    for (int asleep = 0, tries = 0; tries < 3000; tries++) {
        int file;
        ssize_t length;

        info.si_pid = 0;
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child)
            return true;
        file = open(path, O_RDONLY | O_CLOEXEC);
        length = file < 0 ? -1 : read(file, line, sizeof(line) - 1);
        close(file);
        if (length > 0) {
            line[length] = '\0';
            state = strrchr(line, ')');
            asleep = state && (state[2] == 'S' || state[2] == 'D') ? asleep + 1 : 0;
            if (asleep == 8)
                return false;
        }
        pause_ms(10);
    }
    errno = ETIMEDOUT;
    fail("a step neither ends nor sleeps");
}

static void play_step(unsigned int scenario, unsigned int step, char *text)
{
    struct livedep_verdicts_step request = {.scenario = scenario, .step = step};
    pid_t children[BRANCHES];
    bool killed[BRANCHES], waits = false;
    int count = 0;

    for (char *save, *branch = strtok_r(text, "|", &save); branch; branch = strtok_r(NULL, "|", &save)) {
        if (count == BRANCHES) {
            errno = E2BIG;
            fail("branches");
        }
        killed[count] = strchr(branch, 'k') != NULL;
        waits |= strpbrk(branch, "ikz") != NULL;
        request.branch = (unsigned int)count;
        children[count++] = start_request(device, LIVEDEP_VERDICTS_RUN, (unsigned long)&request);
    }
    if (waits) {
        for (int i = 0; i < count; i++)
            settle(children[i]);
        pause_ms(hold_ms);
    }
    for (int i = 0; i < count; i++) {
        if (waits && !settle(children[i]))
            kill(children[i], killed[i] ? SIGKILL : SIGUSR1);
        finish_request(children[i], "a step could not be played");
    }
}

/* False if this kernel would not let a process out of it again. */
static bool play(const struct livedep_verdicts_scenario *scenario)
{
    char steps[sizeof(scenario->steps)];
    unsigned int step = 0;
    cpu_set_t all, one;

    /* Memory that is to be used again is freed and allocated on one CPU. */
    if (sched_getaffinity(0, sizeof(all), &all) != 0)
        fail("sched_getaffinity");
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (strchr(scenario->steps, '>') && sched_setaffinity(0, sizeof(one), &one) != 0)
        fail("sched_setaffinity");
    if (ioctl(device, LIVEDEP_VERDICTS_PREPARE, (unsigned long)scenario->index) != 0) {
        if (errno == EOPNOTSUPP)
            return false;
        fail("the locks could not be prepared");
    }
    memcpy(steps, scenario->steps, sizeof(steps));
    for (char *save, *text = strtok_r(steps, ";", &save); text; text = strtok_r(NULL, ";", &save))
        play_step(scenario->index, step++, text);
    sched_setaffinity(0, sizeof(all), &all);
    return true;
}

int main(int argc, char **argv)
{
    struct livedep_verdicts_scenario scenario = {.index = 0};
    bool list = false, lockdep = false, good = true;
    int first = 1, found = 0;

    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (strcmp(argv[first], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[first], "--lockdep") == 0) {
            lockdep = true;
        } else if (strcmp(argv[first], "--hold") == 0 && first + 1 < argc) {
            hold_ms = strtol(argv[++first], NULL, 10);
        } else {
            fputs(usage, stderr);
            return 64;
        }
    }
    device = open_device(DEVICE);
    if (lockdep && !list)
        open_log();
    for (;; scenario.index++) {
        if (ioctl(device, LIVEDEP_VERDICTS_DESCRIBE, &scenario) != 0) {
            if (errno == ENOENT)
                break;
            fail("ioctl " DEVICE);
        }
        if (!wanted(scenario.name, argc - first, argv + first))
            continue;
        found++;
        if (!list && !play(&scenario)) {
            fprintf(stderr, "verdict-drive: %s is not played: PREEMPT_RT stops a task for ever that waits for itself\n",
                    scenario.name);
            continue;
        }
        printf("%s lockdep=%s ", scenario.name, scenario.lockdep);
        if (lockdep && !list) {
            const char *verdict = read_verdict();

            printf("measured=%s ", verdict);
            good &= strcmp(verdict, scenario.lockdep) == 0;
        }
        printf("livedep=\"%s\" locks=\"%s\" steps=\"%s\" reason=\"%s\"\n", scenario.livedep, scenario.locks,
               scenario.steps, scenario.reason);
        fflush(stdout);
    }
    if (argc > first && found < argc - first) {
        fputs("verdict-drive: there is no such scenario (see --list)\n", stderr);
        return 64;
    }
    return good ? 0 : 1;
}
