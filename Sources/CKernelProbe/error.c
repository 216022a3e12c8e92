/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_internal.h"

/* libbpf has one print callback for the process, so its log is the process's too. */
static char library_log[8192];
static size_t library_log_length;

/* Keeps the newest bytes: the verifier's log is long, and its end says what was wrong. */
static void append(const char *text, size_t length) {
    size_t capacity = sizeof(library_log) - 1;

    if (length > capacity) {
        text += length - capacity;
        length = capacity;
    }
    if (library_log_length + length > capacity) {
        size_t excess = library_log_length + length - capacity;

        memmove(library_log, library_log + excess, library_log_length - excess);
        library_log_length -= excess;
    }
    memcpy(library_log + library_log_length, text, length);
    library_log_length += length;
    library_log[library_log_length] = 0;
}

static int keep_log(enum libbpf_print_level level, const char *format, va_list arguments) {
    char *line = NULL;

    if (level == LIBBPF_DEBUG)
        return 0;
    int length = vasprintf(&line, format, arguments);
    if (length > 0)
        append(line, (size_t)length);
    free(line);
    return 0;
}

void kp_library_log_clear(void) {
    libbpf_set_print(keep_log);
    library_log_length = 0;
    library_log[0] = 0;
}

/* The end of the log is where the verifier and the loader say what was wrong. */
#define LOG_TAIL 700

const char *kp_library_log(void) {
    return library_log_length > LOG_TAIL ? library_log + library_log_length - LOG_TAIL : library_log;
}

int kp_fail(struct kp_error *error, int code, const char *format, ...) {
    if (error) {
        va_list arguments;

        error->code = code;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
    }
    return -code;
}
