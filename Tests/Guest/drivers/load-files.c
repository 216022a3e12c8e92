// SPDX-License-Identifier: Apache-2.0
/*
 * Files and folders of one file system, by several processes at once: renames between folders in both directions,
 * exchanges, moves of folders into one another, links, holes, mappings, locks, extended attributes, syncs.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "load.h"

static const char *folder;
static volatile unsigned long *rounds;

/* Some file systems cannot do some of it, and the processes get in each other's way: both is as it should be. */
static bool usual(void)
{
    return errno == ENOENT || errno == EEXIST || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOTEMPTY ||
           errno == ENOSPC || errno == EPERM || errno == EXDEV || errno == EBUSY || errno == ELOOP || errno == ENOSYS ||
           errno == ENODATA || errno == ENOTDIR || errno == EISDIR || errno == ESTALE || errno == EMLINK;
}

static bool done(int result)
{
    return result >= 0 || usual();
}

static int renames(int number)
{
    unsigned long round;

    if (chdir(folder) != 0)
        return 1;
    for (round = 0; load_goes_on(); round++) {
        char a[64], b[64], c[80];
        int from = (int)((round + (unsigned long)number) & 1), file;

        snprintf(a, sizeof(a), "%c/file-%d", from ? 'a' : 'b', number);
        snprintf(b, sizeof(b), "%c/file-%d", from ? 'b' : 'a', number);
        snprintf(c, sizeof(c), "%c/shared-%lu", from ? 'b' : 'a', round % 4);
        file = open(a, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
        if (file < 0)
            return usual() ? 0 : 1;
        if (!done((int)write(file, a, sizeof(a))))
            return 1;
        close(file);
        if (!done(rename(a, b)) || !done(link(b, c)) || !done(renameat2(AT_FDCWD, b, AT_FDCWD, c, RENAME_EXCHANGE)) ||
            !done(renameat2(AT_FDCWD, c, AT_FDCWD, a, RENAME_NOREPLACE)) || !done(unlink(c)))
            return 1;
        /* A folder that moves from one parent to the other, with a folder in it. */
        snprintf(a, sizeof(a), "%c/moved-%d", from ? 'a' : 'b', number);
        snprintf(b, sizeof(b), "%c/moved-%d", from ? 'b' : 'a', number);
        snprintf(c, sizeof(c), "%s/inner", b);
        if (!done(mkdir(a, 0755)) || !done(rename(a, b)) || !done(mkdir(c, 0755)) || !done(rename(c, "inner")) ||
            !done(renameat2(AT_FDCWD, "inner", AT_FDCWD, b, RENAME_EXCHANGE)) || !done(rmdir("inner")) || !done(rmdir(c)) ||
            !done(rmdir(b)))
            return 1;
        rounds[number]++;
    }
    return 0;
}

static bool list(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    struct stat status;

    if (!directory)
        return usual();
    while ((entry = readdir(directory)))
        fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW);
    closedir(directory);
    return true;
}

static int contents(int number)
{
    char name[64], value[64] = "value";
    unsigned long round;

    if (chdir(folder) != 0)
        return 1;
    snprintf(name, sizeof(name), "a/contents-%d", number);
    for (round = 0; load_goes_on(); round++) {
        int file = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
        char *page;

        if (file < 0)
            return usual() ? 0 : 1;
        if (!done(ftruncate(file, 32768)) || !done(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096)) ||
            !done(flock(file, LOCK_EX)) || !done(fsetxattr(file, "user.livedep", value, sizeof(value), 0)) ||
            !done(fgetxattr(file, "user.livedep", value, sizeof(value)) < 0 ? -1 : 0) ||
            !done(fsetxattr(file, "trusted.livedep", value, sizeof(value), 0)))
            return 1;
        page = mmap(NULL, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) {
            page[0] = page[8192] = (char)round;
            if (!done(msync(page, 32768, round % 4 ? MS_ASYNC : MS_SYNC)))
                return 1;
            /* A copy out of a mapping of another page of the same file. */
            if (!done((int)pwrite(file, page + 8192, 1000, 20000)) || !done((int)pread(file, page + 12288, 1000, 20000)))
                return 1;
            munmap(page, 32768);
        }
        if (round % 16 == 0 && !done(fsync(file)))
            return 1;
        if (!done(fchmod(file, round & 1 ? 0600 : 0644)) || !done(ftruncate(file, 100)))
            return 1;
        close(file);
        if (!list("a") || !list("b") || (round % 8 == 0 && !done(unlink(name))))
            return 1;
        rounds[number]++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];

    load_begin("load-files", " FOLDER", "Renames, links, maps, locks and syncs files in FOLDER by four processes.\n", argc,
               argv, 3);
    folder = argc > 2 ? argv[2] : ".";
    rounds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rounds == MAP_FAILED)
        load_fail("mmap");
    for (const char *name = "ab"; *name; name++) {
        snprintf(path, sizeof(path), "%s/%c", folder, *name);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            load_fail(path);
    }
    load_fork(renames, 0);
    load_fork(renames, 1);
    load_fork(contents, 2);
    load_fork(contents, 3);
    load_join();
    return load_end(rounds[0] + rounds[1] + rounds[2] + rounds[3]);
}
