// go_trace_file.h: the layout of Go's execution traces, as Go 1.22 and later write them: generations of batches.
//
// After "go 1.26 trace\0\0\0" come batches, each of one thread, or of a table: texts, stacks, CPU samples, or clocks. All that have the
// same generation belong together: their numbers of texts and stacks are of this generation only. Since Go 1.26 a byte ends a generation,
// before that the next one's number does. Numbers are varints. What the events are and what they have as arguments is described in
// golang.org/x/exp/trace/tracev2.
//
// Threads: as their owner. Memory: memory.h, for one generation at a time: an entry for each batch, text, stack and CPU sample.
#ifndef CMEMPROF_FOREIGN_GO_TRACE_FILE_H
#define CMEMPROF_FOREIGN_GO_TRACE_FILE_H

#include "number_map.h"
#include "reading.h"

enum go_event_type {
    GO_EVENT_BATCH = 1,
    GO_STACKS,
    GO_STACK, // number, frames, and of each frame: address, function, file, line
    GO_STRINGS,
    GO_STRING, // number, length, text
    GO_CPU_SAMPLES,
    GO_CPU_SAMPLE, // time, thread, processor, goroutine, stack
    GO_FREQUENCY,  // units of time in a second
    // With a time, of which they have the difference to the event before.
    GO_PROCS_CHANGE,
    GO_PROC_START,     // processor, sequence
    GO_PROC_STOP,      //
    GO_PROC_STEAL,     // processor, sequence, thread
    GO_PROC_STATUS,    // processor, status
    GO_CREATE,         // new goroutine, its stack, stack
    GO_CREATE_SYSCALL, // new goroutine
    GO_START,          // goroutine, sequence
    GO_DESTROY,
    GO_DESTROY_SYSCALL,
    GO_STOP,          // reason, stack
    GO_BLOCK,         // reason, stack
    GO_UNBLOCK,       // goroutine, sequence, stack
    GO_SYSCALL_BEGIN, // processor's sequence, stack
    GO_SYSCALL_END,
    GO_SYSCALL_END_BLOCKED,
    GO_STATUS, // goroutine, thread, status
    GO_STW_BEGIN,
    GO_STW_END,
    GO_GC_ACTIVE, // sequence
    GO_GC_BEGIN,  // sequence, stack
    GO_GC_END,    // sequence
    GO_GC_SWEEP_ACTIVE,
    GO_GC_SWEEP_BEGIN,
    GO_GC_SWEEP_END,
    GO_MARK_ASSIST_ACTIVE,
    GO_MARK_ASSIST_BEGIN,
    GO_MARK_ASSIST_END,
    GO_HEAP_ALLOC,
    GO_HEAP_GOAL,
    GO_LABEL,
    GO_TASK_BEGIN,
    GO_TASK_END,
    GO_REGION_BEGIN,
    GO_REGION_END,
    GO_LOG,
    GO_SWITCH,         // goroutine, sequence
    GO_SWITCH_DESTROY, // goroutine, sequence
    GO_CREATE_BLOCKED, // as GO_CREATE
    GO_STATUS_STACK,   // as GO_STATUS, and a stack
    GO_EXPERIMENTAL_BATCH,
    GO_SYNC,
    GO_CLOCK_SNAPSHOT, // time, monotonic time, seconds, nanoseconds
    GO_END_OF_GENERATION,
    GO_EXPERIMENT = 128, // and eight more: spans, objects and stacks of goroutines
    GO_EXPERIMENT_END = 137
};

struct go_event {
    enum go_event_type type;
    int64_t time; // ns
    uint64_t arguments[5];
};

struct go_batch {
    const uint8_t *at, *end;
    uint64_t time;
    uint32_t next; // of the same thread; GO_NO_BATCH
};
#define GO_NO_BATCH UINT32_MAX

// Where a thread's events are read.
struct go_cursor {
    uint64_t thread;
    uint32_t batch, last_batch;
    const uint8_t *at;
    int64_t time;
    struct go_event event; // the next
    const uint8_t *event_at;
};

struct go_string {
    struct span text;
    uint32_t reason; // of go_trace.c; GO_UNKNOWN
};
struct go_stack {
    const uint8_t *at; // its frames
    uint32_t frames, node;
    bool known; // node is
};
#define GO_UNKNOWN UINT32_MAX

struct go_cpu_sample {
    uint64_t stack;
    int64_t time; // ns
};

// One generation. Zeroed before the first.
struct go_generation {
    const uint8_t *at, *end; // what was not read
    unsigned version;        // 22: Go 1.22
    uint64_t number;
    bool torn; // a torn batch follows: go_generation_read
    uint64_t least_time, frequency;
    int64_t wall_ns; // 0: unknown
    struct go_batch *batches;
    struct go_cursor *cursors;
    struct go_string *strings;
    struct go_stack *stacks;
    struct go_cpu_sample *samples; // by time
    size_t batch_count, batch_capacity, cursor_count, cursor_capacity, string_count, string_capacity, stack_count, stack_capacity,
        sample_count, sample_capacity;
    struct number_map threads, string_numbers, stack_numbers;
    const char *fault; // what is damaged
    const uint8_t *fault_at;
    bool no_memory;
};

// The first one, after the file's head. False: it is no trace, or of another version (fault).
bool go_generation_begin(struct go_generation *generation, const char *bytes, size_t size);
// Reads the next one. False: there is none, or a fault.
bool go_generation_read(struct go_generation *generation);
// Reads the cursor's next event. False: there is none, or a fault.
bool go_generation_next(struct go_generation *generation, struct go_cursor *cursor);
// Units of time to ns.
int64_t go_generation_ns(const struct go_generation *generation, uint64_t units);
// NULL: it does not exist (fault).
struct go_string *go_generation_string(struct go_generation *generation, uint64_t number);
struct go_stack *go_generation_stack(struct go_generation *generation, uint64_t number);
// The frame at *at, which moves to the next. False: a name does not exist (fault).
bool go_generation_frame(struct go_generation *generation, const uint8_t **at, struct span *function, struct span *file, uint64_t *line);
bool go_generation_fail(struct go_generation *generation, const uint8_t *at, const char *text); // returns false
void go_generation_free(struct go_generation *generation);

#endif
