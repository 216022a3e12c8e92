// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Makes a kernel with lockdep print one report of the kind that the parameter names, for the fixtures of LockdepText.
 *
 * lockdep turns itself off at its first report, so it is one kind per boot. Nothing here can hang: every order that lockdep
 * objects to is made by one task.
 */
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

/* A function that a stack must show under its own name. */
#define seen noinline __noclone

static char *kind = "circular";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "circular, sync, reader, recursive, unlock, freed, nest, user, kthread, state, inversion, order, context, rcu");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DECLARE_RWSEM(third);
static DEFINE_SPINLOCK(inner);
static DEFINE_SPINLOCK(outer);
DEFINE_STATIC_SRCU(domain);

static seen void first_then_second(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
}

static seen void second_then_third(void)
{
	mutex_lock(&second);
	down_read(&third);
	up_read(&third);
	mutex_unlock(&second);
}

static seen void third_then_first(void)
{
	down_write(&third);
	mutex_lock(&first);
	mutex_unlock(&first);
	up_write(&third);
}

static void circular(void)
{
	first_then_second();
	second_then_third();
	third_then_first();
}

static seen void reader_then_first(void)
{
	int index = srcu_read_lock(&domain);

	mutex_lock(&first);
	mutex_unlock(&first);
	srcu_read_unlock(&domain, index);
}

static seen void first_then_sync(void)
{
	mutex_lock(&first);
	synchronize_srcu(&domain);
	mutex_unlock(&first);
}

static seen void recursive(void)
{
	struct mutex pair[2];
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&pair[i]);
	mutex_lock(&pair[0]);
	mutex_lock(&pair[1]);
	mutex_unlock(&pair[1]);
	mutex_unlock(&pair[0]);
}

static seen void unlock_what_is_not_held(void)
{
	mutex_lock(&second);
	lock_release(&first.dep_map, _THIS_IP_);
	mutex_unlock(&second);
}

static seen void free_what_is_held(void)
{
	struct mutex *lock = kmalloc(sizeof(*lock), GFP_KERNEL);

	if (!lock)
		return;
	mutex_init(lock);
	mutex_lock(lock);
	kfree(lock);
}

static seen void nest_without_outer(void)
{
	mutex_lock_nest_lock(&second, &first);
	mutex_unlock(&second);
}

static int end_with_lock_held(void *unused)
{
	mutex_lock(&first);
	return 0;
}

static void take_outer_in_interrupt(struct irq_work *unused)
{
	spin_lock(&outer);
	spin_unlock(&outer);
}

static DEFINE_IRQ_WORK(interrupt, take_outer_in_interrupt);

static void interrupt_now(void)
{
	irq_work_queue(&interrupt);
	irq_work_sync(&interrupt);
}

static seen void take_with_interrupts_on(spinlock_t *lock)
{
	spin_lock(lock);
	spin_unlock(lock);
}

static seen void outer_then_inner(void)
{
	unsigned long flags;

	spin_lock_irqsave(&outer, flags);
	spin_lock(&inner);
	spin_unlock(&inner);
	spin_unlock_irqrestore(&outer, flags);
}

static seen void sleep_under_spinlock(void)
{
	spin_lock(&outer);
	/* Tells lockdep alone: a real mutex_lock() would first be reported as sleeping in atomic context. */
	mutex_acquire(&first.dep_map, 0, 0, _THIS_IP_);
	mutex_release(&first.dep_map, _THIS_IP_);
	spin_unlock(&outer);
}

static int __rcu *pointer;

static int __init livedep_splats_init(void)
{
	if (!strcmp(kind, "circular")) {
		circular();
	} else if (!strcmp(kind, "sync")) {
		reader_then_first();
		first_then_sync();
	} else if (!strcmp(kind, "reader")) {
		first_then_sync();
		reader_then_first();
	} else if (!strcmp(kind, "recursive")) {
		recursive();
	} else if (!strcmp(kind, "unlock")) {
		unlock_what_is_not_held();
	} else if (!strcmp(kind, "freed")) {
		free_what_is_held();
	} else if (!strcmp(kind, "nest")) {
		nest_without_outer();
	} else if (!strcmp(kind, "user")) {
		mutex_lock(&first);
	} else if (!strcmp(kind, "kthread")) {
		kthread_run(end_with_lock_held, NULL, "splat/%d", 0);
	} else if (!strcmp(kind, "state")) {
		interrupt_now();
		take_with_interrupts_on(&outer);
	} else if (!strcmp(kind, "inversion")) {
		take_with_interrupts_on(&inner);
		outer_then_inner();
		interrupt_now();
	} else if (!strcmp(kind, "order")) {
		interrupt_now();
		take_with_interrupts_on(&inner);
		outer_then_inner();
	} else if (!strcmp(kind, "context")) {
		sleep_under_spinlock();
	} else if (!strcmp(kind, "rcu")) {
		mutex_lock(&first);
		pr_info("pointer %p\n", rcu_dereference(pointer));
		mutex_unlock(&first);
	} else {
		pr_err("no kind of report is called %s\n", kind);
		return -EINVAL;
	}
	return 0;
}
module_init(livedep_splats_init);

static void __exit livedep_splats_exit(void)
{
}
module_exit(livedep_splats_exit);

MODULE_DESCRIPTION("One lockdep report of every kind, for livedep's tests");
MODULE_LICENSE("Dual BSD/GPL");
