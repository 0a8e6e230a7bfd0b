// cmemprof.h: the public face of the C core: samples the C allocations of this process, knows which are alive and who asked for them.
//
// Linking this code is the whole set-up: it defines malloc, calloc, realloc, free and their family, so that the dynamic linker binds every
// library, libc's own calls and C++ new to it. Until cmemprof_start, and after cmemprof_stop, calls are handed on to the allocator behind.
//
// Sampling is Poisson over bytes, one sample in interval_bytes on average, as in Go's runtime (MemProfileRate), jemalloc and tcmalloc. A
// sample of size s stands for 1 / (1 - exp(-(s + 1) / interval)) allocations, which makes bytes and counts unbiased at every size; the 1
// lets a malloc(0) be seen as well. interval_bytes 1 takes every allocation, with weight 1.
//
// A profile is profile.proto with alloc_objects/count, alloc_space/bytes, inuse_objects/count, inuse_space/bytes, period space/bytes. Each
// sample has the label memory=C. alloc_* count since the process's first cmemprof_start and only grow; inuse_* are what is alive now.
//
// Threads: every function may be called from any thread, none from inside an allocation or a signal handler. Linux on amd64.
#ifndef CMEMPROF_H
#define CMEMPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CMEMPROF_DEFAULT_INTERVAL_BYTES (512 * 1024) // as Go's MemProfileRate

enum cmemprof_error {
    CMEMPROF_OK = 0,
    CMEMPROF_NO_MEMORY,
    CMEMPROF_NOT_BOUND, // malloc of this process is not ours: loaded with dlopen, or a sanitizer came first
    CMEMPROF_BAD_NAMES, // struct cmemprof_go_names has fewer frames than its counts add up to
    CMEMPROF_ENCODING,  // the profile could not be written; see merge/merge.h
    CMEMPROF_ERROR_COUNT
};
const char *cmemprof_error_text(enum cmemprof_error error); // Never NULL.

// Starts sampling, or changes the interval; a thread adopts a new interval with its next sample. 0 is the same as cmemprof_stop.
enum cmemprof_error cmemprof_start(uint64_t interval_bytes);

// Memory of the tables, all in all: 0, the default, is 1 % of the process's resident memory, at least 8 MiB, looked at again with every
// profile. When it is used up, stacks of which nothing is alive make room, and until they have samples are dropped and counted. May be
// called at any time.
void cmemprof_set_memory_limit(uint64_t limit_bytes);

// Makes room where memory is short, as taking a profile does; else no more than a look at some counters. To be called once a second or so:
// what fills the tables between two profiles then costs samples for that long. True: it did.
bool cmemprof_make_room(void);

// No new samples. What is alive stays known, so frees are still seen and a later start continues the same totals.
void cmemprof_stop(void);

// Tells where Go code lies: [start, end). Stacks are followed by frame pointers there. Without it all code is C.
void cmemprof_set_go_text(uintptr_t start, uintptr_t end);

// For Go: the return address of the present call from Go into C, which must not have called Go back; set_go_text comes before. It lies in
// the function runtime.asmcgocall. 0: this Go's way from C back into Go is not known, so stacks are cut there.
uintptr_t cmemprof_go_call(void);

// Tells where runtime.asmcgocall lies: [start, end). Without it stacks are cut, and counted, where they come from C into Go.
void cmemprof_set_go_call(uintptr_t start, uintptr_t end);

// Tells where runtime.sigpanic lies in Go until 1.25: [start, end). Stacks are cut there, and counted, since Go does not correct the frame
// pointer of the function that panicked when it moves the stack.
void cmemprof_set_go_panic(uintptr_t start, uintptr_t end);

// Tells any address in Go's heap or on a goroutine's stack, which makes samples with Go frames cheaper. Not where Go takes access away from
// memory of its heap that it has freed (GODEBUG=harddecommit=1, efence=1).
void cmemprof_set_go_heap(uintptr_t address);

// ---- Profile ----

