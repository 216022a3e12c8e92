/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tells user space that its symbols are out of date. */
#ifndef LIVEDEP_MODULES_H
#define LIVEDEP_MODULES_H

#include "config.h"

/*
 * Comes when the module's symbols are listed and before any of its code runs
 * (kernel/module/main.c, load_module()). Modules that go need no such care:
 * what is known of them serves the records that are still on their way.
 */
SEC("tp_btf/module_load")
int x_module_load(u64 *ctx)
{
	if (ready)
		count(LD_C_MODULES);
	return 0;
}

#endif /* LIVEDEP_MODULES_H */
