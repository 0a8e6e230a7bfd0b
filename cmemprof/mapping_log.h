// mapping_log.h (tables): what threads have mapped and unmapped, in the order in which the kernel did it, for one reader.
//
// A thread notes an unmapping before its system call and a mapping after it. Whoever is given an address was given it after it was free, so
// the note of the new mapping comes after that of the unmapping, on whatever threads; and nobody can unmap an address before it was told
// of it. A note is complete when it becomes visible, by one compare-and-swap: a thread that loses the processor halfway holds up nobody.
//
//   threads  take (free list) -> fill -> push (stack)        reader  collect: the whole stack, oldest first -> give (free list)
//
// Threads: any may take and push, also inside malloc, in signal handlers and after fork: lock-free. One at a time collects. In a forked
// child the notes that other threads had taken are lost memory, a few each time. Memory: the owner's, touched as far as it is used.
#ifndef CMEMPROF_MAPPING_LOG_H
#define CMEMPROF_MAPPING_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "range_map.h"

enum { MAPPING_LOG_NOTES = 2048 };

enum mapping_event {
    MAPPING_ADDED,
    MAPPING_REMOVED,
    MAPPING_LEAVING, // [low, high): mremap begins; mover says which
    MAPPING_ARRIVED, // it has ended: from [from_low, from_high) to [low, high); high 0: it has failed
    MAPPING_DETACHED // shmdt of low
};

struct mapping_note {
    struct mapped_range range;
    uintptr_t from_low, from_high;
    enum mapping_event event;
    bool stays;             // LEAVING: the old mapping does, and the new one is a second of its kind
    bool is_unrecorded;     // ARRIVED: the new mapping is not to be known
    _Atomic uint32_t depth; // of the stack up to this note, about
    _Atomic uint32_t next;  // counted from 1; 0: none
};

// All zeros is an empty log.
struct mapping_log {
    _Atomic uint64_t free_notes; // first of the list, counted from 1, and above it a counter against ABA
    _Atomic uint32_t top;        // latest note, counted from 1; 0: none
    _Atomic uint32_t fresh;      // notes that were ever taken
    struct mapping_note notes[MAPPING_LOG_NOTES];
};

// Returns NULL if all notes are in use.
struct mapping_note *mapping_log_take(struct mapping_log *log);
// Returns how many notes wait for the reader, about.
uint32_t mapping_log_push(struct mapping_log *log, struct mapping_note *note);

// Returns the oldest note, or NULL; mapping_log_next has the others.
struct mapping_note *mapping_log_collect(struct mapping_log *log);
struct mapping_note *mapping_log_next(struct mapping_log *log, const struct mapping_note *note);
// Frees the notes from first to last, in the order of mapping_log_next.
void mapping_log_give(struct mapping_log *log, struct mapping_note *first, struct mapping_note *last);

#endif