// A profile is taken in two steps, since only Go can name Go's addresses and C never calls Go: take a snapshot, name the addresses that
// cmemprof_snapshot_go_pcs lists, encode. A program without Go encodes at once, with names NULL.
struct cmemprof_snapshot;
struct cmemprof_snapshot *cmemprof_snapshot_take(void); // NULL: no memory
void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot);

// Every Go return address in the snapshot once, in no order. Valid as long as the snapshot.
size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs);

struct cmemprof_go_frame {
    uint32_t function_offset, function_length; // in text
    uint32_t file_offset, file_length;
    int64_t line, start_line;
};
struct cmemprof_go_names {
    const uint32_t *frame_counts; // for each address, how many frames it expands to (inlining), innermost first; 0: leave it out
    size_t address_count;
    const struct cmemprof_go_frame *frames; // all of them, one address after the other
    size_t frame_count;
    const char *text;
    size_t text_size;
};

// Symbolizes and writes the profile, raw (not compressed). *bytes belongs to the snapshot and is good until the next call on it.
enum cmemprof_error cmemprof_snapshot_profile(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names,
                                              const uint8_t **bytes, size_t *size);
// The same with a copy that is malloc'ed for the caller. A large block that is freed changes how glibc's heap goes on (M_MMAP_THRESHOLD).
enum cmemprof_error cmemprof_snapshot_encode(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, uint8_t **bytes,
                                             size_t *size);

// ---- What it did ----

// Since the process started. Of every sample exactly one thing becomes: samples = those that a profile shows + lost_stacks + lost_shards. A
// sample counted in lost_live is in alloc_* but not in inuse_*.
struct cmemprof_stats {
    uint64_t interval_bytes;    // 0: off
    uint64_t samples;           // allocations chosen
    uint64_t live;              // of these, alive now
    uint64_t stacks;            // distinct stacks
    uint64_t own_bytes;         // memory that our tables take, as far as it was ever written to
    uint64_t limit_bytes;       // what they may grow to
    uint64_t lost_stacks;       // samples dropped: the table of stacks is full
    uint64_t lost_shards;       // samples dropped: too many threads sampled at the same moment
    uint64_t lost_live;         // samples whose block cannot be followed: the table of live blocks is full
    uint64_t reclaimed_stacks;  // taken out of the table because nothing of them was alive and their memory was needed
    uint64_t reclaimed_samples; // theirs: in a profile they are one sample, "[evicted stacks]"
    uint64_t unsampled_nested;  // allocations from inside the profiler itself, never sampled
    uint64_t cut_no_rule;       // stacks cut at code without call-frame information
    uint64_t cut_unsupported;   // stacks cut at a rule that the unwinder does not know
    uint64_t cut_unreadable;    // stacks cut at memory that is not a stack
    uint64_t cut_depth;         // stacks cut at 512 frames
    uint64_t unwind_fallbacks;  // frames followed by frame pointer, for want of call-frame information
    uint64_t sampling_ns;       // CPU time spent in sampling, without the allocator's own, from one sample in 256
};
void cmemprof_get_stats(struct cmemprof_stats *stats);

// What the allocator behind says of all its memory, sampled or not. 0: it does not say; musl says nothing, mimalloc not what is in use.
struct cmemprof_allocator_stats {
    const char *name;             // "glibc", "jemalloc", "tcmalloc" (gperftools), "mimalloc", "musl", "other"
    uint64_t in_use_bytes;        // allocated and not freed, as the allocator rounds them
    uint64_t mapped_bytes;        // address space that it holds to serve them; mimalloc: committed
    uint64_t resident_bytes;      // in memory of that, at most: what it says, if it does, and no more than the process's RssAnon
    uint64_t retained_bytes;      // kept for later; glibc: free blocks, jemalloc and tcmalloc: address space without memory
    uint64_t fragmentation_bytes; // resident - in use, so never more than RssAnon - in use
};
// Takes the allocator's locks, on glibc while it counts the free blocks.
void cmemprof_get_allocator_stats(struct cmemprof_allocator_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
