// mapped_ranges.c (sample): see mapped_ranges.h.

#include "mapped_ranges.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mapped_buffer.h"
#include "smaps.h"

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
void mapped_ranges_lose(struct profiler *self) {
    atomic_fetch_add_explicit(&self->mappings.lost, 1, memory_order_relaxed);
    atomic_store_explicit(&self->mappings.doubted, true, memory_order_relaxed);
}

static void settle_pending(struct profiler *self) {
    if (self->mappings.pending_stack) {
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
        mapped_ranges_lose(self);
    }
    count_allocation(self, &range);
}

static void remove_range(struct profiler *self, uintptr_t low, uintptr_t high) {
    if (!range_map_remove(&self->mappings.map, low, high)) {
        mapped_ranges_lose(self);
    }
}

// What leaves is remembered apart, piece by piece, since others may be mapped there before it arrives. If there are more than
// MAPPINGS_LEAVING, the oldest is forgotten: perhaps it never arrives (its thread does not exist in a forked child).
static void remember(struct profiler *self, struct mapping_leaving piece) {
    struct mapping_leaving *list = self->mappings.leaving;
    uint32_t *count = &self->mappings.leaving_count;
    struct mapping_leaving *last = *count != 0 ? &list[*count - 1] : NULL;
    if (last && last->mover == piece.mover && last->high == piece.low && last->kind == piece.kind && last->owner == piece.owner) {
        last->high = piece.high;
        return;
    }
    if (*count == MAPPINGS_LEAVING) {
        memmove(list, list + 1, --*count * sizeof *list);
        mapped_ranges_lose(self);
    }
    list[(*count)++] = piece;
}

static void forget(struct profiler *self, uint32_t mover) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->mappings.leaving_count; i++) {
        if (self->mappings.leaving[i].mover != mover) {
            self->mappings.leaving[kept++] = self->mappings.leaving[i];
        }
    }
    self->mappings.leaving_count = kept;
}

static void leave(struct profiler *self, const struct mapping_note *note) {
    uintptr_t low = note->range.low, high = note->range.high;
    const struct mapped_range *old = range_map_from(&self->mappings.map, low);
    for (; old && old->low < high; old = range_map_from(&self->mappings.map, old->high)) {
        remember(self, (struct mapping_leaving){.low = old->low > low ? old->low : low,
                                                .high = old->high < high ? old->high : high,
                                                .mover = note->range.mover,
                                                .kind = old->kind,
                                                .owner = old->owner});
    }
    if (!note->stays && !range_map_mark(&self->mappings.map, low, high, note->range.mover)) {
        mapped_ranges_lose(self);
    }
}

static void put_moved(struct profiler *self, const struct mapping_note *note, const struct mapping_leaving *piece) {
    struct mapped_range range = note->range;
    if (range.high - range.low == note->from_high - note->from_low && piece) {
        range.low += piece->low - note->from_low;
        range.high -= note->from_high - piece->high;
    }
    if (note->is_unrecorded) {
        remove_range(self, range.low, range.high);
        return;
    }
    if (piece) {
        range.kind = piece->kind;
        range.number = piece->kind == MAPPING_SEGMENT ? range.mover : 0; // shmdt of the old address does not reach it
        range.owner = range.owner == MAPPING_OF_PROGRAM ? piece->owner : range.owner;
    }
    put(self, range);
}

// Only what keeps its length can be several areas (since Linux 6.17): each keeps its kind and its distance to the others, and what was
// between their new places stays. If nothing was known of the old mapping, the new one is taken to be whole.
static void put_all_moved(struct profiler *self, const struct mapping_note *note) {
    bool keeps_length = note->range.high - note->range.low == note->from_high - note->from_low, is_known = false;
    for (uint32_t i = 0; i < self->mappings.leaving_count && (keeps_length || !is_known); i++) {
        if (self->mappings.leaving[i].mover == note->range.mover) {
            put_moved(self, note, &self->mappings.leaving[i]);
            is_known = true;
        }
    }
    if (!is_known) {
        put_moved(self, note, NULL);
    }
}

