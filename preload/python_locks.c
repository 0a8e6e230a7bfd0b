// python_locks.c: see python_locks.h.
#include "python_locks.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"

enum { SLOTS = 256, WITH_KEYWORDS = 3, VARIABLE = 1, NOTHING = 4 }; // METH_VARARGS | METH_KEYWORDS, METH_VARARGS, METH_NOARGS
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef void *keywords_function(void *self, void *arguments, void *keywords);
typedef void *function(void *self, void *arguments);

// CPython's (Include/methodobject.h, cpython/descrobject.h), the same in all its versions.
struct method {
    const char *name;
    void *call;
    int flags;
    const char *text;
};
struct descriptor {
    uintptr_t references, type, owner, name, qualified_name;
    struct method *method;
};

// Modules/_threadmodule.c, in 3.11 to 3.13.
struct recursive {
    uintptr_t references, type, lock, owner;
    unsigned long count;
};

// Guarded by the GIL, all of it.
static struct {
    uint32_t interval, left; // left: until the next sample; 0: none is taken
    uint32_t held_count;
    uint64_t random;
    python_locks_note *note;
    const void *is_true; // Py_True
    struct held {
        const void *lock; // NULL: free
        uint64_t since_ns;
        uint32_t interval;
    } held[SLOTS];
} locks;

// ---- Held ones ----

static struct held *slot_of(const void *lock) {
    return &locks.held[((uintptr_t)lock >> 4) * 0x9e3779b97f4a7c15u >> 56];
}

// Whether an RLock that is held was acquired by its thread once, not again.
static bool is_held_once(const void *lock) {
    return ((const struct recursive *)lock)->count == 1;
}

static void forget(struct held *held) {
    held->lock = NULL;
    locks.held_count--;
}

static void remember(const void *lock, uint64_t now) {
    struct held *held = slot_of(lock);
    locks.held_count += !held->lock;
    *held = (struct held){lock, now, locks.interval};
}

// One that was freed while it was held had its address.
static void forget_former(const void *lock) {
    struct held *held = slot_of(lock);
    if (held->lock == lock) {
        forget(held);
    }
}

// ---- Samples ----

static uint32_t next(void) { // a uniform distance, with the mean of the interval; xorshift64 (Marsaglia 2003)
    locks.random ^= locks.random << 13;
    locks.random ^= locks.random >> 7;
    locks.random ^= locks.random << 17;
    return 1 + (uint32_t)(locks.random % (2 * (uint64_t)locks.interval - 1));
}

static bool is_due(void) {
    if (UNLIKELY(locks.left != 0) && --locks.left == 0) {
        locks.left = next(); // others may acquire while this one waits
        return true;
    }
    return false;
}

static __attribute__((noinline)) void after_sampled(const void *lock, bool is_newly_held, uint64_t begin_ns) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (is_newly_held) {
        forget_former(lock);
    }
    if (locks.interval != 0 && locks.note(false, now - begin_ns, locks.interval) && is_newly_held) {
        remember(lock, clock_ns(CLOCK_MONOTONIC));
    }
}

// Returns how many it stands for; 0: it is not one that is measured, or not its last release.
static __attribute__((noinline)) uint32_t end_hold(const void *lock, bool is_all, uint64_t *ns) {
    struct held *held = slot_of(lock);
    if (held->lock != lock || (!is_all && !is_held_once(lock))) {
        return 0;
    }
    *ns = clock_ns(CLOCK_MONOTONIC) - held->since_ns;
    forget(held);
    return held->interval;
}

// ---- Methods ----

// A lock that was not free within the time is False; the exception of a signal's handler is NULL.
#define ACQUIRE(call, is_newly_held)                                                                                                       \
    bool due = is_due();                                                                                                                   \
    uint64_t begin_ns = UNLIKELY(due) ? clock_ns(CLOCK_MONOTONIC) : 0;                                                                     \
    void *result = call;                                                                                                                   \
    if (UNLIKELY(due)) {                                                                                                                   \
        after_sampled(self, is_newly_held, begin_ns);                                                                                      \
    } else if (UNLIKELY(locks.held_count != 0) && (is_newly_held)) {                                                                       \
        forget_former(self);                                                                                                               \
    }                                                                                                                                      \
    return result;

