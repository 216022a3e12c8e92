// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Plays the scenarios of scenarios.h: for each kind of lock, and each verdict on the order in which locks are taken, the
 * locks and who takes them in which order. Nothing here can hang: a step that waits for itself or for another waits
 * interruptibly or killably, and the driver sends the signal.
 *
 * Every scenario has classes of its own, named verdicts_SCENARIO_LETTER, initialised when it is prepared.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/delay.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/ww_mutex.h>

#include "livedep_verdicts.h"
#include "scenarios.h"

#define SLOTS 8
#define HELD 16
#define REUSE_TRIES 1024

union any_lock {
	struct mutex mutex;
	struct rw_semaphore rwsem;
	struct percpu_rw_semaphore percpu;
	struct rt_mutex rt_mutex;
	struct ww_mutex ww;
};

struct slot {
	char name[3];		/* letter and digit */
	char kind;
	char class_name[64];
	char context_name[72];
	struct lock_class_key key;
	struct ww_class ww_class;
	struct slot *leader;	/* the first of its class */
	union any_lock *lock;
};

struct scenario {
	const char *name;
	const char *locks;
	const char *steps;
	const char *lockdep;
	const char *livedep;
	const char *reason;
	bool not_on_rt;
	struct slot slots[SLOTS];
	int slot_count;
};

static struct scenario scenarios[] = { ALL_SCENARIOS };

/* A lock that a step holds. */
struct held {
	struct slot *slot;
	char mode;		/* w writer, r reader, n reader without owner */
};

struct step {
	struct scenario *scenario;
	struct held held[HELD];
	int held_count;
	struct ww_acquire_ctx context;
	bool in_context;
	bool keep;
};

/* One token. */
struct action {
	char verb;		/* + take, or the token's own character */
	bool read, wait_interruptibly, wait_killably, in_context, nested, under_gate, try;
	struct slot *slot, *other;
};

static unsigned long opened;
static atomic_t arrivals;
static DECLARE_WAIT_QUEUE_HEAD(meeting);

/* --- Locks */

static struct slot *find_slot(struct scenario *scenario, const char *name, size_t length)
{
	int i;

	for (i = 0; i < scenario->slot_count; i++) {
		struct slot *slot = &scenario->slots[i];

		if (strlen(slot->name) == length && !strncmp(slot->name, name, length))
			return slot;
	}
	return NULL;
}

static size_t name_length(const char *text)
{
	if (*text < 'A' || *text > 'Z')
		return 0;
	return text[1] >= '0' && text[1] <= '9' ? 2 : 1;
}

static int name_slots(struct scenario *scenario)
{
	const char *text = scenario->locks;

	while (*text) {
		struct slot *slot = &scenario->slots[scenario->slot_count];
		size_t length = name_length(text + 1);
		int i;

		if (scenario->slot_count == SLOTS || !length)
			return -EINVAL;
		slot->kind = *text++;
		memcpy(slot->name, text, length);
		slot->leader = slot;
		for (i = scenario->slot_count; i-- > 0;)
			if (scenario->slots[i].name[0] == slot->name[0])
				slot->leader = &scenario->slots[i];
		snprintf(slot->class_name, sizeof(slot->class_name), "verdicts_%s_%c", scenario->name, slot->name[0]);
		snprintf(slot->context_name, sizeof(slot->context_name), "%s_acquire", slot->class_name);
		slot->ww_class.mutex_name = slot->class_name;
		slot->ww_class.acquire_name = slot->context_name;
		scenario->slot_count++;
		text += length;
		if (*text == ' ')
			text++;
	}
	return 0;
}

static int init_lock(struct slot *slot)
{
	struct slot *leader = slot->leader;

	switch (slot->kind) {
	case 'm':
		__mutex_init(&slot->lock->mutex, leader->class_name, &leader->key);
		return 0;
	case 's':
		__init_rwsem(&slot->lock->rwsem, leader->class_name, &leader->key);
		return 0;
	case 'p':
		return __percpu_init_rwsem(&slot->lock->percpu, leader->class_name, &leader->key);
	case 't':
		__rt_mutex_init(&slot->lock->rt_mutex, leader->class_name, &leader->key);
		return 0;
	case 'w':
		ww_mutex_init(&slot->lock->ww, &leader->ww_class);
		return 0;
	}
	return -EINVAL;
}

static void free_lock(struct slot *slot)
{
	if (!slot->lock)
		return;
	if (slot->kind == 'p')
		percpu_free_rwsem(&slot->lock->percpu);
	kfree(slot->lock);
	slot->lock = NULL;
}

static int make_lock(struct slot *slot)
{
	int error;

	slot->lock = kzalloc(sizeof(*slot->lock), GFP_KERNEL);
	if (!slot->lock)
		return -ENOMEM;
	error = init_lock(slot);
	if (error) {
		kfree(slot->lock);
		slot->lock = NULL;
	}
	return error;
}

