// go_labels.h (sample): finds the labels (runtime/pprof) of the goroutine that the calling thread runs.
//
//   thread pointer + g_from_thread --> g --> m --> curg, the goroutine --> labels --> {key, value}, {key, value}, ...
//                                      while C runs, g is g0, which has the thread's own stack
//
// Go publishes none of these places, and they differ between its versions. So they are searched once, at the start, by a goroutine that has
// set labels whose address it knows (go_labels_find), and confirmed by another one on another thread, with other labels and with none
// (go_labels_confirm). If a place is not unique, nothing is read.
//
// A g and an m are never freed while a thread uses them. A goroutine's labels never change while it is in a call of C, or interrupted: only
// it can set them, and Go's collector keeps what it has set. Afterwards they may be freed, and other labels may be at the same address.
//
// A thread that C has made has no g until it calls Go; from then on it keeps one, and what curg has then are the labels of the last
// callback. So these say nothing of a stack without a Go frame.
//
// Threads: any; go_labels_get also inside malloc and in signal handlers. Memory: none.
#ifndef CMEMPROF_GO_LABELS_H
#define CMEMPROF_GO_LABELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"

// Go's strings, labels and slices of labels (internal/runtime/pprof/label; until 1.25 runtime/pprof).
struct go_string {
    const char *bytes;
    size_t size;
};
struct go_label {
    struct go_string key, value;
};
struct go_label_slice {
    const struct go_label *items;
    size_t count, capacity;
};

struct go_labels {
    _Atomic bool are_known; // and confirmed
    bool are_found;
    uint32_t m_in_g, curg_in_m, labels_in_g;
    intptr_t g_from_thread; // from the thread pointer
};

// Where to search: on the thread of a call from Go into C.
struct go_labels_search {
    uintptr_t goroutine;          // that has made the call
    uintptr_t thread_pointer;     // of this thread
    uintptr_t tls_low, tls_high;  // this thread's thread-local data of the object that Go is in, which holds g
    uintptr_t own_low, own_bytes; // of these not: what this profiler knows of the thread
};

// The goroutine has one label, "cmemprof" = "first", and Go has told the address of its labels.
enum cmemprof_go_labels go_labels_find(struct go_labels *labels, const struct go_labels_search *search, uintptr_t address);
// Compares what would be read with the truth: one label, "cmemprof" = "second", or none (address 0).
enum cmemprof_go_labels go_labels_confirm(const struct go_labels *labels, uintptr_t thread_pointer, uintptr_t address);

static inline uintptr_t go_labels_word(uintptr_t address) {
    return *(const uintptr_t *)address;
}

// The labels of the goroutine that the thread runs, which must be known. Returns NULL if it runs none, or that has none.
static inline const struct go_label_slice *go_labels_get(const struct go_labels *labels, uintptr_t thread_pointer) {
    uintptr_t g = go_labels_word(thread_pointer + (uintptr_t)labels->g_from_thread);
    uintptr_t m = g != 0 ? go_labels_word(g + labels->m_in_g) : 0;
    uintptr_t goroutine = m != 0 ? go_labels_word(m + labels->curg_in_m) : 0;
    return goroutine != 0 ? (const struct go_label_slice *)go_labels_word(goroutine + labels->labels_in_g) : NULL;
}

#endif