// What mremap moves or lengthens is a new mapping, as a block is after realloc. What it shortens stays what it is.
static void arrive(struct profiler *self, const struct mapping_note *note) {
    const struct mapped_range *range = &note->range;
    if (range->high == 0) {
        range_map_unmark(&self->mappings.map, note->from_low, note->from_high, range->mover);
    } else if (range->low == note->from_low && range->high <= note->from_high) {
        if (!range_map_mark(&self->mappings.map, range->low, range->high, range->mover)) { // splits at its end
            mapped_ranges_lose(self);
        }
        range_map_remove_marked(&self->mappings.map, range->high, note->from_high, range->mover);
        range_map_unmark(&self->mappings.map, range->low, range->high, range->mover);
    } else {
        range_map_remove_marked(&self->mappings.map, note->from_low, note->from_high, range->mover);
        put_all_moved(self, note);
    }
    forget(self, range->mover);
}

// shmdt removes all that is left of the segment.
static void detach(struct profiler *self, uintptr_t low) {
    const struct mapped_range *range = range_map_from(&self->mappings.map, low);
    if (!range || range->low != low || range->kind != MAPPING_SEGMENT) {
        return;
    }
    uint32_t number = range->number;
    while (range) {
        uintptr_t high = range->high;
        if (range->number == number) {
            remove_range(self, range->low, high);
        }
        range = range_map_from(&self->mappings.map, high);
    }
}

// Mapped and unmapped again at once: the second note does what the first would have undone.
static bool is_gone(const struct mapping_note *note, const struct mapping_note *next) {
    return next && next->event == MAPPING_REMOVED && next->range.low <= note->range.low && next->range.high >= note->range.high;
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
        leave(self, note);
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
    for (struct mapping_note *note = first, *next; note; note = next) {
        next = mapping_log_next(&self->mappings.log, note);
        apply(self, note, next);
        last = note;
    }
    settle_pending(self);
    if (last) {
        mapping_log_give(&self->mappings.log, first, last);
    }
}

bool mapped_ranges_try_apply(struct profiler *self) {
    if (!try_lock(self)) {
        return false;
    }
    profiler_enter(&thread_state); // the map's own memory is mapped, too
    apply_all(self);
    profiler_leave(&thread_state);
    unlock(self);
    return true;
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
    if (!mapped_ranges_are_open(self) || !lock(self)) {
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

bool mapped_ranges_apply(struct profiler *self) {
    bool begun = begin(self);
    if (begun) {
        end(self);
    }
    return begun;
}

static void add_live(const struct mapped_range *range, void *context) {
    (void)context;
    if (range->stack) {
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

bool mapped_ranges_sum_live(struct profiler *self) {
    return !mapped_ranges_are_open(self) || mapped_ranges_each(self, add_live, NULL);
}

static void add_to_stats(const struct mapped_range *range, void *context) {
    struct mapping_stats *stats = context;
    if (range->owner == MAPPING_OF_PROGRAM) {
        stats->ranges++;
        stats->bytes += range->high - range->low;
    }
}

void mapped_ranges_read_stats(struct profiler *self, struct mapping_stats *stats) {
    *stats = (struct mapping_stats){.lost = atomic_load(&self->mappings.lost), .nameless = atomic_load(&self->mappings.nameless)};
    mapped_ranges_each(self, add_to_stats, stats);
}

// ---- Start and fork ----

bool mapped_ranges_open(struct profiler *self) {
    return range_map_open(&self->mappings.map, &self->budget);
}

void mapped_ranges_close(struct profiler *self) {
    range_map_close(&self->mappings.map);
}

// A thread that forks in a signal handler may be the one that applies. It goes on doing so, also in the child.
static bool is_applying(struct profiler *self) {
    return atomic_load(&self->mappings.applier) == &thread_state;
}

void mapped_ranges_before_fork(struct profiler *self) {
    thread_state.fork_holds_mappings = mapped_ranges_are_open(self) && !is_applying(self) && lock(self);
}

void mapped_ranges_after_fork_in_parent(struct profiler *self) {
    if (thread_state.fork_holds_mappings) {
        unlock(self);
    }
}

// If the map could not be had, another thread was changing it, which does not exist here: it begins anew.
void mapped_ranges_after_fork_in_child(struct profiler *self) {
    if (!mapped_ranges_are_open(self) || (!thread_state.fork_holds_mappings && is_applying(self))) {
        return;
    }
    if (!thread_state.fork_holds_mappings) {
        mapped_ranges_lose(self);
        self->mappings.pending_stack = NULL;
        if (!mapped_ranges_open(self)) {
            atomic_store(&self->mappings.open, false);
        }
    }
    atomic_store(&self->mappings.stuck, false);
    atomic_store(&self->mappings.doubted, true); // MADV_DONTFORK
    unlock(self);
}
