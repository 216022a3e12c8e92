/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Hooks by kprobe: one program serves many functions, and is told by the
 * cookie of each attachment which function it is and what its result means.
 */
#ifndef LIVEDEP_LOCK_FALLBACKS_H
#define LIVEDEP_LOCK_FALLBACKS_H

enum ld_fallback_rule {
	LD_R_ERROR	= 1 << 0,	/* returns an error instead of the lock */
	LD_R_BOOL	= 1 << 1,	/* returns 1 with the lock, 0 without */
	LD_R_TRYLOCK	= 1 << 2,	/* waits for nothing; may run in interrupts */
	LD_R_SECOND	= 1 << 3,	/* the lock is the second argument */
	LD_R_CONTEXT	= 1 << 4,	/* the second argument is a ww_acquire_ctx */
	LD_R_CPUS	= 1 << 5,	/* no argument: the lock is cpu_hotplug_lock */
	LD_R_NON_OWNER	= 1 << 6,	/* whoever releases need not be who took it */
};

/* The cookie: enum ld_hook, enum ld_type, enum ld_mode and the rule, a byte each. */
#define LD_COOKIE(hook, type, mode, rule)	((hook) | (type) << 8 | (mode) << 16 | (rule) << 24)
#define LD_COOKIE_HOOK(cookie)			((cookie) & 0xff)
#define LD_COOKIE_TYPE(cookie)			((cookie) >> 8 & 0xff)
#define LD_COOKIE_MODE(cookie)			((cookie) >> 16 & 0xff)
#define LD_COOKIE_RULE(cookie)			((cookie) >> 24 & 0xff)

#endif /* LIVEDEP_LOCK_FALLBACKS_H */
