// foreign.h: reads files of other tools as profiles.
//
//   folded stacks        "main;f;g 12" a line, as flamegraph.pl and many tools write and read them
//   speedscope           its JSON, sampled and evented
//   V8                   .cpuprofile and .heapprofile, of Node and Chrome
//   pprof before protos  text: heap, growth, fragmentation, contention, mutex, threads, goroutines; binary: CPU; jemalloc's heap_v2
//   perf script          the text of perf
//   heaptrack            its interpreted file, compressed or not
//   Go execution traces  of Go 1.22 and later: what goroutines waited for
//
// Formats are told apart by content, never by a name. Of some the content cannot be read here; these have a name and a hint (foreign_hint).
// Bytes are counted as in the inflated file. What is left out is counted in comments of the profile, as warnings (profile_warnings).
//
// Threads: any. Memory: memory.h, which counts against the thread's budget: the profile and what a format has to index, nodes, frames or
// traces, some multiple of the bytes that define them; malloc for one text at a time. The bytes are the caller's. Nothing is as large as a
// number in the file says, and nothing recurses. Time: linear in the bytes and the frames of all stacks, but for a logarithm; once the
// thread's budget is stopped, soon over: MERGE_NO_MEMORY.
#ifndef CMEMPROF_FOREIGN_H
#define CMEMPROF_FOREIGN_H

#include "../merge/merge.h"

enum foreign_format {
    FOREIGN_NONE, // a pprof profile, or unknown
    FOREIGN_FOLDED,
    FOREIGN_SPEEDSCOPE,
    FOREIGN_V8_CPU,
    FOREIGN_V8_HEAP,
    FOREIGN_PPROF_HEAP, // heap, growth and fragmentation
    FOREIGN_JEMALLOC,
    FOREIGN_PPROF_CONTENTION, // also Go's mutex and block profiles
    FOREIGN_PPROF_THREADS,
    FOREIGN_PPROF_COUNT, // Go's goroutines and threadcreate
    FOREIGN_PPROF_CPU,
    FOREIGN_PERF_SCRIPT,
    FOREIGN_HEAPTRACK,
    FOREIGN_GO_TRACE,
    FOREIGN_READABLE, // how many can be read; those below have a hint instead
    FOREIGN_HEAPTRACK_RAW = FOREIGN_READABLE,
    FOREIGN_MEMRAY,
    FOREIGN_FORMATS
};

// bytes: inflated, the whole file or its beginning (64 KiB are enough).
enum foreign_format foreign_detect(const void *bytes, size_t size);
// Of a file that nobody said is a profile: one line of folded stacks is too little to tell, unless the name says so (NULL: none).
enum foreign_format foreign_detect_named(const char *name, const void *bytes, size_t size);
// "folded stacks". Never NULL.
const char *foreign_name(enum foreign_format format);
// What to do with a file that cannot be read here: "memray transform speedscope makes a file of it that can be read". NULL: it can be read.
const char *foreign_hint(enum foreign_format format);

// The profile of a whole file. limits NULL: the defaults. Returns NULL after a fault, whose text names the line, and whose offset is the
// byte. The caller calls profile_free.
struct profile *foreign_read(enum foreign_format format, const void *bytes, size_t size, const struct merge_limits *limits,
                             struct merge_fault *fault);

// The same of folded stacks whose values are of that type and unit.
struct profile *foreign_read_folded(const void *bytes, size_t size, const char *type, const char *unit, const struct merge_limits *limits,
                                    struct merge_fault *fault);

#endif
