// time_labels.h: what a sample says beside its stack, as words behind the frames: of equal stacks with equal labels the time is added up.
//
//   frame, frame, ..., [exception's type], [task], [span, local root span], thread
//
// The last word says which of the others are there.
//
// Threads: any, also in signal handlers. Memory: the caller's.
#ifndef CMEMPROF_PRELOAD_TIME_LABELS_H
#define CMEMPROF_PRELOAD_TIME_LABELS_H

#include <stdbool.h>
#include <stdint.h>

struct time_labels {
    int32_t thread;      // the kernel's
    bool is_python;      // whose wall time is known
    bool is_release;     // of a lock
    uintptr_t exception; // a word of the names of Python's functions; 0: none
    uint64_t span, root; // of a tracer; 0: none
    uintptr_t task;      // of asyncio: a word of the period's texts, or the number of one without a name; 0: none
};

enum { TIME_LABEL_WORDS = 5 };

// Appends them to `depth` frames, and returns how many words there are then: at most TIME_LABEL_WORDS more.
uint32_t time_labels_put(const struct time_labels *labels, uintptr_t *words, uint32_t depth);
// Of so many words. Returns the number of frames.
uint32_t time_labels_get(struct time_labels *labels, const uintptr_t *words, uint32_t count);

#endif
