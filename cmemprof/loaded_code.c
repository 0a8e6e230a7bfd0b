// loaded_code.c: the lock of the list of modules, and what unloading and fork have to do with it.

#include "loaded_code.h"

#include <pthread.h>
#include <time.h>

#include "code_objects.h"
#include "profiler.h"
#include "reclaim.h"

struct modules loaded_modules;

// Held while the loader is asked for its objects. fork waits for it: the loader's own lock for that question (dl_load_write_lock) is not
// reset in a child (glibc 2.36), so a fork in the midst of it would leave the child waiting for ever.
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static __thread bool fork_holds_listing __attribute__((tls_model("initial-exec")));

// A second at most: should the loader itself hang, whoever unloads or forks goes on without.
static bool lock_listing(void) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1;
    return pthread_mutex_timedlock(&listing, &limit) == 0;
}

static void retire(struct stack *stack, void *context) {
    const struct module *module = context;
    for (uint32_t i = 0; i < stack->depth_frames && atomic_load_explicit(&stack->retired, memory_order_relaxed) == 0; i++) {
        uintptr_t call = stack->pcs[i] - 1;
        if (call >= module->start && call < module->limit) {
            atomic_store_explicit(&stack->retired, atomic_load(&module->unloaded_at), memory_order_relaxed);
        }
    }
}

// The stacks through what was unloaded at the end of this generation.
static void retire_stacks(uint32_t ended) {
    reclaim_pause(); // nothing is taken away while this walks along the chains
    for (size_t i = 0; i < atomic_load(&loaded_modules.count); i++) {
        struct module *module = loaded_modules.items[i];
        if (atomic_load(&module->unloaded_at) == ended) {
            stack_table_each(&profiler.stacks, retire, module);
        }
    }
    reclaim_snapshot_ends();
}

bool loaded_code_refresh(void) {
    uint32_t ended = 0;
    if (!lock_listing()) {
        return true; // with what is known
    }
    code_objects_refresh();
    bool refreshed = modules_refresh(&loaded_modules, &ended);
    if (ended != 0 && atomic_load(&profiler.open)) {
        unwind_after_unload(&profiler.unwinder); // it may not have come by our dlclose
        retire_stacks(ended);
    }
    pthread_mutex_unlock(&listing);
    return refreshed;
}

void loaded_code_around_unload(void) {
    if (atomic_load(&profiler.open)) {
        profiler_enter(&thread_state);
        loaded_code_refresh();
        profiler_leave(&thread_state);
    }
}

void loaded_code_before_fork(void) {
    fork_holds_listing = lock_listing();
}

void loaded_code_after_fork_in_parent(void) {
    if (fork_holds_listing) {
        pthread_mutex_unlock(&listing);
    }
}

// What the lock guards may be half changed if it was not to be had, so it is begun anew.
void loaded_code_after_fork_in_child(void) {
    pthread_mutex_init(&listing, NULL);
    if (!fork_holds_listing) {
        loaded_modules.count = 0;
    }
}
