// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Exercises every function of the kernel that takes, releases or initialises a sleeping lock: one request, one operation
 * (operations.h), each with a lock of its own. Where an operation holds its lock, the lock lies between two others:
 * hooks_outer -> hooks_OPERATION -> hooks_inner, so that what a tracer saw of it shows as dependencies.
 *
 * Whoever else is needed, to hold the lock, to be older, to send the signal, is a kernel thread of the module's own.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/ww_mutex.h>

#include "livedep_hooks.h"
#include "operations.h"

/* A function that a stack must show under its own name. */
#define seen noinline __noclone

enum type {
	TYPE_MUTEX,
	TYPE_RWSEM,
	TYPE_RWSEM_NON_OWNER,	/* released by another task */
	TYPE_RT_MUTEX,
	TYPE_WW_MUTEX,		/* no context */
	TYPE_WW_CONTEXT,
	TYPE_PERCPU_RWSEM,
	TYPE_CPUS,
	TYPE_MUTEX_INIT,
	TYPE_RWSEM_INIT,
	TYPE_RT_MUTEX_INIT,
	TYPE_WW_MUTEX_INIT,
	TYPE_PERCPU_RWSEM_INIT,
};

enum mode { MODE_WRITER, MODE_READER };
enum tries { TRIES_BLOCKS, TRIES_TRIES, TRIES_COUNTS };
enum outcome { OUTCOME_FAILED, OUTCOME_HELD };

enum around {
	AROUND_FREE,
	AROUND_BUSY,		/* another holds it, until the operation is over */
	AROUND_BUSY_AWHILE,	/* another holds it, until this task waits for it */
	AROUND_INTERRUPTED,	/* another holds it; SIGUSR1 once this task waits */
	AROUND_KILLED,		/* another holds it; SIGKILL once this task waits */
	AROUND_OWN,		/* held in the same ww context already */
	AROUND_OLDER,		/* held in an older ww context, while this one has another lock */
	AROUND_HOTPLUG,		/* in a callback of CPU 1 going down */
};

struct operation {
	const char *name;
	const char *hook;
	const char *function;
	const char *lock_name;
	void *lock;
	int (*acquire)(void);
	enum type type;
	enum mode mode;
	enum tries tries;
	enum outcome outcome;
	enum around around;
	struct ww_class class;

