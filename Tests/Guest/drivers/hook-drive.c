// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the operations of the hooks module and says, one line each, what a tracer of lock functions should have seen.
 */
#define _GNU_SOURCE
#include "../../../bpf/records/include/lock_hooks.h"
#include "../hooks/livedep_hooks.h"
#include "drive.h"

#define DEVICE "/dev/" LIVEDEP_HOOKS_DEVICE

static const char usage[] =
    "Usage: hook-drive [--list | --table] [OPERATION]...\n"
    "\n"
    "Runs each operation (all if none is named) of the module livedep_hooks, in a process of its own, and prints\n"
    "\n"
    "  OPERATION mode=write|read trylock=0|1 outcome=held|failed exists=0|1 hook=F function=F init=F release=F lock=L\n"
    "      error=N pid=P comm=C\n"
    "\n"
    "on one line: what is expected, and what has been checked to be the module's own result. hook: the function that the\n"
    "operation is for; exists: whether this kernel has it; function: what stands in for it where it has not (`-`: inlined,\n"
    "no function at all). The lock was taken between hooks_outer and hooks_inner, but for cpus_read_trylock_busy.\n"
    "\n"
    "  --list   only say what would be run (error, pid and comm are `-`)\n"
    "  --table  after running all, check that each function of livedep's table that this kernel has was called\n"
    "\n"
    "Exit status: 0; 1 if a result was not as expected, or a function was left out; 2 if something could not be run.\n";

static struct {
    const char *name;
    bool exists, called;
} hooks[] = {
#define ROW(function) {#function, false, false},
    LD_HOOKS(ROW)
#undef ROW
};
#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

/* Of the table, but nothing that a lock operation calls. */
static const char *const other_hooks[] = {
    "_copy_to_user", "_copy_from_user", "strncpy_from_user", "strnlen_user", "_copy_to_iter", "_copy_from_iter",
    "__check_object_size", "contention_begin", "sched_process_exit", "task_rename", "percpu_down_write_entry",
    "ww_mutex_lock_entry", "ww_mutex_lock_interruptible_entry", "lock_acquire", "lock_release", "contention_end",
    "set_cpu_online",
};

/* Functions that the operations name and the table may not have. */
static char *functions;
static int device;

/* All names of /proc/kallsyms, each between newlines. */
static void read_symbols(void)
{
    FILE *file = fopen("/proc/kallsyms", "re");
    size_t size = 1 << 20, length = 1;
    char name[512], kind;

    functions = malloc(size);
    if (!file || !functions)
        fail("/proc/kallsyms");
    functions[0] = '\n';
    while (fscanf(file, "%*x %c %511s%*[^\n]", &kind, name) == 2) {
        size_t needed = strlen(name) + 1;

        if (kind != 't' && kind != 'T')
            continue;
        if (length + needed + 1 > size) {
            size *= 2;
            functions = realloc(functions, size);
            if (!functions)
                fail("/proc/kallsyms");
        }
        memcpy(functions + length, name, needed - 1);
        length += needed;
        functions[length - 1] = '\n';
    }
    functions[length] = '\0';
    fclose(file);
}

static bool has_symbol(const char *name)
{
    char line[LIVEDEP_HOOKS_NAME + 2];

    snprintf(line, sizeof(line), "\n%s\n", name);
    return name[0] && strstr(functions, line);
}

static void note_called(const char *name)
{
    for (size_t i = 0; i < HOOKS; i++)
        if (strcmp(hooks[i].name, name) == 0)
            hooks[i].called = true;
}

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

/* Prints the line of an operation; returns whether it went as expected. */
static bool report(const struct livedep_hooks_operation *operation, bool listed)
{
    printf("%s mode=%s trylock=%d outcome=%s exists=%d hook=%s function=%s init=%s release=%s lock=%s", operation->name,
           operation->read ? "read" : "write", operation->trylock, operation->held ? "held" : "failed",
           has_symbol(operation->hook), or_dash(operation->hook), or_dash(operation->function), or_dash(operation->init),
           or_dash(operation->release), operation->lock);
    if (listed) {
        puts(" error=- pid=- comm=-");
        return true;
    }
    printf(" error=%d pid=%d comm=%s\n", operation->result < 0 ? operation->result : 0, operation->pid, operation->comm);
    if (operation->ran && operation->was_held == operation->held)
        return true;
    fprintf(stderr, "hook-drive: %s: %s, should be %s\n", operation->name,
            !operation->ran ? "did not run" : operation->was_held ? "held" : "not held", operation->held ? "held" : "not held");
    return false;
}

static bool check_table(void)
{
    bool complete = true;

    for (size_t i = 0; i < HOOKS; i++) {
        bool other = false;

        for (size_t j = 0; j < sizeof(other_hooks) / sizeof(other_hooks[0]); j++)
            other |= strcmp(other_hooks[j], hooks[i].name) == 0;
        if (other || hooks[i].called || !has_symbol(hooks[i].name))
            continue;
        fprintf(stderr, "hook-drive: %s exists here and no operation calls it\n", hooks[i].name);
        complete = false;
    }
    return complete;
}

int main(int argc, char **argv)
{
    struct livedep_hooks_operation operation = {.index = 0};
    bool list = false, table = false, good = true;
    int first = 1, found = 0;

    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (strcmp(argv[first], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[first], "--table") == 0) {
            table = true;
        } else {
            fputs(usage, stderr);
            return 64;
        }
    }
    device = open_device(DEVICE);
    read_symbols();
    for (;; operation.index++) {
        if (ioctl(device, LIVEDEP_HOOKS_DESCRIBE, &operation) != 0) {
            if (errno == ENOENT)
                break;
            fail("ioctl " DEVICE);
        }
        if (!wanted(operation.name, argc - first, argv + first))
            continue;
        found++;
        if (!list) {
            finish_request(start_request(device, LIVEDEP_HOOKS_RUN, operation.index), "the operation could not be run");
            if (ioctl(device, LIVEDEP_HOOKS_DESCRIBE, &operation) != 0)
                fail("ioctl " DEVICE);
        }
        good &= report(&operation, list);
        note_called(operation.function);
        note_called(operation.init);
        note_called(operation.release);
        if (strcmp(operation.hook, "downgrade_write") == 0)
            note_called(operation.hook);
    }
    if (argc > first && found < argc - first) {
        fputs("hook-drive: there is no such operation (see --list)\n", stderr);
        return 64;
    }
    if (table && !list)
        good &= check_table();
    return good ? 0 : 1;
}
