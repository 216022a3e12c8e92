/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe_internal.h"

/* libbpf has one print callback for the process, so its log is the process's too. */
static char library_log[8192];
static size_t library_log_length;

static int keep_log(enum libbpf_print_level level, const char *format, va_list arguments) {
    if (level == LIBBPF_DEBUG)
        return 0;
    if (library_log_length > sizeof(library_log) / 2) {
        size_t half = library_log_length / 2;

        memmove(library_log, library_log + half, library_log_length - half);
        library_log_length -= half;
    }
    int written =
        vsnprintf(library_log + library_log_length, sizeof(library_log) - library_log_length, format, arguments);
    if (written > 0) {
        size_t room = sizeof(library_log) - library_log_length - 1;
        library_log_length += (size_t)written < room ? (size_t)written : room;
    }
    return 0;
}

void kp_library_log_clear(void) {
    libbpf_set_print(keep_log);
    library_log_length = 0;
    library_log[0] = 0;
}

const char *kp_library_log(void) { return library_log; }

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
