// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks where fentry and fexit are refused: kprobe.multi, else a kprobe and a
 * kretprobe. libbpf cannot load more programs into a loaded object, so they are
 * in a second one that shares the first one's maps, opened when it is needed.
 */
#include <errno.h>
#include <string.h>

#include "lock_fallbacks.h"
#include "probe_internal.h"

struct fallback {
    const char *entry, *exit; /* programs of bpf/fallback.h, either may be missing */
    uint32_t cookie;
};

#define ROW(entry, exit, hook, type, mode, rule) \
    [LD_HOOK_##hook] = {entry, exit, LD_COOKIE(LD_HOOK_##hook, type, mode, rule)}
#define TAKES(hook, type, mode, rule) ROW("fallback_enter", "fallback_return", hook, type, mode, rule)
#define RELEASES(hook, type, mode, rule) ROW("fallback_release", NULL, hook, type, mode, rule)
#define INITIALISES(hook, type) ROW("fallback_init", NULL, hook, type, 0, 0)

/* As the programs of bpf/functions.bpf.c, which say what is peculiar about each function. */
static const struct fallback fallbacks[LD_HOOK_MAX] = {
    RELEASES(mutex_unlock, LD_MUTEX, LD_WRITE, 0),
    RELEASES(up_read, LD_RWSEM, LD_READ, 0),
    RELEASES(up_write, LD_RWSEM, LD_WRITE, 0),
    RELEASES(up_read_non_owner, LD_RWSEM, LD_READ, LD_R_NON_OWNER),
    ROW("fallback_downgrade", NULL, downgrade_write, LD_RWSEM, LD_READ, 0),
    RELEASES(cpus_read_unlock, LD_PERCPU_RWSEM, LD_READ, LD_R_CPUS),
    RELEASES(percpu_up_write, LD_PERCPU_RWSEM, LD_WRITE, 0),
    RELEASES(ww_mutex_unlock, LD_WW_MUTEX, LD_WRITE, 0),
    RELEASES(rt_mutex_unlock, LD_RT_MUTEX, LD_WRITE, 0),
    INITIALISES(__mutex_init, LD_MUTEX),
    INITIALISES(__mutex_rt_init, LD_MUTEX),
    INITIALISES(__init_rwsem, LD_RWSEM),
    INITIALISES(__percpu_init_rwsem, LD_PERCPU_RWSEM),
    INITIALISES(__rt_mutex_init, LD_RT_MUTEX),
    TAKES(mutex_lock, LD_MUTEX, LD_WRITE, 0),
    TAKES(mutex_lock_io, LD_MUTEX, LD_WRITE, 0),
    TAKES(mutex_lock_nested, LD_MUTEX, LD_WRITE, 0),
    TAKES(mutex_lock_io_nested, LD_MUTEX, LD_WRITE, 0),
    TAKES(_mutex_lock_nest_lock, LD_MUTEX, LD_WRITE, 0),
    TAKES(mutex_lock_interruptible, LD_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(mutex_lock_killable, LD_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(mutex_lock_interruptible_nested, LD_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(mutex_lock_killable_nested, LD_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(mutex_trylock, LD_MUTEX, LD_WRITE, LD_R_BOOL | LD_R_TRYLOCK),
    TAKES(atomic_dec_and_mutex_lock, LD_MUTEX, LD_WRITE, LD_R_BOOL | LD_R_SECOND),
    TAKES(down_read, LD_RWSEM, LD_READ, 0),
    TAKES(down_read_nested, LD_RWSEM, LD_READ, 0),
    TAKES(down_read_non_owner, LD_RWSEM, LD_READ, 0),
    TAKES(down_read_interruptible, LD_RWSEM, LD_READ, LD_R_ERROR),
    TAKES(down_read_killable, LD_RWSEM, LD_READ, LD_R_ERROR),
    TAKES(down_read_killable_nested, LD_RWSEM, LD_READ, LD_R_ERROR),
    TAKES(down_read_trylock, LD_RWSEM, LD_READ, LD_R_BOOL | LD_R_TRYLOCK),
    TAKES(down_write, LD_RWSEM, LD_WRITE, 0),
    TAKES(down_write_nested, LD_RWSEM, LD_WRITE, 0),
    TAKES(_down_write_nest_lock, LD_RWSEM, LD_WRITE, 0),
    TAKES(down_write_killable, LD_RWSEM, LD_WRITE, LD_R_ERROR),
    TAKES(down_write_killable_nested, LD_RWSEM, LD_WRITE, LD_R_ERROR),
    TAKES(down_write_trylock, LD_RWSEM, LD_WRITE, LD_R_BOOL | LD_R_TRYLOCK),
    ROW(NULL, "fallback_return", cpus_read_lock, LD_PERCPU_RWSEM, LD_READ, LD_R_CPUS),
    ROW(NULL, "fallback_return", cpus_read_trylock, LD_PERCPU_RWSEM, LD_READ, LD_R_CPUS | LD_R_BOOL | LD_R_TRYLOCK),
    TAKES(percpu_down_write, LD_PERCPU_RWSEM, LD_WRITE, 0),
    TAKES(ww_mutex_lock, LD_WW_MUTEX, LD_WRITE, LD_R_ERROR | LD_R_CONTEXT),
    TAKES(ww_mutex_lock_interruptible, LD_WW_MUTEX, LD_WRITE, LD_R_ERROR | LD_R_CONTEXT),
    TAKES(ww_mutex_trylock, LD_WW_MUTEX, LD_WRITE, LD_R_BOOL | LD_R_TRYLOCK | LD_R_CONTEXT),
    TAKES(rt_mutex_lock, LD_RT_MUTEX, LD_WRITE, 0),
    TAKES(rt_mutex_lock_nested, LD_RT_MUTEX, LD_WRITE, 0),
    TAKES(_rt_mutex_lock_nest_lock, LD_RT_MUTEX, LD_WRITE, 0),
    TAKES(rt_mutex_lock_interruptible, LD_RT_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(rt_mutex_lock_killable, LD_RT_MUTEX, LD_WRITE, LD_R_ERROR),
    TAKES(rt_mutex_trylock, LD_RT_MUTEX, LD_WRITE, LD_R_BOOL | LD_R_TRYLOCK),
    ROW("fallback_fault", NULL, __might_fault, 0, 0, 0),
    ROW("fallback_fault", NULL, __check_object_size, 0, 0, 0),
    ROW("fallback_attempt", NULL, percpu_down_write_entry, LD_PERCPU_RWSEM, LD_WRITE, 0),
    ROW("fallback_ww", NULL, ww_mutex_lock_entry, 0, 0, 0),
    ROW("fallback_ww", NULL, ww_mutex_lock_interruptible_entry, 0, 0, 0),
    ROW("fallback_enter", "fallback_frozen", freeze_super, 0, 0, 0),
    ROW("fallback_thaw", NULL, thaw_super, 0, 0, 0),
    ROW(NULL, "fallback_thawed", thaw_super_exit, 0, 0, 0),
};

bool kp_has_fallback(const struct kp_probe *probe, int hook) {
    return probe->has_fallbacks && (fallbacks[hook].entry || fallbacks[hook].exit);
}

bool kp_is_fallback_program(const struct bpf_program *program) {
    return strncmp(bpf_program__name(program), "fallback_", 9) == 0;
}

bool kp_is_fallback_map(const struct bpf_map *map) { return strcmp(bpf_map__name(map), "calls") == 0; }

/*
 * PREEMPT_RT mutexes are rt_mutexes. kprobes run with preemption off, and a
 * task's storage could not be allocated there: its allocator sleeps.
 */
bool kp_is_preempt_rt(const struct kp_types *types) {
    return kp_types_field_offset(types, "mutex", "rtmutex") >= 0;
}

/* Loads the programs for one kind of probe: their cookies are found in another way in each. */
static struct bpf_object *load(struct kp_probe *probe, const struct kp_image *image, bool multi) {
    struct bpf_object *object = kp_open_object(image, &probe->config);
    struct bpf_map *map = NULL, *shared = NULL;
    struct bpf_program *program;
    int error = 0;

    if (!object)
        return NULL;
    while ((map = bpf_object__next_map(object, map))) {
        shared = bpf_object__next_map(probe->object, shared);
        if (!error && !kp_is_fallback_map(map))
            error = bpf_map__reuse_fd(map, bpf_map__fd(shared));
    }
    bpf_object__for_each_program(program, object) {
        bpf_program__set_autoload(program, kp_is_fallback_program(program));
        if (!multi && kp_is_fallback_program(program))
            bpf_program__set_expected_attach_type(program, 0);
    }
    if (!error)
        error = bpf_object__load(object);
    if (error) {
        bpf_object__close(object);
        errno = -error;
        return NULL;
    }
    return object;
}

static struct bpf_link *attach_one(struct bpf_object *object, const char *name, const char *function, __u64 cookie,
                                   bool exit, bool multi) {
    struct bpf_program *program = bpf_object__find_program_by_name(object, name);
    const char *functions[1] = {function};
    LIBBPF_OPTS(bpf_kprobe_multi_opts, several, .syms = functions, .cookies = &cookie, .cnt = 1, .retprobe = exit);
    LIBBPF_OPTS(bpf_kprobe_opts, single, .bpf_cookie = cookie, .retprobe = exit);

    if (!program) {
        errno = ENOENT;
        return NULL;
    }
    return multi ? bpf_program__attach_kprobe_multi_opts(program, NULL, &several)
                 : bpf_program__attach_kprobe_opts(program, function, &single);
}

static int load_once(struct kp_probe *probe, const struct kp_image *image, bool multi) {
    struct kp_fallback *kind = &probe->fallbacks[multi];

    if (!kind->object && !kind->error) {
        kind->object = load(probe, image, multi);
        kind->error = kind->object ? 0 : errno;
    }
    return -kind->error;
}

static int attach_both(struct kp_probe *probe, const struct kp_image *image, int hook, bool multi) {
    const struct fallback *fallback = &fallbacks[hook];
    const char *function = kp_hook_function(probe, hook);
    struct kp_fallback *kind = &probe->fallbacks[multi];
    struct bpf_link *link;
    int error = load_once(probe, image, multi);

    if (error)
        return error;
    /* The newest probe runs first: an entry program must see the return address that the return probe replaces. */
    if (fallback->exit && !(multi && probe->has_return[hook])) {
        link = attach_one(kind->object, fallback->exit, function, fallback->cookie, true, multi);
        if (!link)
            return -errno;
        probe->links[hook] = link;
    }
    if (fallback->entry) {
        link = attach_one(kind->object, fallback->entry, function, fallback->cookie, false, multi);
        if (!link) {
            error = -errno;
            bpf_link__destroy(probe->links[hook]);
            probe->links[hook] = NULL;
            return error;
        }
        probe->entry_links[hook] = link;
    }
    probe->hooks[hook] = (struct kp_hook_state){multi ? KP_KPROBE_MULTI : KP_KPROBE, 0};
    return 0;
}

static bool returns_alike(const struct kp_probe *probe, int hook) {
    return probe->refused[hook] && fallbacks[hook].exit && strcmp(fallbacks[hook].exit, "fallback_return") == 0;
}

/*
 * The places for return addresses of a link are as many as its functions,
 * times twice the processors (kernel/trace/fprobe.c), and a link that has none
 * left misses returns: all functions are in one, so that the few which tasks
 * wait in have the places of the rest. Where that fails each gets its own.
 */
void kp_attach_returns(struct kp_probe *probe, const struct kp_image *image) {
    const char *functions[LD_HOOK_MAX];
    __u64 cookies[LD_HOOK_MAX];
    size_t count = 0;

    for (int hook = 0; hook < LD_HOOK_MAX; hook++) {
        if (!returns_alike(probe, hook))
            continue;
        functions[count] = kp_hook_function(probe, hook);
        cookies[count++] = fallbacks[hook].cookie;
    }
    if (!count || probe->config.attach == KP_ATTACH_KPROBE || load_once(probe, image, true))
        return;
    struct bpf_object *object = probe->fallbacks[true].object;
    LIBBPF_OPTS(bpf_kprobe_multi_opts, options, .syms = functions, .cookies = cookies, .cnt = count, .retprobe = true);
    struct bpf_program *program = bpf_object__find_program_by_name(object, "fallback_return");
    probe->return_link = program ? bpf_program__attach_kprobe_multi_opts(program, NULL, &options) : NULL;
    for (int hook = 0; probe->return_link && hook < LD_HOOK_MAX; hook++)
        probe->has_return[hook] = returns_alike(probe, hook);
}

int kp_attach_fallback(struct kp_probe *probe, const struct kp_image *image, int hook) {
    int error = -EOPNOTSUPP;

    if (probe->config.attach != KP_ATTACH_KPROBE)
        error = attach_both(probe, image, hook, true);
    /* Never two return programs on a function. */
    if (error && !probe->untraceable[hook] && !probe->has_return[hook])
        error = attach_both(probe, image, hook, false);
    return error;
}

uint64_t kp_fallback_misses(const struct kp_probe *probe) {
    uint64_t misses = 0;

    for (int kind = 0; kind < 2; kind++) {
        struct bpf_program *program;

        if (!probe->fallbacks[kind].object)
            continue;
        bpf_object__for_each_program(program, probe->fallbacks[kind].object)
            if (bpf_program__autoload(program))
                misses += kp_program_misses(program);
    }
    return misses;
}

void kp_close_fallbacks(struct kp_probe *probe) {
    for (int kind = 0; kind < 2; kind++)
        bpf_object__close(probe->fallbacks[kind].object);
}
