// mappings.c (sample): see mappings.h.

#include "mappings.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "../base/clock.h"
#include "interposition.h"
#include "mapped_buffer.h"
#include "smaps.h"

enum {
    APPLY_AT_NOTES = 32,
    WAIT_FOR_NOTE_NS = 1000 * 1000,
    NEW_WALKS_PER_S = 50000, // some 250 ns each
    PAGE_BYTES = 4096,
};

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// ---- The map ----

static bool try_lock(struct profiler *self) {
    const struct thread_state *nobody = NULL;
    return atomic_compare_exchange_strong_explicit(&self->mappings.applier, &nobody, &thread_state, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void unlock(struct profiler *self) {
    atomic_store_explicit(&self->mappings.applier, NULL, memory_order_release);
}

// A holder that never comes back (it left a signal handler by longjmp) is waited for once.
static bool lock(struct profiler *self) {
    const struct timespec pause = {0, 200 * 1000};
    for (int left = atomic_load(&self->mappings.stuck) ? 0 : 5000; !try_lock(self); left--) {
        if (left == 0 || atomic_load(&self->mappings.applier) == &thread_state) {
            atomic_store(&self->mappings.stuck, true);
            return false;
        }
        nanosleep(&pause, NULL);
    }
    atomic_store(&self->mappings.stuck, false);
    return true;
}

// Something is missing, or there is too much.
static void lose(struct profiler *self) {
    count(&self->mappings.lost);
    atomic_store_explicit(&self->mappings.doubted, true, memory_order_relaxed);
}

static void settle_pending(struct profiler *self) {
    if (self->mappings.pending_stack != NULL) {
        stack_add_allocations(self->mappings.pending_stack, self->mappings.pending_objects, self->mappings.pending_bytes, 0);
        self->mappings.pending_stack = NULL;
    }
}

static void count_allocation(struct profiler *self, const struct mapped_range *range) {
    if (self->mappings.pending_stack != range->stack) {
        settle_pending(self);
        self->mappings.pending_stack = range->stack;
        self->mappings.pending_objects = self->mappings.pending_bytes = 0;
    }
    self->mappings.pending_objects += 1;
    self->mappings.pending_bytes += (double)(range->high - range->low);
}

static void put(struct profiler *self, struct mapped_range range) {
    range.mover = 0;
    if (!range_map_put(&self->mappings.map, &range)) {
        lose(self);
    }
    count_allocation(self, &range);
}

static void remove_range(struct profiler *self, uintptr_t low, uintptr_t high) {
    if (!range_map_remove(&self->mappings.map, low, high)) {
        lose(self);
    }
}

// What leaves is remembered apart, since others may be mapped there before it arrives. If there are more than MAPPINGS_LEAVING, or one
// never arrives (its thread does not exist in a forked child), one is forgotten: it counts as private memory of whoever moves it.
static void leave(struct profiler *self, const struct mapped_range *range) {
    const struct mapped_range *old = range_map_from(&self->mappings.map, range->low);
    if (old != NULL && old->low < range->high) {
        self->mappings.leaving_count -= self->mappings.leaving_count == MAPPINGS_LEAVING;
        self->mappings.leaving[self->mappings.leaving_count++] = (struct mapping_leaving){range->mover, old->kind, old->owner};
    }
    if (!range_map_mark(&self->mappings.map, range->low, range->high, range->mover)) {
        lose(self);
    }
}

static struct mapping_leaving recall(struct profiler *self, uint32_t mover) {
    for (uint32_t i = 0; i < self->mappings.leaving_count; i++) {
        if (self->mappings.leaving[i].mover == mover) {
            struct mapping_leaving found = self->mappings.leaving[i];
            self->mappings.leaving[i] = self->mappings.leaving[--self->mappings.leaving_count];
            return found;
        }
    }
    return (struct mapping_leaving){0};
}

// What mremap moves or lengthens is a new mapping, as a block is after realloc. What it shortens stays what it is.
static void arrive(struct profiler *self, const struct mapping_note *note) {
    struct mapped_range range = note->range;
    struct mapping_leaving old = recall(self, range.mover);
    if (range.high == 0) {
        range_map_unmark(&self->mappings.map, note->from_low, note->from_high, range.mover);
    } else if (range.low == note->from_low && range.high <= note->from_high) {
        if (!range_map_mark(&self->mappings.map, range.low, range.high, range.mover)) { // splits at its end
            lose(self);
        }
        range_map_remove_marked(&self->mappings.map, range.high, note->from_high, range.mover);
        range_map_unmark(&self->mappings.map, range.low, range.high, range.mover);
    } else {
        range.kind = old.kind;
        range.owner = range.owner == MAPPING_OF_PROGRAM ? old.owner : range.owner;
        range_map_remove_marked(&self->mappings.map, note->from_low, note->from_high, range.mover);
        put(self, range);
    }
}

// shmdt removes all that is left of the segment.
static void detach(struct profiler *self, uintptr_t low) {
    const struct mapped_range *range = range_map_from(&self->mappings.map, low);
    if (range == NULL || range->low != low || range->kind != MAPPING_SEGMENT) {
        return;
    }
    uint32_t number = range->number;
    while (range != NULL) {
        uintptr_t high = range->high;
        if (range->number == number) {
            remove_range(self, range->low, high);
        }
        range = range_map_from(&self->mappings.map, high);
    }
}

// Mapped and unmapped again at once: the second note does what the first would have undone.
static bool is_gone(const struct mapping_note *note, const struct mapping_note *next) {
    return next != NULL && next->event == MAPPING_REMOVED && next->range.low <= note->range.low && next->range.high >= note->range.high;
}

static void apply(struct profiler *self, const struct mapping_note *note, const struct mapping_note *next) {
    switch (note->event) {
    case MAPPING_ADDED:
        if (is_gone(note, next)) {
            count_allocation(self, &note->range);
        } else {
            put(self, note->range);
        }
        break;
    case MAPPING_REMOVED:
        remove_range(self, note->range.low, note->range.high);
        break;
    case MAPPING_LEAVING:
        leave(self, &note->range);
        break;
    case MAPPING_ARRIVED:
        arrive(self, note);
        break;
    case MAPPING_DETACHED:
        detach(self, note->range.low);
        break;
    }
}

// Caller must have the map.
static void apply_all(struct profiler *self) {
    struct mapping_note *first = mapping_log_collect(&self->mappings.log), *last = NULL;
    for (struct mapping_note *note = first, *next; note != NULL; note = next) {
        next = mapping_log_next(&self->mappings.log, note);
        apply(self, note, next);
        last = note;
    }
    settle_pending(self);
    if (last != NULL) {
        mapping_log_give(&self->mappings.log, first, last);
    }
}

static bool try_apply(struct profiler *self) {
    if (!try_lock(self)) {
        return false;
    }
    profiler_enter(&thread_state); // the map's own memory is mapped, too
    apply_all(self);
    profiler_leave(&thread_state);
    unlock(self);
    return true;
}

// ---- Notes ----

// Does not wait for a holder of the map that never comes back, nor for this very thread, interrupted by a signal.
static bool is_worth_waiting(struct profiler *self) {
    return !atomic_load_explicit(&self->mappings.stuck, memory_order_relaxed) &&
           atomic_load_explicit(&self->mappings.applier, memory_order_relaxed) != &thread_state;
}

static struct mapping_note *wait_for_note(struct profiler *self) {
    struct mapping_note *note = NULL;
    int saved = errno;
    uint64_t limit = clock_ns(CLOCK_MONOTONIC) + WAIT_FOR_NOTE_NS;
    do {
        if (!try_apply(self)) {
            sched_yield();
        }
        note = mapping_log_take(&self->mappings.log);
    } while (note == NULL && is_worth_waiting(self) && clock_ns(CLOCK_MONOTONIC) < limit);
    errno = saved;
    return note;
}

// Returns NULL, and counts the loss, if there is none.
static struct mapping_note *new_note(struct profiler *self, enum mapping_event event, uintptr_t low, uintptr_t high) {
    struct mapping_note *note = mapping_log_take(&self->mappings.log);
    if (note == NULL && (note = wait_for_note(self)) == NULL) {
        lose(self);
        return NULL;
    }
    note->event = event;
    note->range = (struct mapped_range){.low = low, .high = high};
    return note;
}

static void push(struct profiler *self, struct mapping_note *note) {
    if (mapping_log_push(&self->mappings.log, note) >= APPLY_AT_NOTES) {
        try_apply(self);
    }
}

// ---- The call ----

// runtime/cgo's function through which Go's runtime maps, if this program has one. It is a few instructions long, and what follows it maps
// nothing.
extern char go_maps[] __asm__("x_cgo_mmap") __attribute__((weak, visibility("hidden")));
enum { GO_MAPS_BYTES = 128 };

static bool is_within(uintptr_t address, uintptr_t start, uintptr_t size) {
    return address - start < size;
}

static enum mapping_owner owner_of(struct profiler *self, const struct thread_state *thread, uintptr_t caller) {
    if (thread->busy != 0) {
        return MAPPING_OF_PROFILER;
    }
    if (go_maps != NULL && is_within(caller, (uintptr_t)go_maps, GO_MAPS_BYTES)) {
        return MAPPING_OF_GO;
    }
    return is_within(caller, self->mappings.allocator_start, self->mappings.allocator_end - self->mappings.allocator_start)
               ? MAPPING_OF_ALLOCATOR
               : MAPPING_OF_PROGRAM;
}

// Returns false if so many new stacks were walked in this second that it would slow the program.
static bool may_walk(struct profiler *self) {
    uint64_t second = clock_ns(CLOCK_MONOTONIC_COARSE) / 1000000000;
    if (atomic_load_explicit(&self->mappings.walked_second, memory_order_relaxed) != second) {
        atomic_store_explicit(&self->mappings.walked_second, second, memory_order_relaxed);
        atomic_store_explicit(&self->mappings.walked, 0, memory_order_relaxed);
    }
    return atomic_fetch_add_explicit(&self->mappings.walked, 1, memory_order_relaxed) < NEW_WALKS_PER_S;
}

// Returns NULL if it cannot be had. Caller must hold the shard.
static struct stack *walk(struct profiler *self, struct shard *shard, struct thread_state *thread, const struct mapping_call *call) {
    struct unwind_start start = {.pc = call->frame[1], .sp = (uintptr_t)(call->frame + 2), .rbp = call->frame[0]};
    bool is_callers = start.pc == call->caller, same = false;
    if (!is_callers || shard->memo.depth_frames == 0 || !unwind_is_repeated(&self->unwinder, thread, &start, &shard->memo.repeat)) {
        if (!may_walk(self)) {
            return NULL;
        }
        same = is_callers ? unwind_stack_slow(&self->unwinder, thread, start, &shard->memo)
                          : unwind_stack_from_here(&self->unwinder, thread, call->caller, &shard->memo);
    } else {
        same = true;
    }
    struct stack *stack = shard->stack;
    if (!same || stack == NULL || stack->source != STACK_OF_MAPPINGS || atomic_load_explicit(&stack->retired, memory_order_relaxed) != 0) {
        shard_flush(shard);
        stack = shard->stack = stack_table_intern_as(&self->stacks, STACK_OF_MAPPINGS, shard->memo.pcs, shard->memo.depth_frames);
    }
    if (shard->memo.end != UNWIND_COMPLETE) {
        shard_count(&shard->ends[shard->memo.end], 1);
    }
    return stack;
}

// The shard is held until the note is pushed: an eviction, which waits for all shards, then finds the stack in use.
static void push_with_stack(struct profiler *self, struct mapping_note *note, const struct mapping_call *call) {
    struct thread_state *thread = &thread_state;
    profiler_enter(thread);
    struct shard *shard = shards_take(&self->shards, thread);
    note->range.stack = shard != NULL ? walk(self, shard, thread, call) : NULL;
    if (note->range.stack == NULL) {
        count(&self->mappings.nameless);
    }
    push(self, note);
    if (shard != NULL) {
        shard_release(shard);
    }
    profiler_leave(thread);
}

static void push_mapping(struct profiler *self, struct mapping_note *note, const struct mapping_call *call) {
    note->range.owner = (uint8_t)owner_of(self, &thread_state, call->caller);
    if (note->range.owner == MAPPING_OF_PROGRAM) {
        push_with_stack(self, note, call);
    } else {
        push(self, note);
    }
}

// ---- For the hooks ----

#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 47) // of a process on amd64

static uintptr_t end_of(uintptr_t low, size_t size) {
    uintptr_t high = (low + size + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    return high >= low ? high : UINTPTR_MAX & ~(uintptr_t)(PAGE_BYTES - 1);
}

// Never 0.
static uint32_t new_number(struct profiler *self) {
    uint32_t number = atomic_fetch_add_explicit(&self->mappings.numbers, 1, memory_order_relaxed) + 1;
    return number != 0 ? number : new_number(self);
}

void mappings_added(struct profiler *self, uintptr_t low, size_t size, enum mapping_kind kind, const struct mapping_call *call) {
    if (!mappings_are_open(self)) {
        return;
    }
    bool is_off = atomic_load_explicit(&self->interval_bytes, memory_order_relaxed) == 0;
    // Stopped: it is unknown, but what was there before is known to be gone.
    struct mapping_note *note = new_note(self, is_off ? MAPPING_REMOVED : MAPPING_ADDED, low, end_of(low, size));
    if (note == NULL) {
        return;
    }
    if (is_off) {
        push(self, note);
        return;
    }
    note->range.kind = (uint8_t)kind;
    note->range.number = kind == MAPPING_SEGMENT ? new_number(self) : 0;
    push_mapping(self, note, call);
}

void mappings_removed(struct profiler *self, uintptr_t low, size_t size) {
    // The kernel refuses all but the first.
    if (!mappings_are_open(self) || low % PAGE_BYTES != 0 || size == 0 ||
        size > ADDRESS_SPACE_BYTES - (low < ADDRESS_SPACE_BYTES ? low : 0)) {
        return;
    }
    struct mapping_note *note = new_note(self, MAPPING_REMOVED, low, end_of(low, size));
    if (note != NULL) {
        push(self, note);
    }
}

uint32_t mappings_leaving(struct profiler *self, uintptr_t low, size_t size) {
    if (!mappings_are_open(self) || low % PAGE_BYTES != 0) {
        return 0;
    }
    struct mapping_note *note = new_note(self, MAPPING_LEAVING, low, end_of(low, size));
    uint32_t mover = new_number(self);
    if (note != NULL) {
        note->range.mover = mover;
        push(self, note);
    }
    return mover;
}

void mappings_arrived(struct profiler *self, uint32_t mover, uintptr_t low, size_t size, uintptr_t new_low, size_t new_size,
                      const struct mapping_call *call) {
    struct mapping_note *note = mover != 0 ? new_note(self, MAPPING_ARRIVED, new_low, new_low != 0 ? end_of(new_low, new_size) : 0) : NULL;
    if (note == NULL) {
        return;
    }
    note->range.mover = mover;
    note->from_low = low;
    note->from_high = end_of(low, size);
    if (new_low != 0) {
        push_mapping(self, note, call);
    } else {
        push(self, note);
    }
}

void mappings_detached(struct profiler *self, uintptr_t low) {
    struct mapping_note *note = mappings_are_open(self) ? new_note(self, MAPPING_DETACHED, low, low) : NULL;
    if (note != NULL) {
        push(self, note);
    }
}

void mappings_doubted(struct profiler *self, bool lost) {
    if (mappings_are_open(self)) {
        atomic_store_explicit(&self->mappings.doubted, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&self->mappings.lost, lost, memory_order_relaxed);
    }
}

// ---- Comparison with /proc/self/maps ----

struct comparison {
    struct profiler *self;
    uintptr_t reached; // what lies below was compared
};

// The areas of the file come in order; what lies between two of them is not mapped.
static void remove_gap(void *context, const struct smaps_area *area) {
    struct comparison *comparison = context;
    if (area->low > comparison->reached) {
        remove_range(comparison->self, comparison->reached, area->low);
    }
    comparison->reached = area->high > comparison->reached ? area->high : comparison->reached;
}

// The notes were applied before: what the file lacks has been unmapped by now. If it cannot be read, the map stays in doubt.
static void compare(struct profiler *self) {
    struct comparison comparison = {self, 0};
    struct mapped_buffer buffer = {0};
    int file;
    if (smaps_open("/proc/self/maps", &file) != SMAPS_OK) {
        return;
    }
    atomic_store(&self->mappings.doubted, false);
    if (mapped_buffer_reserve(&buffer, SMAPS_BUFFER_BYTES) && smaps_read(file, buffer.base, remove_gap, &comparison) == SMAPS_OK) {
        remove_range(self, comparison.reached, UINTPTR_MAX);
        remove_range(self, (uintptr_t)buffer.base, (uintptr_t)buffer.base + buffer.size_bytes); // it hid what was gone from there
    } else {
        atomic_store(&self->mappings.doubted, true);
    }
    mapped_buffer_free(&buffer);
    close(file);
}

// ---- For the profiler ----

// All that follows has the map, up to date.
static bool begin(struct profiler *self) {
    if (!mappings_are_open(self) || !lock(self)) {
        return false;
    }
    profiler_enter(&thread_state);
    apply_all(self);
    return true;
}

static void end(struct profiler *self) {
    profiler_leave(&thread_state);
    unlock(self);
}

bool mappings_apply(struct profiler *self) {
    bool begun = begin(self);
    if (begun) {
        end(self);
    }
    return begun;
}

static void add_live(const struct mapped_range *range, void *context) {
    (void)context;
    if (range->stack != NULL) {
        range->stack->inuse_objects += 1;
        range->stack->inuse_bytes += (double)(range->high - range->low);
    }
}

bool mapped_ranges_each(struct profiler *self, void (*visit)(const struct mapped_range *range, void *context), void *context) {
    if (!begin(self)) {
        return false;
    }
    if (atomic_load(&self->mappings.doubted)) {
        compare(self);
    }
    range_map_each(&self->mappings.map, visit, context);
    end(self);
    return true;
}

bool mappings_sum_live(struct profiler *self) {
    return !mappings_are_open(self) || mapped_ranges_each(self, add_live, NULL);
}

static void add_to_stats(const struct mapped_range *range, void *context) {
    struct mapping_stats *stats = context;
    if (range->owner == MAPPING_OF_PROGRAM) {
        stats->ranges++;
        stats->bytes += range->high - range->low;
    }
}

void mappings_read_stats(struct profiler *self, struct mapping_stats *stats) {
    *stats = (struct mapping_stats){.lost = atomic_load(&self->mappings.lost), .nameless = atomic_load(&self->mappings.nameless)};
    mapped_ranges_each(self, add_to_stats, stats);
}

// ---- Start and fork ----

void mappings_open(struct profiler *self, const void *allocator) {
    if (!range_map_open(&self->mappings.map, &self->budget)) {
        count(&self->mappings.lost);
        return;
    }
    interposition_other_object(allocator, &self->mappings.allocator_start, &self->mappings.allocator_end);
    clock_ns(CLOCK_MONOTONIC_COARSE); // what a hook calls is bound here, not inside malloc
    sched_yield();
    atomic_store(&self->mappings.open, true);
}

void mappings_close(struct profiler *self) {
    range_map_close(&self->mappings.map);
}

// A thread that forks in a signal handler may be the one that applies. It goes on doing so, also in the child.
static bool is_applying(struct profiler *self) {
    return atomic_load(&self->mappings.applier) == &thread_state;
}

void mappings_before_fork(struct profiler *self) {
    thread_state.fork_holds_mappings = mappings_are_open(self) && !is_applying(self) && lock(self);
}

void mappings_after_fork_in_parent(struct profiler *self) {
    if (thread_state.fork_holds_mappings) {
        unlock(self);
    }
}

// If the map could not be had, another thread was changing it, which does not exist here: it begins anew.
void mappings_after_fork_in_child(struct profiler *self) {
    if (!mappings_are_open(self) || (!thread_state.fork_holds_mappings && is_applying(self))) {
        return;
    }
    if (!thread_state.fork_holds_mappings) {
        lose(self);
        self->mappings.pending_stack = NULL;
        if (!range_map_open(&self->mappings.map, &self->budget)) {
            atomic_store(&self->mappings.open, false);
        }
    }
    atomic_store(&self->mappings.stuck, false);
    atomic_store(&self->mappings.doubted, true); // MADV_DONTFORK
    unlock(self);
}