#define ACQUIRE_METHOD(name, is_recursive)                                                                                                 \
    static keywords_function *real_##name;                                                                                                 \
    static void *name(void *self, void *arguments, void *keywords) {                                                                       \
        ACQUIRE(real_##name(self, arguments, keywords), result == locks.is_true && (!(is_recursive) || is_held_once(self)))                \
    }
#define RESTORE_METHOD(name)                                                                                                               \
    static function *real_##name;                                                                                                          \
    static void *name(void *self, void *arguments) {                                                                                       \
        ACQUIRE(real_##name(self, arguments), !!result)                                                                                    \
    }
#define RELEASE_METHOD(name, is_all)                                                                                                       \
    static function *real_##name;                                                                                                          \
    static void *name(void *self, void *arguments) {                                                                                       \
        uint64_t ns = 0;                                                                                                                   \
        uint32_t interval = UNLIKELY(locks.held_count != 0) ? end_hold(self, is_all, &ns) : 0;                                             \
        void *result = real_##name(self, arguments);                                                                                       \
        if (UNLIKELY(interval != 0) && locks.interval != 0) {                                                                              \
            locks.note(true, ns, interval);                                                                                                \
        }                                                                                                                                  \
        return result;                                                                                                                     \
    }

ACQUIRE_METHOD(lock_acquire, false)
ACQUIRE_METHOD(lock_acquire_lock, false)
ACQUIRE_METHOD(lock_enter, false)
RELEASE_METHOD(lock_release, true)
RELEASE_METHOD(lock_release_lock, true)
RELEASE_METHOD(lock_exit, true)
ACQUIRE_METHOD(rlock_acquire, true)
ACQUIRE_METHOD(rlock_enter, true)
RELEASE_METHOD(rlock_release, false)
RELEASE_METHOD(rlock_exit, false)
RESTORE_METHOD(rlock_restore)
RELEASE_METHOD(rlock_save, true)

#define METHOD(of, flags)                                                                                                                  \
    { (void *)(of), (void **)(void *)&real_##of, flags }
static const struct hook {
    void *ours, **real;
    int flags;
} hooks[] = {
    METHOD(lock_acquire, WITH_KEYWORDS),  METHOD(lock_acquire_lock, WITH_KEYWORDS), METHOD(lock_enter, WITH_KEYWORDS),
    METHOD(lock_release, NOTHING),        METHOD(lock_release_lock, NOTHING),       METHOD(lock_exit, VARIABLE),
    METHOD(rlock_acquire, WITH_KEYWORDS), METHOD(rlock_enter, WITH_KEYWORDS),       METHOD(rlock_release, NOTHING),
    METHOD(rlock_exit, VARIABLE),         METHOD(rlock_restore, VARIABLE),          METHOD(rlock_save, NOTHING),
};
enum { COUNT = sizeof hooks / sizeof *hooks };
const char *const python_locks_names[COUNT + 1] = {"lock.acquire",
                                                   "lock.acquire_lock",
                                                   "lock.__enter__",
                                                   "lock.release",
                                                   "lock.release_lock",
                                                   "lock.__exit__",
                                                   "RLock.acquire",
                                                   "RLock.__enter__",
                                                   "RLock.release",
                                                   "RLock.__exit__",
                                                   "RLock._acquire_restore",
                                                   "RLock._release_save",
                                                   NULL};

const char *python_locks_hook(const uintptr_t *descriptors, size_t count, const void *is_true) {
    bool are_known = count == COUNT;
    for (size_t i = 0; are_known && i < COUNT; i++) {
        const struct method *method = ((const struct descriptor *)descriptors[i])->method;
        are_known = strcmp(method->name, strchr(python_locks_names[i], '.') + 1) == 0 && method->flags == hooks[i].flags;
    }
    if (!are_known) {
        return "the methods of this version's locks are not known";
    }
    locks.is_true = is_true;
    for (size_t i = 0; i < COUNT; i++) {
        struct method *method = ((const struct descriptor *)descriptors[i])->method;
        if (method->call != hooks[i].ours) {
            *hooks[i].real = method->call;
            method->call = hooks[i].ours;
        }
    }
    return NULL;
}

void python_locks_sample(uint32_t interval, python_locks_note *note) {
    memset(locks.held, 0, sizeof locks.held);
    locks.held_count = 0;
    locks.note = note;
    locks.random = clock_ns(CLOCK_MONOTONIC) | 1;
    locks.interval = interval;
    locks.left = interval != 0 ? next() : 0;
}