/*
 * Frees one lock and lets another come to be in the same memory. On the CPU that allocated it, the allocator gives it out
 * again soon; the driver sees to that.
 */
static int reuse(struct slot *old, struct slot *slot)
{
	union any_lock *wanted = old->lock, **others;
	int count = 0, error = -EAGAIN;

	others = kcalloc(REUSE_TRIES, sizeof(*others), GFP_KERNEL);
	if (!others)
		return -ENOMEM;
	free_lock(slot);
	free_lock(old);
	while (count < REUSE_TRIES) {
		union any_lock *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

		if (lock == wanted) {
			slot->lock = lock;
			error = init_lock(slot);
			break;
		}
		others[count++] = lock;
	}
	while (count-- > 0)
		kfree(others[count]);
	kfree(others);
	return error;
}

static int prepare(struct scenario *scenario)
{
	int i, error;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && scenario->not_on_rt)
		return -EOPNOTSUPP;
	atomic_set(&arrivals, 0);
	for (i = 0; i < scenario->slot_count; i++) {
		free_lock(&scenario->slots[i]);
		error = make_lock(&scenario->slots[i]);
		if (error)
			return error;
	}
	return 0;
}

/* --- Taking and releasing: the result of the kernel's function, 0 with the lock */

static int take_mutex(struct step *step, struct action *action)
{
	struct mutex *mutex = &action->slot->lock->mutex;

	if (action->try)
		return mutex_trylock(mutex) ? 0 : -EBUSY;
	if (action->wait_interruptibly)
		return mutex_lock_interruptible(mutex);
	if (action->wait_killably)
		return mutex_lock_killable(mutex);
	if (action->nested) {
		mutex_lock_nested(mutex, 1);
	} else if (action->under_gate) {
		struct mutex *gate = &find_slot(step->scenario, "G", 1)->lock->mutex;

		/* Not used where nest locks are compiled out. */
		(void)gate;
		mutex_lock_nest_lock(mutex, gate);
	} else {
		mutex_lock(mutex);
	}
	return 0;
}

static int take_rwsem(struct action *action)
{
	struct rw_semaphore *rwsem = &action->slot->lock->rwsem;

	if (action->try)
		return (action->read ? down_read_trylock(rwsem) : down_write_trylock(rwsem)) ? 0 : -EBUSY;
	if (action->wait_interruptibly)
		return action->read ? down_read_interruptible(rwsem) : -EINVAL;
	if (action->wait_killably)
		return action->read ? down_read_killable(rwsem) : down_write_killable(rwsem);
	if (action->read)
		down_read(rwsem);
	else
		down_write(rwsem);
	return 0;
}

static int take_percpu(struct action *action)
{
	struct percpu_rw_semaphore *percpu = &action->slot->lock->percpu;

	if (action->try)
		return action->read && percpu_down_read_trylock(percpu) ? 0 : -EBUSY;
	if (action->read)
		percpu_down_read(percpu);
	else
		percpu_down_write(percpu);
	return 0;
}

static int take_rt_mutex(struct action *action)
{
	struct rt_mutex *rt_mutex = &action->slot->lock->rt_mutex;

	if (action->try)
		return rt_mutex_trylock(rt_mutex) ? 0 : -EBUSY;
	rt_mutex_lock(rt_mutex);
	return 0;
}

static int take_ww(struct step *step, struct action *action)
{
	struct ww_mutex *ww = &action->slot->lock->ww;
	struct ww_acquire_ctx *context = action->in_context ? &step->context : NULL;

	if (action->try)
		return ww_mutex_trylock(ww, context) ? 0 : -EBUSY;
	if (action->wait_interruptibly)
		return ww_mutex_lock_interruptible(ww, context);
	return ww_mutex_lock(ww, context);
}

static int take(struct step *step, struct action *action)
{
	int error;

	if (step->held_count == HELD)
		return -EINVAL;
	if (action->verb == 'n') {
		down_read_non_owner(&action->slot->lock->rwsem);
		error = 0;
	} else {
		switch (action->slot->kind) {
		case 'm':
			error = take_mutex(step, action);
			break;
		case 's':
			error = take_rwsem(action);
			break;
		case 'p':
			error = take_percpu(action);
			break;
		case 't':
			error = take_rt_mutex(action);
			break;
		default:
			error = take_ww(step, action);
			break;
		}
	}
	if (!error) {
		step->held[step->held_count].slot = action->slot;
		step->held[step->held_count++].mode = action->verb == 'n' ? 'n' : action->read ? 'r' : 'w';
	}
	return error;
}

