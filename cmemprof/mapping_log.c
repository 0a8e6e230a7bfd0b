// mapping_log.c (tables): see mapping_log.h.

#include "mapping_log.h"

#include <stddef.h>

static uint32_t number_of(const struct mapping_log *log, const struct mapping_note *note) {
    return note ? (uint32_t)(note - log->notes) + 1 : 0;
}

static struct mapping_note *note_of(struct mapping_log *log, uint32_t number) {
    return number != 0 ? &log->notes[number - 1] : NULL;
}

static struct mapping_note *take_fresh(struct mapping_log *log) {
    uint32_t fresh = atomic_load_explicit(&log->fresh, memory_order_relaxed);
    do {
        if (fresh == MAPPING_LOG_NOTES) {
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&log->fresh, &fresh, fresh + 1, memory_order_relaxed, memory_order_relaxed));
    return &log->notes[fresh];
}

static uint64_t head_after(uint64_t head, uint32_t number) {
    return ((head >> 32) + 1) << 32 | number;
}

struct mapping_note *mapping_log_take(struct mapping_log *log) {
    uint64_t head = atomic_load_explicit(&log->free_notes, memory_order_acquire);
    while ((uint32_t)head != 0) {
        struct mapping_note *note = note_of(log, (uint32_t)head);
        // May be something else if another thread takes the note meanwhile; the head has then changed as well.
        uint32_t next = atomic_load_explicit(&note->next, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&log->free_notes, &head, head_after(head, next), memory_order_acquire,
                                                  memory_order_acquire)) {
            return note;
        }
    }
    return take_fresh(log);
}

void mapping_log_give(struct mapping_log *log, struct mapping_note *first, struct mapping_note *last) {
    uint64_t head = atomic_load_explicit(&log->free_notes, memory_order_relaxed);
    do {
        atomic_store_explicit(&last->next, (uint32_t)head, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&log->free_notes, &head, head_after(head, number_of(log, first)), memory_order_release,
                                                    memory_order_relaxed));
}

uint32_t mapping_log_push(struct mapping_log *log, struct mapping_note *note) {
    uint32_t top = atomic_load_explicit(&log->top, memory_order_relaxed), depth;
    do {
        // The note on top may be collected and reused meanwhile. Then its depth is another one's, which does no harm: it only says when to
        // collect. That the same note is on top again does none either.
        depth = top != 0 ? atomic_load_explicit(&note_of(log, top)->depth, memory_order_relaxed) + 1 : 1;
        atomic_store_explicit(&note->depth, depth, memory_order_relaxed);
        atomic_store_explicit(&note->next, top, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&log->top, &top, number_of(log, note), memory_order_release, memory_order_relaxed));
    return depth;
}

// The stack has the latest first, so it is turned around.
struct mapping_note *mapping_log_collect(struct mapping_log *log) {
    struct mapping_note *note = note_of(log, atomic_exchange_explicit(&log->top, 0, memory_order_acquire)), *after = NULL;
    while (note) {
        struct mapping_note *before = mapping_log_next(log, note);
        atomic_store_explicit(&note->next, number_of(log, after), memory_order_relaxed);
        after = note;
        note = before;
    }
    return after;
}

struct mapping_note *mapping_log_next(struct mapping_log *log, const struct mapping_note *note) {
    return note_of(log, atomic_load_explicit(&note->next, memory_order_relaxed));
}
