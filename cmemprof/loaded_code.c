// loaded_code.c (naming): the listing lock, and the handling of dlclose and fork.

#include "loaded_code.h"

#include <stdlib.h>

#include "cmemprof.h"
#include "code_loader.h"
#include "code_objects.h"
#include "lock_order.h"
#include "peak.h"
#include "reclaim.h"

// The listing lock is held while the loader lists its objects. fork waits for it: the loader's own lock for that (dl_load_write_lock) is
// not reset in a child (glibc 2.36), so a fork during it would hang the child for ever. If the loader itself hangs, dlclose and fork
// continue without it.

struct unloading {
    struct profiler *self;
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
            stack_table_retire(&unloading->self->stacks, stack, atomic_load(&unloading->modules[i]->unloaded_at));
            return;
        }
    }
}

// Returns NULL if memory runs out.
static const struct module **find_unloaded(const struct profiler *self, size_t *count) {
    const struct modules *modules = &self->code.modules;
    const struct module **unloaded = calloc(atomic_load(&modules->count) + 1, sizeof *unloaded);
    *count = 0;
    for (size_t i = 0; unloaded && i < atomic_load(&modules->count); i++) {
        uint32_t unloaded_at = atomic_load(&modules->items[i]->unloaded_at);
        if (unloaded_at > self->code.retired_generations && unloaded_at <= modules->generation) {
            unloaded[(*count)++] = modules->items[i];
        }
    }
    return unloaded;
}

// Retires the stacks through what was unloaded since the last time. Visits findable stacks only, so the thousandth unloading of a library
// costs no more than the first. A program's thread may wait here, in dlclose. If the lock is not free in time, or memory runs out, the next
// refresh does it; until then code loaded there is attributed to what was there before.
static void retire_stacks(struct profiler *self) {
    struct unloading unloading = {.self = self};
    unloading.modules = find_unloaded(self, &unloading.count);
    if (unloading.modules && reclaim_timed_lock(self)) {
        if (atomic_load(&self->open)) {
            stack_table_each_found(&self->stacks, retire, &unloading);
        }
        self->code.retired_generations = self->code.modules.generation;
        reclaim_unlock(self);
        reclaim_make_room(self);
    }
    free(unloading.modules);
}

uint32_t loaded_code_generation(const struct profiler *self) {
    return self->code.retired_generations + 1;
}

// ---- Forgetting ----

struct needed {
    uint32_t generations; // number of bits
    uint8_t *bits;
};

// Of an entry or of a peak's copy of one.
static void need(const struct stack *stack, void *context) {
    const struct needed *needed = context;
    uint32_t retired = atomic_load_explicit(&stack->retired, memory_order_relaxed);
    if (retired < needed->generations) {
        needed->bits[retired / 8] |= (uint8_t)(1 << retired % 8);
    }
}

static void need_entry(struct stack *stack, void *context) {
    need(stack, context);
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
static void forget_unneeded(struct profiler *self) {
    struct needed needed = {.generations = self->code.modules.generation + 1};
    needed.bits = calloc(1, needed.generations / 8 + 1);
    if (needed.bits && reclaim_timed_lock(self)) {
        stack_table_each(&self->stacks, need_entry, &needed);
        peak_visit(&self->peaks.live, need, &needed);
        peak_visit(&self->peaks.rss, need, &needed);
        modules_forget(&self->code.modules, is_needed, &needed);
        reclaim_unlock(self);
    }
    free(needed.bits);
}

static bool list_modules(struct profiler *self, uint32_t *ended) {
    bool refreshed = modules_refresh(&self->code.modules, ended);
    if (*ended == 0 && modules_should_forget(&self->code.modules) && atomic_load(&self->open)) {
        forget_unneeded(self);
        refreshed = self->code.modules.full ? modules_refresh(&self->code.modules, ended) : refreshed;
    }
    return refreshed;
}

void loaded_code_list_objects(struct profiler *self) {
    code_loader_look(); // not under the lock
    if (lock_take_in_time(&self->code.lock, LOCK_LISTING)) {
        code_objects_refresh();
        lock_release(&self->code.lock, LOCK_LISTING);
    }
}

bool loaded_code_refresh(struct profiler *self) {
    uint32_t ended = 0;
    code_loader_look();
    if (!lock_take_in_time(&self->code.lock, LOCK_LISTING)) {
        return true; // continue with what is known
    }
    code_objects_refresh();
    bool refreshed = list_modules(self, &ended);
    if (self->code.retired_generations != self->code.modules.generation) {
        unwind_forget_code(&self->unwinder); // it may not have been unloaded by our dlclose
        retire_stacks(self);
    }
    lock_release(&self->code.lock, LOCK_LISTING);
    return refreshed;
}

// Refreshes before and after the unloading.
static void refresh_around_unload(struct profiler *self) {
    if (atomic_load(&self->open)) {
        profiler_enter(&thread_state);
        loaded_code_refresh(self);
        profiler_leave(&thread_state);
    }
}

void loaded_code_before_unload(struct profiler *self) {
    refresh_around_unload(self);
    thread_state.unloadings++;
    unwind_before_unload(&self->unwinder);
}

void loaded_code_after_unload(struct profiler *self) {
    unwind_after_unload(&self->unwinder);
    thread_state.unloadings--;
    refresh_around_unload(self);
}

void loaded_code_before_fork(struct profiler *self) {
    thread_state.fork_holds_listing = lock_take_in_time(&self->code.lock, LOCK_LISTING);
}

void loaded_code_after_fork_in_parent(struct profiler *self) {
    if (thread_state.fork_holds_listing) {
        lock_release(&self->code.lock, LOCK_LISTING);
    }
}

// If the lock was not acquired, what it guards may be half changed and is rebuilt.
void loaded_code_after_fork_in_child(struct profiler *self) {
    lock_after_fork(&self->code.lock, LOCK_LISTING);
    modules_after_fork_in_child(&self->code.modules);
    unwind_after_fork(&self->unwinder, thread_state.unloadings);
    if (!thread_state.fork_holds_listing) {
        self->code.modules.count = 0;
    }
}
