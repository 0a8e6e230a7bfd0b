// go_trace_order.h: what goroutines, processors and threads of a Go execution trace do, so that events of several threads come in their
// true order.
//
// Clocks of two processors may differ, so an event is only taken when it is possible: a goroutine starts after it was unblocked, and each
// that is started, unblocked or stolen has the number that follows its last one. An event that is not possible yet waits for those of other
// threads. The rules are those of golang.org/x/exp/trace.
//
// Threads: as its owner. Memory: memory.h, an entry for each goroutine there is at once, and for each processor and thread.
#ifndef CMEMPROF_FOREIGN_GO_TRACE_ORDER_H
#define CMEMPROF_FOREIGN_GO_TRACE_ORDER_H

#include "go_trace_file.h"

// As the file has them, but for the first and the last.
enum go_status { GO_GONE, GO_RUNNABLE, GO_RUNNING, GO_IN_SYSCALL, GO_WAITING, GO_UNDETERMINED };

struct go_sequence {
    uint64_t generation, number;
};
struct go_goroutine {
    uint64_t id;
    struct go_sequence sequence;
    uint8_t status; // enum go_status
    // Of go_trace.c, zeroed at first: what it waits for.
    bool ran, counted, held;
    uint32_t record, held_record;
    int64_t since, held_ns;
};
struct go_processor {
    uint64_t id;
    struct go_sequence sequence;
    uint8_t status;
};
#define GO_NOBODY UINT32_MAX
struct go_thread {
    uint32_t goroutine, processor; // GO_NOBODY
};

struct go_order { // zeroed: empty
    uint64_t generation, first_generation;
    struct go_goroutine *goroutines;
    struct go_processor *processors;
    struct go_thread *threads;
    uint32_t *free_goroutines;
    size_t goroutine_count, goroutine_capacity, processor_count, processor_capacity, thread_count, thread_capacity, free_count,
        free_capacity;
    struct number_map goroutine_ids, processor_ids, thread_ids;
    uint64_t gc_sequence;
    bool gc_known, gc_runs;
};

// What an event says: each is an event of its own in Go's own reader, and has its own time.
struct go_change {
    uint32_t goroutine; // GO_NOBODY: none
    uint8_t from, to;   // enum go_status
    uint64_t reason, stack;
};
struct go_changes {
    struct go_change of[3];
    size_t count;
    bool created; // the first one's goroutine, by a goroutine
};

enum go_step { GO_STEP_TAKEN, GO_STEP_NOT_YET, GO_STEP_BROKEN, GO_STEP_NO_MEMORY };

enum go_step go_order_advance(struct go_order *order, uint64_t thread, const struct go_event *event, struct go_changes *changes);
// Goroutines that are gone are there until the caller has seen the change.
void go_order_forget(struct go_order *order, uint32_t goroutine);
void go_order_free(struct go_order *order);

#endif