static void unlock(struct slot *slot, char mode)
{
	switch (slot->kind) {
	case 'm':
		mutex_unlock(&slot->lock->mutex);
		break;
	case 's':
		if (mode == 'w')
			up_write(&slot->lock->rwsem);
		else if (mode == 'r')
			up_read(&slot->lock->rwsem);
		else
			up_read_non_owner(&slot->lock->rwsem);
		break;
	case 'p':
		if (mode == 'w')
			percpu_up_write(&slot->lock->percpu);
		else
			percpu_up_read(&slot->lock->percpu);
		break;
	case 't':
		rt_mutex_unlock(&slot->lock->rt_mutex);
		break;
	case 'w':
		ww_mutex_unlock(&slot->lock->ww);
		break;
	}
}

/* Takes the innermost hold of a lock off the list; 0 if there is none. */
static char forget(struct step *step, struct slot *slot)
{
	int i;

	for (i = step->held_count; i-- > 0;) {
		char mode = step->held[i].mode;

		if (step->held[i].slot != slot)
			continue;
		step->held_count--;
		memmove(&step->held[i], &step->held[i + 1], (step->held_count - i) * sizeof(step->held[0]));
		return mode;
	}
	return 0;
}

struct errand {
	struct slot *slot;
	struct completion done;
};

static int release_for_other(void *data)
{
	struct errand *errand = data;

	unlock(errand->slot, 'n');
	complete(&errand->done);
	while (!kthread_should_stop())
		usleep_range(200, 400);
	return 0;
}

static int release_elsewhere(struct step *step, struct slot *slot)
{
	struct errand errand = { .slot = slot };
	struct task_struct *task;

	init_completion(&errand.done);
	task = kthread_run(release_for_other, &errand, "verdicts-other");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&errand.done);
	kthread_stop(task);
	forget(step, slot);
	return 0;
}

/* Sleeps until a signal comes; the driver's timeout is the limit. */
static int sleep_until_signal(void)
{
	while (!msleep_interruptible(1000))
		;
	return 0;
}

static int meet(void)
{
	int target = round_up(atomic_inc_return(&arrivals), 2);

	wake_up_all(&meeting);
	return wait_event_interruptible(meeting, atomic_read(&arrivals) >= target);
}

/* --- Steps */

/* Finds a step's text, or a branch's of it. */
static const char *part(const char *text, unsigned int number, char separator, const char *end, const char **part_end)
{
	const char *next;

	for (;;) {
		next = strnchr(text, end - text, separator);
		if (!number) {
			*part_end = next ?: end;
			return text;
		}
		if (!next)
			return NULL;
		text = next + 1;
		number--;
	}
}

static int read_action(struct scenario *scenario, const char **text, const char *end, struct action *action)
{
	const char *token = *text;
	size_t length;

	memset(action, 0, sizeof(*action));
	action->verb = '+';
	for (; token < end; token++) {
		if (*token == 'r')
			action->read = true;
		else if (*token == 'i')
			action->wait_interruptibly = true;
		else if (*token == 'k')
			action->wait_killably = true;
		else if (*token == 'c')
			action->in_context = true;
		else if (*token == '^')
			action->under_gate = true;
		else if (strchr("-vn~*>", *token))
			action->verb = *token;
		else
			break;
	}
	if (token < end && strchr("[].z!", *token)) {
		action->verb = *token++;
	} else {
		length = name_length(token);
		action->slot = find_slot(scenario, token, length);
		if (!action->slot)
			return -EINVAL;
		token += length;
		if (action->verb == '>') {
			action->other = find_slot(scenario, token, 1);
			if (!action->other)
				return -EINVAL;
			token++;
		}
		if (token < end && *token == '?') {
			action->try = true;
			token++;
		} else if (token < end && *token == '/') {
			action->nested = true;
			token++;
		}
	}
	if (token < end && *token == ' ')
		token++;
	*text = token;
	return 0;
}

/* The class of the scenario's first ww mutex is that of its context. */
static int enter_context(struct step *step)
{
	int i;

	for (i = 0; i < step->scenario->slot_count; i++) {
		if (step->scenario->slots[i].kind != 'w')
			continue;
		ww_acquire_init(&step->context, &step->scenario->slots[i].leader->ww_class);
		step->in_context = true;
		return 0;
	}
	return -EINVAL;
}

