// loaded_code.c (naming): the listing lock, and the handling of dlclose and fork.

#include "loaded_code.h"

#include <pthread.h>
#include <stdlib.h>

#include "cmemprof.h"
#include "code_objects.h"
#include "profiler.h"
#include "reclaim.h"
#include "timed_lock.h"

struct modules loaded_modules;

// Held while the loader lists its objects. fork waits for it: the loader's own lock for that (dl_load_write_lock) is not reset in a child
// (glibc 2.36), so a fork during it would hang the child for ever. If the loader itself hangs, dlclose and fork continue without it.
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static __thread bool fork_holds_listing __attribute__((tls_model("initial-exec")));
// Nesting depth of dlclose on this thread: a library's destructor may call it.
static __thread unsigned unloadings __attribute__((tls_model("initial-exec")));

// Guarded by the reclaiming lock, under which stacks are retired: the list of modules is briefly ahead of them.
static uint32_t generation_of_stacks = 1;

struct unloading {
    const struct module **modules; // what was unloaded
    size_t count;
};

static bool is_through(const struct stack *stack, const struct module *module) {
    for (uint32_t i = 0; i < stack->depth_frames; i++) {
        uintptr_t call = stack->pcs[i] - 1;
        if (call >= module->start && call < module->limit) {
            return true;
        }
    }
    return false;
}

static void retire(struct stack *stack, void *context) {
    const struct unloading *unloading = context;
    for (size_t i = 0; i < unloading->count; i++) {
        if (is_through(stack, unloading->modules[i])) {
            stack_table_retire(&profiler.stacks, stack, atomic_load(&unloading->modules[i]->unloaded_at));
            return;
        }
    }
}

// Retires the stacks through what was unloaded since the last time. Visits findable stacks only, so the thousandth unloading of a library
// costs no more than the first. A program's thread may wait here, in dlclose. If the lock is not free in time the next refresh does it;
// until then code loaded there is attributed to what was there before.
static void retire_stacks(void) {
    static const struct module *modules[MODULES_MAX]; // guarded by listing
    struct unloading unloading = {modules, 0};
    for (size_t i = 0; i < atomic_load(&loaded_modules.count); i++) {
        uint32_t unloaded_at = atomic_load(&loaded_modules.items[i]->unloaded_at);
        if (unloaded_at >= generation_of_stacks && unloaded_at <= loaded_modules.generation) {
            modules[unloading.count++] = loaded_modules.items[i];
        }
    }
    if (!reclaim_timed_lock()) {
        return;
    }
    if (atomic_load(&profiler.open)) {
        stack_table_each_found(&profiler.stacks, retire, &unloading);
    }
    generation_of_stacks = loaded_modules.generation + 1;
    reclaim_unlock();
    cmemprof_make_room();
}

uint32_t loaded_code_generation(void) {
    return generation_of_stacks;
}

// ---- Forgetting ----

struct needed {
    uint32_t generations; // number of bits
    uint8_t *bits;
};

static void need(struct stack *stack, void *context) {
    const struct needed *needed = context;
    uint32_t retired = atomic_load_explicit(&stack->retired, memory_order_relaxed);
    if (retired < needed->generations) {
        needed->bits[retired / 8] |= (uint8_t)(1 << retired % 8);
    }
}

static bool is_needed(struct module_stay stay, const void *context) {
    const struct needed *needed = context;
    for (uint32_t generation = stay.from; generation <= stay.to && generation < needed->generations; generation++) {
        if ((needed->bits[generation / 8] >> generation % 8 & 1) != 0) {
            return true;
        }
    }
    return false;
}

// Forgets modules that no stack passes through. In a long-lived process with alternating plugins that is nearly all of them.
static void forget_unneeded(void) {
    struct needed needed = {.generations = loaded_modules.generation + 1};
    needed.bits = calloc(1, needed.generations / 8 + 1);
    if (needed.bits != NULL && reclaim_timed_lock()) {
        stack_table_each(&profiler.stacks, need, &needed);
        modules_forget(&loaded_modules, is_needed, &needed);
        reclaim_unlock();
    }
    free(needed.bits);
}

static bool list_modules(uint32_t *ended) {
    bool refreshed = modules_refresh(&loaded_modules, ended);
    if (*ended == 0 && modules_should_forget(&loaded_modules) && atomic_load(&profiler.open)) {
        forget_unneeded();
        refreshed = loaded_modules.full ? modules_refresh(&loaded_modules, ended) : refreshed;
    }
    return refreshed;
}

void loaded_code_list_objects(void) {
    if (timed_lock(&listing)) {
        code_objects_refresh();
        pthread_mutex_unlock(&listing);
    }
}

bool loaded_code_refresh(void) {
    uint32_t ended = 0;
    if (!timed_lock(&listing)) {
        return true; // continue with what is known
    }
    code_objects_refresh();
    bool refreshed = list_modules(&ended);
    if (generation_of_stacks != loaded_modules.generation + 1) {
        unwind_forget_code(&profiler.unwinder); // it may not have been unloaded by our dlclose
        retire_stacks();
    }
    pthread_mutex_unlock(&listing);
    return refreshed;
}

// Refreshes before and after the unloading.
static void refresh_around_unload(void) {
    if (atomic_load(&profiler.open)) {
        profiler_enter(&thread_state);
        loaded_code_refresh();
        profiler_leave(&thread_state);
    }
}

void loaded_code_before_unload(void) {
    refresh_around_unload();
    unloadings++;
    unwind_before_unload(&profiler.unwinder);
}

void loaded_code_after_unload(void) {
    unwind_after_unload(&profiler.unwinder);
    unloadings--;
    refresh_around_unload();
}

void loaded_code_before_fork(void) {
    fork_holds_listing = timed_lock(&listing);
}

void loaded_code_after_fork_in_parent(void) {
    if (fork_holds_listing) {
        pthread_mutex_unlock(&listing);
    }
}

// If the lock was not acquired, what it guards may be half changed and is rebuilt.
void loaded_code_after_fork_in_child(void) {
    pthread_mutex_init(&listing, NULL);
    modules_after_fork_in_child(&loaded_modules);
    unwind_after_fork(&profiler.unwinder, unloadings);
    if (!fork_holds_listing) {
        loaded_modules.count = 0;
    }
}
