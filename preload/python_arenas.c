// python_arenas.c: see python_arenas.h.
#include "python_arenas.h"

#include <stdatomic.h>
#include <time.h>

enum { LIMIT_MS = 100 };

static _Atomic bool are_ours, is_freeing;
static _Atomic unsigned readers;

void python_arenas_are_ours(void) {
    atomic_store(&are_ours, true);
}

// Of one that holds and one that frees, at least one sees the other.
bool python_arenas_hold(void) {
    if (!atomic_load_explicit(&are_ours, memory_order_relaxed)) {
        return false;
    }
    atomic_fetch_add(&readers, 1);
    if (atomic_load(&is_freeing)) {
        atomic_fetch_sub(&readers, 1);
        return false;
    }
    return true;
}

void python_arenas_release(void) {
    atomic_fetch_sub(&readers, 1);
}

void python_arenas_free(const struct python_arenas *real, void *base, size_t size) {
    atomic_store(&is_freeing, true);
    for (int i = 0; i < LIMIT_MS && atomic_load(&readers) != 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (atomic_load(&readers) == 0) {
        real->free(real->context, base, size);
    }
    atomic_store(&is_freeing, false);
}

void python_arenas_after_fork_in_child(void) {
    atomic_store(&readers, 0);
    atomic_store(&is_freeing, false);
}
