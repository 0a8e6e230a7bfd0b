// mappings.c (sample): see mappings.h.

#include "mappings.h"

#include <errno.h>
#include <sched.h>

#include "../base/clock.h"
#include "../base/page.h"
#include "interposition.h"
#include "mapped_ranges.h"

enum {
    APPLY_AT_NOTES = 32,
    WAIT_FOR_NOTE_NS = 1000 * 1000,
    NEW_WALKS_PER_S = 50000, // some 250 ns each
};

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
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
        if (!mapped_ranges_try_apply(self)) {
            sched_yield();
        }
        note = mapping_log_take(&self->mappings.log);
    } while (!note && is_worth_waiting(self) && clock_ns(CLOCK_MONOTONIC) < limit);
    errno = saved;
    return note;
}

// Returns NULL, and counts the loss, if there is none.
static struct mapping_note *new_note(struct profiler *self, enum mapping_event event, uintptr_t low, uintptr_t high) {
    struct mapping_note *note = mapping_log_take(&self->mappings.log);
    if (!note && !(note = wait_for_note(self))) {
        mapped_ranges_lose(self);
        return NULL;
    }
    note->event = event;
    note->range = (struct mapped_range){.low = low, .high = high};
    return note;
}

static void push(struct profiler *self, struct mapping_note *note) {
    if (mapping_log_push(&self->mappings.log, note) >= APPLY_AT_NOTES && mapped_ranges_are_open(self)) {
        mapped_ranges_try_apply(self);
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

// A preloaded library cannot refer to that function, and a stripped program has no name for it. But it has one call of mmap, and by that
// Go's runtime reserves space for its tables (runtime/mpagealloc_64bit.go: more than a gigabyte) before any other code of the program runs.
enum { GO_RESERVES_BYTES = 256 << 20 };

void mappings_expect_go(struct profiler *self, uintptr_t text_start, uintptr_t text_end) {
    self->mappings.go_start = text_start;
    self->mappings.go_end = go_maps ? text_start : text_end;
}

void mappings_reserved(struct profiler *self, size_t size, const struct mapping_call *call) {
    if (size >= GO_RESERVES_BYTES && is_within(call->caller, self->mappings.go_start, self->mappings.go_end - self->mappings.go_start) &&
        atomic_load_explicit(&self->mappings.go_maps_at, memory_order_relaxed) == 0) {
        atomic_store_explicit(&self->mappings.go_maps_at, call->caller, memory_order_relaxed);
    }
}

// An arena that is not mapped for a hooked allocator of Python's is cut by another one. Smaller are its stacks, which are mapped alike.
enum { PYTHON_MAPS_BYTES = 128, PYTHON_ARENA_BYTES = 256 << 10 };

static void look_for_python(struct profiler *self, const struct mapped_range *range, uintptr_t caller) {
    if (is_within(caller, self->python.maps_arenas, PYTHON_MAPS_BYTES) && range->high - range->low >= PYTHON_ARENA_BYTES) {
        atomic_store_explicit(&self->python.objects, PYTHON_OBJECTS_MISSING, memory_order_relaxed);
    }
}

static enum mapping_owner owner_of(struct profiler *self, const struct thread_state *thread, uintptr_t caller) {
    // First: what the allocator maps while it serves the profiler is filled with the program's blocks as well.
    if (is_within(caller, self->mappings.allocator_start, self->mappings.allocator_end - self->mappings.allocator_start)) {
        return MAPPING_OF_ALLOCATOR;
    }
    if (thread->maps_arena) {
        return MAPPING_OF_ARENAS;
    }
    if (thread->busy != 0) {
        return MAPPING_OF_PROFILER;
    }
    if ((go_maps && is_within(caller, (uintptr_t)go_maps, GO_MAPS_BYTES)) ||
        caller == atomic_load_explicit(&self->mappings.go_maps_at, memory_order_relaxed)) {
        return MAPPING_OF_GO;
    }
    return MAPPING_OF_PROGRAM;
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
    struct unwind_start start = machine_caller(call->frame);
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
    if (shard->memo.end != UNWIND_COMPLETE) {
        shard_count(&shard->ends[shard->memo.end], 1);
    }
    return sample_stack(self, shard, thread, STACK_OF_MAPPINGS, same);
}

// The shard is held until the note is pushed: an eviction, which waits for all shards, then finds the stack in use.
static void push_with_stack(struct profiler *self, struct mapping_note *note, const struct mapping_call *call) {
    struct thread_state *thread = &thread_state;
    profiler_enter(thread);
    struct shard *shard = shards_take(&self->shards, thread);
    note->range.stack = shard ? walk(self, shard, thread, call) : NULL;
    if (!note->range.stack) {
        count(&self->mappings.nameless);
    }
    push(self, note);
    if (shard) {
        shard_release(shard);
    }
    profiler_leave(thread);
}

static void push_mapping(struct profiler *self, struct mapping_note *note, const struct mapping_call *call) {
    note->range.owner = (uint8_t)owner_of(self, &thread_state, call->caller);
    if (note->range.owner == MAPPING_OF_PROGRAM) {
        look_for_python(self, &note->range, call->caller);
        push_with_stack(self, note, call);
    } else {
        push(self, note);
    }
}

// ---- For the hooks ----

#ifdef __aarch64__ // of a process
#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 52)
#else
#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 47)
#endif

static uintptr_t end_of(uintptr_t low, size_t size) {
    uintptr_t high = (low + size + page_bytes() - 1) & ~(uintptr_t)(page_bytes() - 1);
    return high >= low ? high : UINTPTR_MAX & ~(uintptr_t)(page_bytes() - 1);
}

// Never 0.
static uint32_t new_number(struct profiler *self) {
    uint32_t number = atomic_fetch_add_explicit(&self->mappings.numbers, 1, memory_order_relaxed) + 1;
    return number != 0 ? number : new_number(self);
}

static bool is_stopped(const struct profiler *self) {
    return atomic_load_explicit(&self->interval_bytes, memory_order_relaxed) == 0;
}

// Returns whether this thread makes the profiler's tables, before the map is open.
static bool is_opening(const struct profiler *self) {
    return atomic_load_explicit(&self->mappings.opener, memory_order_relaxed) == &thread_state;
}

static void note_own_table(struct profiler *self, uintptr_t low, size_t size) {
    struct mapping_note *note = new_note(self, MAPPING_ADDED, low, end_of(low, size));
    if (note) {
        note->range.owner = MAPPING_OF_PROFILER;
        push(self, note);
    }
}

void mappings_added(struct profiler *self, uintptr_t low, size_t size, enum mapping_kind kind, const struct mapping_call *call) {
    if (!mapped_ranges_are_open(self)) {
        if (is_opening(self)) {
            note_own_table(self, low, size);
        }
        return;
    }
    bool is_off = is_stopped(self);
    // Stopped: it is unknown, but what was there before is known to be gone.
    struct mapping_note *note = new_note(self, is_off ? MAPPING_REMOVED : MAPPING_ADDED, low, end_of(low, size));
    if (!note) {
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
    if ((!mapped_ranges_are_open(self) && !is_opening(self)) || low % page_bytes() != 0 || size == 0 ||
        size > ADDRESS_SPACE_BYTES - (low < ADDRESS_SPACE_BYTES ? low : 0)) {
        return;
    }
    struct mapping_note *note = new_note(self, MAPPING_REMOVED, low, end_of(low, size));
    if (note) {
        push(self, note);
    }
}

// An old size of 0 is a second mapping of what is there: of a shared one.
static uintptr_t end_of_old(uintptr_t low, size_t size) {
    return end_of(low, size != 0 ? size : 1);
}

uint32_t mappings_leaving(struct profiler *self, uintptr_t low, size_t size, bool stays) {
    if (!mapped_ranges_are_open(self) || low % page_bytes() != 0) {
        return 0;
    }
    struct mapping_note *note = new_note(self, MAPPING_LEAVING, low, end_of_old(low, size));
    uint32_t mover = new_number(self);
    if (note) {
        note->range.mover = mover;
        note->stays = stays;
        push(self, note);
    }
    return mover;
}

void mappings_arrived(struct profiler *self, uint32_t mover, uintptr_t low, size_t size, uintptr_t new_low, size_t new_size,
                      const struct mapping_call *call) {
    struct mapping_note *note = mover != 0 ? new_note(self, MAPPING_ARRIVED, new_low, new_low != 0 ? end_of(new_low, new_size) : 0) : NULL;
    if (!note) {
        return;
    }
    note->range.mover = mover;
    note->from_low = low;
    note->from_high = end_of_old(low, size);
    note->range.kind = size == 0 ? MAPPING_SHARED : MAPPING_ANONYMOUS; // unless what it was is known
    note->is_unrecorded = is_stopped(self);
    if (new_low != 0 && !note->is_unrecorded) {
        push_mapping(self, note, call);
    } else {
        push(self, note);
    }
}

void mappings_detached(struct profiler *self, uintptr_t low) {
    struct mapping_note *note = mapped_ranges_are_open(self) ? new_note(self, MAPPING_DETACHED, low, low) : NULL;
    if (note) {
        push(self, note);
    }
}

void mappings_doubted(struct profiler *self, bool lost) {
    if (mapped_ranges_are_open(self)) {
        atomic_store_explicit(&self->mappings.doubted, true, memory_order_relaxed);
        atomic_fetch_add_explicit(&self->mappings.lost, lost, memory_order_relaxed);
    }
}

// ---- Start ----

void mappings_begin(struct profiler *self) {
    atomic_store(&self->mappings.opener, &thread_state);
}

void mappings_abandon(struct profiler *self) {
    atomic_store(&self->mappings.opener, NULL);
}

void mappings_open(struct profiler *self, const void *allocator) {
    bool opened = mapped_ranges_open(self);
    atomic_store(&self->mappings.opener, NULL);
    if (!opened) {
        count(&self->mappings.lost);
        return;
    }
    interposition_other_object(allocator, &self->mappings.allocator_start, &self->mappings.allocator_end);
    clock_ns(CLOCK_MONOTONIC_COARSE); // what a hook calls is bound here, not inside malloc
    sched_yield();
    atomic_store(&self->mappings.open, true);
}
