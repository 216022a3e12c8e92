/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "lock_records.h"

_Static_assert(sizeof(struct ld_origin) == 16, "layout of struct ld_origin");
_Static_assert(sizeof(struct ld_held) == 48, "layout of struct ld_held");
_Static_assert(sizeof(struct ld_record) == 80, "layout of struct ld_record");
