// python_arenas.c: see python_arenas.h.
#include "python_arenas.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

enum { LIMIT_MS = 100 };

static _Atomic bool are_ours, is_held_up; // by one that did not end within the limit: it is waited for once
static _Atomic unsigned readers, freeing; // threads; interpreters with a GIL each free side by side

void python_arenas_are_ours(void) {
    atomic_store(&are_ours, true);
}

// Of one that holds and one that frees, at least one sees the other.
bool python_arenas_hold(void) {
    if (!atomic_load_explicit(&are_ours, memory_order_relaxed)) {
        return false;
    }
    atomic_fetch_add(&readers, 1);
    if (atomic_load(&freeing) != 0) {
        atomic_fetch_sub(&readers, 1);
        return false;
    }
    return true;
}

void python_arenas_release(void) {
    atomic_fetch_sub(&readers, 1);
}

void python_arenas_free(const struct python_arenas *real, void *base, size_t size) {
    int limit_ms = atomic_load(&is_held_up) ? 0 : LIMIT_MS, saved = errno;
    atomic_fetch_add(&freeing, 1);
    for (int i = 0; i < limit_ms && atomic_load(&readers) != 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    bool is_held = atomic_load(&readers) != 0;
    atomic_store(&is_held_up, is_held);
    errno = saved; // a free does not change it
    if (!is_held) {
        real->free(real->context, base, size);
    }
    atomic_fetch_sub(&freeing, 1);
}

void python_arenas_after_fork_in_child(void) {
    atomic_store(&readers, 0);
    atomic_store(&freeing, 0);
    atomic_store(&is_held_up, false);
}