static int perform(struct step *step, struct action *action)
{
	char mode;

	switch (action->verb) {
	case '+':
	case 'n':
		return take(step, action);
	case '-':
		mode = forget(step, action->slot);
		unlock(action->slot, mode ?: 'w');
		return 0;
	case 'v':
		if (!forget(step, action->slot))
			return -EINVAL;
		downgrade_write(&action->slot->lock->rwsem);
		step->held[step->held_count].slot = action->slot;
		step->held[step->held_count++].mode = 'r';
		return 0;
	case '~':
		return release_elsewhere(step, action->slot);
	case '*':
		return init_lock(action->slot);
	case '>':
		return reuse(action->slot, action->other);
	case '[':
		return enter_context(step);
	case ']':
		return 0;
	case '.':
		return meet();
	case 'z':
		return sleep_until_signal();
	case '!':
		step->keep = true;
		return 0;
	}
	return -EINVAL;
}

/* Plays one branch of one step. Being interrupted, or told to back off, ends it early and is what was meant to be. */
static noinline int play(struct scenario *scenario, unsigned int number, unsigned int branch)
{
	const char *end, *text = part(scenario->steps, number, ';', scenario->steps + strlen(scenario->steps), &end);
	struct action action;
	struct step *step;
	int error = 0;

	if (text)
		text = part(text, branch, '|', end, &end);
	if (!text)
		return -ENOENT;
	step = kzalloc(sizeof(*step), GFP_KERNEL);
	if (!step)
		return -ENOMEM;
	step->scenario = scenario;
	while (text < end && !error) {
		error = read_action(scenario, &text, end, &action);
		if (!error)
			error = perform(step, &action);
		if (error == -EBUSY && action.try)
			error = 0;
	}
	while (step->held_count && !step->keep) {
		struct held held = step->held[--step->held_count];

		unlock(held.slot, held.mode);
	}
	if (step->in_context)
		ww_acquire_fini(&step->context);
	kfree(step);
	return error == -EINTR || error == -ERESTARTSYS || error == -EDEADLK ? 0 : error;
}

static void describe(const struct scenario *scenario, struct livedep_verdicts_scenario *answer)
{
	strscpy(answer->name, scenario->name, sizeof(answer->name));
	strscpy(answer->locks, scenario->locks, sizeof(answer->locks));
	strscpy(answer->steps, scenario->steps, sizeof(answer->steps));
	strscpy(answer->lockdep, scenario->lockdep, sizeof(answer->lockdep));
	strscpy(answer->livedep, scenario->livedep, sizeof(answer->livedep));
	strscpy(answer->reason, scenario->reason, sizeof(answer->reason));
}

static long verdicts_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct livedep_verdicts_scenario answer = {};
	struct livedep_verdicts_step step;

	switch (request) {
	case LIVEDEP_VERDICTS_DESCRIBE:
		if (get_user(answer.index, (u32 __user *)argument))
			return -EFAULT;
		if (answer.index >= ARRAY_SIZE(scenarios))
			return -ENOENT;
		describe(&scenarios[answer.index], &answer);
		return copy_to_user((void __user *)argument, &answer, sizeof(answer)) ? -EFAULT : 0;
	case LIVEDEP_VERDICTS_PREPARE:
		if (argument >= ARRAY_SIZE(scenarios))
			return -ENOENT;
		return prepare(&scenarios[argument]);
	case LIVEDEP_VERDICTS_RUN:
		if (copy_from_user(&step, (void __user *)argument, sizeof(step)))
			return -EFAULT;
		if (step.scenario >= ARRAY_SIZE(scenarios))
			return -ENOENT;
		if (!scenarios[step.scenario].slots[0].lock && !strchr(scenarios[step.scenario].steps, '>'))
			return -EINVAL;
		return play(&scenarios[step.scenario], step.step, step.branch);
	default:
		return -ENOTTY;
	}
}

/* One driver at a time; its children share the file. */
static int verdicts_open(struct inode *inode, struct file *file)
{
	return test_and_set_bit(0, &opened) ? -EBUSY : 0;
}

static int verdicts_release(struct inode *inode, struct file *file)
{
	clear_bit(0, &opened);
	return 0;
}

static const struct file_operations verdicts_fops = {
	.owner = THIS_MODULE,
	.open = verdicts_open,
	.release = verdicts_release,
	.unlocked_ioctl = verdicts_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice verdicts_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = LIVEDEP_VERDICTS_DEVICE,
	.fops = &verdicts_fops,
	.mode = 0600,
};

static int __init verdicts_init(void)
{
	int i, error;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		error = name_slots(&scenarios[i]);
		if (error)
			return error;
	}
	return misc_register(&verdicts_device);
}

static void __exit verdicts_exit(void)
{
	int i, j;

	misc_deregister(&verdicts_device);
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		for (j = 0; j < scenarios[i].slot_count; j++)
			free_lock(&scenarios[i].slots[j]);
}

module_init(verdicts_init);
module_exit(verdicts_exit);

MODULE_DESCRIPTION("Locks in every order, for every verdict");
MODULE_AUTHOR("The livedep authors");
MODULE_LICENSE("Dual BSD/GPL");
