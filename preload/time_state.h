// time_state.h: what time_profile.c gathers, and time_encode.c writes.
#ifndef CMEMPROF_PRELOAD_TIME_STATE_H
#define CMEMPROF_PRELOAD_TIME_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../cmemprof/cpu_samples.h"
#include "../cmemprof/cpu_threads.h"
#include "../cmemprof/mapped_buffer.h"
#include "../cmemprof/python_stack.h"
#include "python_threads.h"
#include "time_labels.h"
#include "time_threads.h"

struct profiler;

// A stack is words: return addresses and those of python_names.h, leaf first; then its labels (time_labels.h).
enum { TIME_MAX_FRAMES = UNWIND_MAX_FRAMES, TIME_MAX_WORDS = TIME_MAX_FRAMES + TIME_LABEL_WORDS };
#define TIME_ANY_TASK ((uintptr_t)1 << 62) // one of which neither name nor number is kept

enum time_table { TIME_CPU, TIME_WAITING, TIME_RAISED, TIME_LOCKS, TIME_TABLES };
// What a tracer's local root span was for. Spans that ended in another period have none.
enum { TIME_ENDPOINTS = 4096 };
struct time_endpoint {
    _Atomic uint64_t root; // 0: free
    _Atomic uintptr_t text;
};

struct time_period {
    _Atomic unsigned in_flight; // threads that add to it
    struct cpu_samples tables[TIME_TABLES];
    struct python_names texts;                      // of labels; without a table until there are any
    struct time_endpoint endpoints[TIME_ENDPOINTS]; // in the place of its root; a later one replaces it
    // Of the time in which it was filled; twice or more where a thread has held it up (time_profile_take).
    uint64_t began_ns;           // since 1970; 0: not yet
    uint64_t process_ns, own_ns; // CPU time of the process, and of the profiler's threads in it
    uint64_t missed_ns;          // wall time in which nobody looked
};

// The C frames of a thread below all of Python's, as of its last CPU sample, for what is seen of it from outside.
enum { TIME_ROOTS = 1024, TIME_ROOT_FRAMES = 30 };
struct time_root {
    _Atomic int32_t id;             // 0: free
    _Atomic uint32_t version;       // odd: being written
    uintptr_t activation, function; // the outermost of Python's, and its function's word without a line
    uint32_t depth;
    uintptr_t pcs[TIME_ROOT_FRAMES];
};

// CPU time that a thread had used when it was met, and what of it was since the start.
struct time_met {
    _Atomic int32_t id;
    _Atomic uint64_t ns, before_ns;
};

enum { TIME_SCRATCHES = 16 };
struct time_scratch {
    _Atomic bool busy;
    uintptr_t words[TIME_MAX_WORDS];
    struct python_memo python;
    struct unwind_trail trail;
};

struct time_name {
    int32_t id;
    char text[TIME_NAME_BYTES];
};

// The end of a period.
struct time_taken {
    struct time_period *period;
    uint64_t end_ns; // since 1970
    uint64_t unread, timerless, blocked;
    const char *ended;
    struct time_name names[TIME_THREADS];
    size_t name_count;
};

struct time_state {
    struct profiler *of;
    _Atomic unsigned starts;
    uint64_t period_ns;
    bool has_wall;             // Python's threads are seen
    bool sees_births;          // the hook of pthread_create counts them
    _Atomic bool has_tasks;    // asyncio is found
    _Atomic uintptr_t span;    // the variable of contexts that has the span; 0: there is no tracer
    const char *_Atomic ended; // why there are no samples any more; NULL: there are
    _Atomic unsigned active;   // the period that is being filled
    struct time_period periods[2];
    struct cpu_threads clocks; // of signal handlers
    uint32_t clocks_epoch;
    struct time_scratch scratches[TIME_SCRATCHES];
    struct time_root roots[TIME_ROOTS];
    struct time_met met[TIME_THREADS];
    _Atomic uint64_t busy; // not taken, since too many threads were in signal handlers
    _Atomic uint64_t ends[UNWIND_END_COUNT];
    pthread_mutex_t lock; // of the library's threads, for the rest; made once
    struct time_threads threads;
    uint64_t filters;   // of system calls, at the begin
    bool is_unfiltered; // the kernel says so of the thread that began
    uint32_t epoch, ticks;
    uint64_t program_ns;                   // CPU time without the profiler's, at the last tick
    uint64_t ticked_ns, missed_ns, unread; // unread: waiting threads whose frames could not be read
    uint64_t process_ns, own_ns, began_ns; // at the begin of the period
    struct python_thread listed[TIME_THREADS];
    size_t listed_count;
    struct python_reader reader;
    struct python_copies copies;
    struct python_known known;
    uintptr_t words[TIME_MAX_WORDS];
    struct time_taken taken;
    struct mapped_buffer bytes; // of the last profile
};

#endif
