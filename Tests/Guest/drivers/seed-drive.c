// SPDX-License-Identifier: Apache-2.0
/*
 * Drives the seed's scenario step by step, through the seed module and through perf and CPU hotplug of the kernel itself.
 *
 * After each step it prints "NANOSECONDS STEP", in CLOCK_MONOTONIC, which is the clock of bpf_ktime_get_ns().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../seed/livedep_seed.h"

#define DEVICE "/dev/" LIVEDEP_SEED_DEVICE
#define CPU1_ONLINE "/sys/devices/system/cpu/cpu1/online"

static const char usage[] =
    "Usage: seed-drive touch            map the device and touch it: mmap_lock -> gpu_lock\n"
    "       seed-drive ioctl N          1 rcu_barrier under gpu_lock, 2 legacy_barrier_mutex under gpu_lock,\n"
    "                                   3 cpus_read_lock under legacy_barrier_mutex, 4 second_a -> second_b, 5 the reverse\n"
    "       seed-drive perf             read a perf event of a CPU and one of this task: context mutex -> mmap_lock\n"
    "       seed-drive cpu1 off|on      cpu_hotplug_lock -> pmus_lock -> context mutex\n"
    "       seed-drive all [--no-ioctl] [--legacy] [--second]\n"
    "                                   perf, cpu1 off and on, touch, ioctl 1 (not with --no-ioctl);\n"
    "                                   --legacy: also ioctl 3 before, and ioctl 2 after the touch, which closes the cycle;\n"
    "                                   --second: also ioctl 4 and 5, a second cycle\n";

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "seed-drive: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void report(const char *step)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%" PRIu64 " %s\n", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, step);
    fflush(stdout);
}

static int open_device(void)
{
    int device = open(DEVICE, O_RDWR | O_CLOEXEC);

    if (device < 0)
        fail("open " DEVICE " (is livedep_seed.ko loaded?)");
    return device;
}

static void touch(void)
{
    int device = open_device();
    long size = sysconf(_SC_PAGESIZE);
    volatile char *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);

    if (page == MAP_FAILED)
        fail("mmap " DEVICE);
    page[0] = 1;
    report("touch");
    munmap((void *)page, (size_t)size);
    close(device);
}

static void control(unsigned int number)
{
    char step[32];
    int device = open_device();

    if (ioctl(device, _IO('L', number), 0) != 0)
        fail("ioctl " DEVICE);
    snprintf(step, sizeof(step), "ioctl %u", number);
    report(step);
    close(device);
}

static void read_event(pid_t pid, int cpu, const char *step)
{
    /* A software event: under emulation there is no PMU. */
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_SW_CPU_CLOCK,
    };
    uint64_t count;
    int event = (int)syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

    if (event < 0)
        fail("perf_event_open");
    if (read(event, &count, sizeof(count)) != (ssize_t)sizeof(count))
        fail("read of a perf event");
    report(step);
    close(event);
}

static void perf(void)
{
    /* The processor that goes off- and online: one context is then both taken under pmus_lock and read. */
    read_event(-1, 1, "perf cpu");
    read_event(0, -1, "perf task");
}

static void cpu1(bool on)
{
    int online = open(CPU1_ONLINE, O_WRONLY | O_CLOEXEC);

    if (online < 0)
        fail("open " CPU1_ONLINE " (two CPUs are needed)");
    if (write(online, on ? "1" : "0", 1) != 1)
        fail("write " CPU1_ONLINE);
    report(on ? "cpu1 on" : "cpu1 off");
    close(online);
}

static bool cpu1_is_online(void)
{
    char state = '0';
    int online = open(CPU1_ONLINE, O_RDONLY | O_CLOEXEC);

    if (online < 0)
        fail("open " CPU1_ONLINE " (two CPUs are needed)");
    if (read(online, &state, 1) != 1)
        fail("read " CPU1_ONLINE);
    close(online);
    return state == '1';
}

static int misuse(void)
{
    fputs(usage, stderr);
    return 64;
}

static int all(int count, char **options)
{
    bool barrier = true, legacy = false, second = false;

    for (int i = 0; i < count; i++) {
        if (strcmp(options[i], "--no-ioctl") == 0)
            barrier = false;
        else if (strcmp(options[i], "--legacy") == 0)
            legacy = true;
        else if (strcmp(options[i], "--second") == 0)
            second = true;
        else
            return misuse();
    }
    /* A processor that comes online first shows the way the seed shows it: through perf_event_init_cpu(). */
    if (!cpu1_is_online())
        cpu1(true);
    perf();
    cpu1(false);
    cpu1(true);
    if (legacy)
        control(3);
    touch();
    if (legacy)
        control(2);
    if (barrier)
        control(1);
    if (second) {
        control(4);
        control(5);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *step = argc > 1 ? argv[1] : "";

    if (strcmp(step, "all") == 0)
        return all(argc - 2, argv + 2);
    if (strcmp(step, "touch") == 0 && argc == 2) {
        touch();
    } else if (strcmp(step, "perf") == 0 && argc == 2) {
        perf();
    } else if (strcmp(step, "ioctl") == 0 && argc == 3 && strlen(argv[2]) == 1 && strchr("12345", argv[2][0])) {
        control((unsigned int)(argv[2][0] - '0'));
    } else if (strcmp(step, "cpu1") == 0 && argc == 3 && (!strcmp(argv[2], "on") || !strcmp(argv[2], "off"))) {
        cpu1(strcmp(argv[2], "on") == 0);
    } else if (strcmp(step, "--help") == 0) {
        fputs(usage, stdout);
    } else {
        return misuse();
    }
    return 0;
}