	/* The last run, under `running`. */
	bool ran;
	bool held;
	int result;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/* Memory that a lock is initialised in. */
union fresh_lock {
	struct mutex mutex;
	struct rw_semaphore rwsem;
	struct rt_mutex rt_mutex;
	struct ww_mutex ww_mutex;
	struct percpu_rw_semaphore percpu_rwsem;
};

static DEFINE_MUTEX(hooks_outer);
static DEFINE_MUTEX(hooks_inner);

/* One operation at a time; a bit, because a lock would show up in what is measured. */
static unsigned long running;
static atomic_t reference_count;
static struct ww_acquire_ctx context;
static union fresh_lock *fresh;
/* The task about to take the lock, for the thread that holds it. */
static struct task_struct *waiter;

#define ACQUIRE(name, declaration, expression)								\
	static seen int acquire_##name(void)								\
	{												\
		declaration;										\
		return expression;									\
	}

#define DEFINE_MUTEX_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	static DEFINE_MUTEX(hooks_##name);								\
	ACQUIRE(name, struct mutex *l = &hooks_##name, expression)
#define DEFINE_RWSEM_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	static DECLARE_RWSEM(hooks_##name);								\
	ACQUIRE(name, struct rw_semaphore *l = &hooks_##name, expression)
#define DEFINE_RT_MUTEX_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	static DEFINE_RT_MUTEX(hooks_##name);								\
	ACQUIRE(name, struct rt_mutex *l = &hooks_##name, expression)
#define DEFINE_WW_MUTEX_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	static struct ww_mutex hooks_##name;								\
	ACQUIRE(name, struct ww_mutex *l = &hooks_##name, expression)
#define DEFINE_PERCPU_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	DEFINE_STATIC_PERCPU_RWSEM(hooks_##name);							\
	ACQUIRE(name, struct percpu_rw_semaphore *l = &hooks_##name, expression)
#define DEFINE_CPUS_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	ACQUIRE(name, , expression)
#define DEFINE_INIT_OPERATION(name, hook, function, type, mode, tries, outcome, around, expression)	\
	ACQUIRE(name, union fresh_lock *l = fresh, expression)

MUTEX_OPERATIONS(DEFINE_MUTEX_OPERATION)
RWSEM_OPERATIONS(DEFINE_RWSEM_OPERATION)
RT_MUTEX_OPERATIONS(DEFINE_RT_MUTEX_OPERATION)
WW_MUTEX_OPERATIONS(DEFINE_WW_MUTEX_OPERATION)
PERCPU_OPERATIONS(DEFINE_PERCPU_OPERATION)
CPUS_OPERATIONS(DEFINE_CPUS_OPERATION)
INIT_OPERATIONS(DEFINE_INIT_OPERATION)

#define ROW(name_, hook_, function_, type_, mode_, tries_, outcome_, around_, lock_, lock_name_)	\
	{												\
		.name = #name_, .hook = hook_, .function = function_,					\
		.lock = lock_, .lock_name = lock_name_, .acquire = acquire_##name_,			\
		.type = TYPE_##type_, .mode = MODE_##mode_, .tries = TRIES_##tries_,			\
		.outcome = OUTCOME_##outcome_, .around = AROUND_##around_,				\
		/* Wait-die: the younger gives up at once, as the EDEADLK operations want it. */		\
		.class = {										\
			.mutex_name = lock_name_, .acquire_name = lock_name_ "_acquire",		\
			.is_wait_die = true,								\
		},											\
	},
#define STATIC_ROW(name, hook, function, type, mode, tries, outcome, around, expression)		\
	ROW(name, hook, function, type, mode, tries, outcome, around, &hooks_##name, "hooks_" #name)
#define CPUS_ROW(name, hook, function, type, mode, tries, outcome, around, expression)			\
	ROW(name, hook, function, type, mode, tries, outcome, around, NULL, "cpu_hotplug_lock")
#define INIT_ROW(name, hook, function, type, mode, tries, outcome, around, expression)			\
	ROW(name, hook, function, type, mode, tries, outcome, around, NULL, "hooks_" #name)

static struct operation operations[] = {
	MUTEX_OPERATIONS(STATIC_ROW)
	RWSEM_OPERATIONS(STATIC_ROW)
	RT_MUTEX_OPERATIONS(STATIC_ROW)
	WW_MUTEX_OPERATIONS(STATIC_ROW)
	PERCPU_OPERATIONS(STATIC_ROW)
	CPUS_OPERATIONS(CPUS_ROW)
	INIT_OPERATIONS(INIT_ROW)
};

/* What an operation of AROUND_OLDER holds when it is told to give up. */
static struct ww_mutex hooks_ww_first;
static struct ww_acquire_ctx older_context;
static struct operation *hotplug_operation;

static bool has_context(const struct operation *operation)
{
	return operation->type == TYPE_WW_CONTEXT;
}

static const char *init_function(const struct operation *operation)
{
	switch (operation->type) {
	case TYPE_WW_MUTEX:
	case TYPE_WW_CONTEXT:
		return WW_MUTEX_INIT_FUNCTION;
	case TYPE_MUTEX_INIT:
	case TYPE_RWSEM_INIT:
	case TYPE_RT_MUTEX_INIT:
	case TYPE_WW_MUTEX_INIT:
	case TYPE_PERCPU_RWSEM_INIT:
		return operation->hook;
	default:
		return "";
	}
}

static const char *release_function(const struct operation *operation)
{
	if (operation->outcome == OUTCOME_FAILED)
		return "";
	switch (operation->type) {
	case TYPE_MUTEX:
	case TYPE_MUTEX_INIT:
		return "mutex_unlock";
	case TYPE_RWSEM:
		return operation->mode == MODE_READER ? "up_read" : "up_write";
	case TYPE_RWSEM_NON_OWNER:
		return DEBUG_OR_PLAIN("up_read_non_owner", "up_read");
	case TYPE_RWSEM_INIT:
		return "up_write";
	case TYPE_RT_MUTEX:
	case TYPE_RT_MUTEX_INIT:
		return "rt_mutex_unlock";
	case TYPE_WW_MUTEX:
	case TYPE_WW_CONTEXT:
	case TYPE_WW_MUTEX_INIT:
		return "ww_mutex_unlock";
	case TYPE_PERCPU_RWSEM:
		return operation->mode == MODE_READER ? "" : "percpu_up_write";
	case TYPE_PERCPU_RWSEM_INIT:
		return "percpu_up_write";
	case TYPE_CPUS:
		return "cpus_read_unlock";
	}
	return "";
}

/* --- A lock that is initialised on the spot */

static int make_fresh(struct operation *operation)
{
	static struct lock_class_key mutex_key, rwsem_key, rt_mutex_key, percpu_key;
	const char *name = operation->lock_name;
	int error = 0;

	if (operation->type < TYPE_MUTEX_INIT)
		return 0;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	switch (operation->type) {
	case TYPE_MUTEX_INIT:
		__mutex_init(&fresh->mutex, name, &mutex_key);
		break;
	case TYPE_RWSEM_INIT:
		__init_rwsem(&fresh->rwsem, name, &rwsem_key);
		break;
	case TYPE_RT_MUTEX_INIT:
		__rt_mutex_init(&fresh->rt_mutex, name, &rt_mutex_key);
		break;
	case TYPE_WW_MUTEX_INIT:
		ww_mutex_init(&fresh->ww_mutex, &operation->class);
		break;
	default:
		error = __percpu_init_rwsem(&fresh->percpu_rwsem, name, &percpu_key);
		break;
	}
	if (error) {
		kfree(fresh);
		fresh = NULL;
	}
	return error;
}

static void drop_fresh(struct operation *operation)
{
	if (operation->type == TYPE_PERCPU_RWSEM_INIT)
		percpu_free_rwsem(&fresh->percpu_rwsem);
	kfree(fresh);
	fresh = NULL;
}

/* --- The other task */

struct other {
	struct operation *operation;
	struct task_struct *task;
	struct completion done;
};

static void take_for_other(struct operation *operation)
{
	switch (operation->type) {
	case TYPE_MUTEX:
		mutex_lock(operation->lock);
		break;
	case TYPE_RWSEM:
		down_write(operation->lock);
		break;
	case TYPE_RT_MUTEX:
		rt_mutex_lock(operation->lock);
		break;
	case TYPE_WW_MUTEX:
		ww_mutex_lock(operation->lock, NULL);
		break;
	case TYPE_WW_CONTEXT:
		ww_acquire_init(&older_context, &operation->class);
		ww_mutex_lock(operation->lock, &older_context);
		break;
	default:
		/* A reader does not have to wait for a reader. */
		if (operation->mode == MODE_READER)
			percpu_down_write(operation->lock);
		else
			percpu_down_read(operation->lock);
		break;
	}
}

static void drop_for_other(struct operation *operation)
{
	switch (operation->type) {
	case TYPE_MUTEX:
		mutex_unlock(operation->lock);
		break;
	case TYPE_RWSEM:
		up_write(operation->lock);
		break;
	case TYPE_RT_MUTEX:
		rt_mutex_unlock(operation->lock);
		break;
	case TYPE_WW_MUTEX:
		ww_mutex_unlock(operation->lock);
		break;
	case TYPE_WW_CONTEXT:
		ww_mutex_unlock(operation->lock);
		ww_acquire_fini(&older_context);
		break;
	default:
		if (operation->mode == MODE_READER)
			percpu_up_write(operation->lock);
		else
			percpu_up_read(operation->lock);
		break;
	}
}

static bool waits(struct operation *operation)
{
	struct task_struct *task = READ_ONCE(waiter);
	unsigned int state = task ? READ_ONCE(task->__state) : TASK_RUNNING;

	switch (operation->around) {
	case AROUND_INTERRUPTED:
		return state & TASK_INTERRUPTIBLE;
	case AROUND_KILLED:
		return state & TASK_WAKEKILL;
	default:
		if (!(state & TASK_NORMAL))
			return false;
		/* A writer waits for a grace period first. */
		return operation->type != TYPE_PERCPU_RWSEM ||
		       atomic_read(&((struct percpu_rw_semaphore *)operation->lock)->block);
	}
}

static int hold(void *data)
{
	struct other *other = data;
	struct operation *operation = other->operation;
	bool dropped = false;
	struct task_struct *task;

	take_for_other(operation);
	complete(&other->done);
	if (operation->around != AROUND_BUSY && operation->around != AROUND_OLDER) {
		while (!kthread_should_stop() && !waits(operation))
			usleep_range(200, 400);
		if (operation->around == AROUND_BUSY_AWHILE) {
			drop_for_other(operation);
			dropped = true;
		} else {
			/* It stops this thread before it can go away. */
			task = READ_ONCE(waiter);
			if (task)
				send_sig(operation->around == AROUND_KILLED ? SIGKILL : SIGUSR1, task, 1);
		}
	}
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (!dropped)
		drop_for_other(operation);
	return 0;
}

static int release_for_waiter(void *data)
{
	struct other *other = data;

	up_read_non_owner(other->operation->lock);
	complete(&other->done);
	while (!kthread_should_stop())
		usleep_range(200, 400);
	return 0;
}

/* Returns once the thread has done its part, or has the lock. */
static int start_other(struct other *other, struct operation *operation, int (*function)(void *))
{
	other->operation = operation;
	init_completion(&other->done);
	other->task = kthread_run(function, other, "hooks-other");
	if (IS_ERR(other->task))
		return PTR_ERR(other->task);
	wait_for_completion(&other->done);
	return 0;
}

static bool needs_other(const struct operation *operation)
{
	return operation->around != AROUND_FREE && operation->around != AROUND_OWN && operation->around != AROUND_HOTPLUG;
}

/* --- Running */

static void note_start(struct operation *operation)
{
	operation->pid = current->pid;
	get_task_comm(operation->comm, current);
	WRITE_ONCE(waiter, current);
}

static void note_result(struct operation *operation, int result)
{
	WRITE_ONCE(waiter, NULL);
	operation->result = result;
	operation->held = operation->tries == TRIES_BLOCKS ? result == 0 : result == 1;
	operation->ran = true;
}

static int release(struct operation *operation)
{
	struct other other;
	int error = 0;

	switch (operation->type) {
	case TYPE_MUTEX:
		mutex_unlock(operation->lock);
		break;
	case TYPE_RWSEM:
		if (operation->mode == MODE_READER)
			up_read(operation->lock);
		else
			up_write(operation->lock);
		break;
	case TYPE_RWSEM_NON_OWNER:
		error = start_other(&other, operation, release_for_waiter);
		if (error)
			up_read_non_owner(operation->lock);
		else
			kthread_stop(other.task);
		break;
	case TYPE_RT_MUTEX:
		rt_mutex_unlock(operation->lock);
		break;
	case TYPE_WW_MUTEX:
	case TYPE_WW_CONTEXT:
		ww_mutex_unlock(operation->lock);
		break;
	case TYPE_PERCPU_RWSEM:
		if (operation->mode == MODE_READER)
			percpu_up_read(operation->lock);
		else
			percpu_up_write(operation->lock);
		break;
	case TYPE_CPUS:
		cpus_read_unlock();
		break;
	case TYPE_MUTEX_INIT:
		mutex_unlock(&fresh->mutex);
		break;
	case TYPE_RWSEM_INIT:
		up_write(&fresh->rwsem);
		break;
	case TYPE_RT_MUTEX_INIT:
		rt_mutex_unlock(&fresh->rt_mutex);
		break;
	case TYPE_WW_MUTEX_INIT:
		ww_mutex_unlock(&fresh->ww_mutex);
		break;
	case TYPE_PERCPU_RWSEM_INIT:
		percpu_up_write(&fresh->percpu_rwsem);
		break;
	}
	return error;
}

static int acquire_between(struct operation *operation)
{
	int error = 0, prepared = 0;

	mutex_lock(&hooks_outer);
	if (has_context(operation)) {
		ww_acquire_init(&context, &operation->class);
		if (operation->around == AROUND_OWN)
			prepared = ww_mutex_lock(operation->lock, &context);
		if (operation->around == AROUND_OLDER) {
			ww_mutex_init(&hooks_ww_first, &operation->class);
			prepared = ww_mutex_lock(&hooks_ww_first, &context);
		}
	}
	if (!prepared) {
		note_start(operation);
		note_result(operation, operation->acquire());
		if (operation->held) {
			mutex_lock(&hooks_inner);
			mutex_unlock(&hooks_inner);
			error = release(operation);
		}
		if (operation->around == AROUND_OWN)
			ww_mutex_unlock(operation->lock);
		else if (operation->around == AROUND_OLDER)
			ww_mutex_unlock(&hooks_ww_first);
	}
	if (has_context(operation))
		ww_acquire_fini(&context);
	mutex_unlock(&hooks_outer);
	return error ?: prepared;
}

static int going_down(unsigned int cpu)
{
	struct operation *operation = READ_ONCE(hotplug_operation);

	if (operation && cpu == 1 && !operation->ran) {
		note_start(operation);
		note_result(operation, operation->acquire());
		if (operation->held)
			release(operation);
	}
	return 0;
}

static int acquire_in_hotplug(struct operation *operation)
{
	int state, error;

	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "livedep/hooks", NULL, going_down);
	if (state < 0)
		return state;
	WRITE_ONCE(hotplug_operation, operation);
	error = remove_cpu(1);
	WRITE_ONCE(hotplug_operation, NULL);
	if (!error)
		error = add_cpu(1);
	cpuhp_remove_state_nocalls(state);
	return error;
}

static int run(struct operation *operation)
{
	struct other other;
	int error;

	operation->ran = false;
	if (operation->around == AROUND_HOTPLUG)
		return acquire_in_hotplug(operation);
	error = make_fresh(operation);
	if (error)
		return error;
	if (needs_other(operation)) {
		error = start_other(&other, operation, hold);
		if (error)
			return error;
	}
	error = acquire_between(operation);
	if (needs_other(operation))
		kthread_stop(other.task);
	drop_fresh(operation);
	return error;
}

static void describe(const struct operation *operation, struct livedep_hooks_operation *answer)
{
	answer->needs = operation->around == AROUND_INTERRUPTED ? LIVEDEP_HOOKS_CAUGHT :
			operation->around == AROUND_KILLED ? LIVEDEP_HOOKS_KILLED : LIVEDEP_HOOKS_PLAIN;
	strscpy(answer->name, operation->name, sizeof(answer->name));
	strscpy(answer->hook, operation->hook, sizeof(answer->hook));
	strscpy(answer->function, operation->function, sizeof(answer->function));
	strscpy(answer->init, init_function(operation), sizeof(answer->init));
	strscpy(answer->release, release_function(operation), sizeof(answer->release));
	strscpy(answer->lock, operation->lock_name, sizeof(answer->lock));
	answer->read = operation->mode == MODE_READER;
	answer->trylock = operation->tries == TRIES_TRIES;
	answer->held = operation->outcome == OUTCOME_HELD;
	answer->ran = operation->ran;
	answer->result = operation->result;
	answer->was_held = operation->held;
	answer->pid = operation->pid;
	strscpy(answer->comm, operation->comm, sizeof(answer->comm));
}

static long hooks_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct livedep_hooks_operation answer = {};
	long error;

	switch (request) {
	case LIVEDEP_HOOKS_DESCRIBE:
		if (get_user(answer.index, (u32 __user *)argument))
			return -EFAULT;
		if (answer.index >= ARRAY_SIZE(operations))
			return -ENOENT;
		/* A task that was killed may still be on its way out of its operation. */
		while (test_and_set_bit_lock(0, &running))
			if (msleep_interruptible(1))
				return -EINTR;
		describe(&operations[answer.index], &answer);
		clear_bit_unlock(0, &running);
		return copy_to_user((void __user *)argument, &answer, sizeof(answer)) ? -EFAULT : 0;
	case LIVEDEP_HOOKS_RUN:
		if (argument >= ARRAY_SIZE(operations))
			return -ENOENT;
		if (test_and_set_bit_lock(0, &running))
			return -EBUSY;
		error = run(&operations[argument]);
		clear_bit_unlock(0, &running);
		return error;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations hooks_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = hooks_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice hooks_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = LIVEDEP_HOOKS_DEVICE,
	.fops = &hooks_fops,
	.mode = 0600,
};

static int __init hooks_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		struct operation *operation = &operations[i];

		if (operation->type == TYPE_WW_MUTEX || operation->type == TYPE_WW_CONTEXT)
			ww_mutex_init(operation->lock, &operation->class);
	}
	return misc_register(&hooks_device);
}

static void __exit hooks_exit(void)
{
	misc_deregister(&hooks_device);
}

module_init(hooks_init);
module_exit(hooks_exit);

MODULE_DESCRIPTION("Every function that takes a sleeping lock, once each");
MODULE_AUTHOR("The livedep authors");
MODULE_LICENSE("Dual BSD/GPL");
