// cmemprof.h: the public interface of the C core: samples this process's C allocations and knows which are live and what allocated them.
//
// Linking this code is the whole set-up. It defines malloc, calloc, realloc, free and their family, so the dynamic linker binds every
// library, libc's own calls and C++ new to it. Before cmemprof_start and after cmemprof_stop, calls go straight to the real allocator.
//
// Sampling is a Poisson process over bytes, one sample per interval_bytes on average, as in Go's runtime (MemProfileRate), jemalloc and
// tcmalloc. A sample of size s stands for 1 / (1 - exp(-(s + 1) / interval)) allocations, which makes bytes and counts unbiased at every
// size; the + 1 lets malloc(0) be sampled. interval_bytes 1 samples every allocation, with weight 1.
//
// A profile is a profile.proto with alloc_objects/count, alloc_space/bytes, inuse_objects/count, inuse_space/bytes, period space/bytes.
// Each sample has the label memory=C, or memory=mmap: memory that was mapped, of which every mapping is recorded, with its length. alloc_*
// count from the process's first cmemprof_start and never decrease; inuse_* are what is live now.
//
// Threads: any thread may call any function, but not from inside an allocation or a signal handler (cmemprof_cgo_traceback and
// cmemprof_cgo_symbolizer are for these). Linux on amd64 and arm64.
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
    CMEMPROF_NOT_BOUND, // the process's malloc is not this one: loaded with dlopen, or a sanitizer came first
    CMEMPROF_BAD_NAMES, // struct cmemprof_go_names has fewer frames than its counts sum to
    CMEMPROF_ENCODING,  // the profile could not be encoded; see merge/merge.h
    CMEMPROF_ERROR_COUNT
};
const char *cmemprof_error_text(enum cmemprof_error error); // Never NULL.

// Starts sampling or changes the interval; each thread adopts a new interval with its next sample. 0 is the same as cmemprof_stop.
enum cmemprof_error cmemprof_start(uint64_t interval_bytes);

// Limits the memory of all tables. 0, the default, is 1 % of the process's resident memory, at least 8 MiB, recomputed with every profile;
// near the limit of the process's memory an eighth of what is left of that, more than what is used. At the limit, stacks with no live
// samples are evicted; until then samples are dropped and counted. May be called at any time.
void cmemprof_set_memory_limit(uint64_t limit_bytes);

// Call about once a second, not on a thread that must not wait: it reads all live samples. Advances the clock by which samples have an age,
// copies what is live if that is a new peak (cmemprof_snapshot_take_peaks), and evicts stacks if memory is short, as taking a profile does:
// a table that fills up between two profiles then drops samples for that long at most. Returns true if it evicted stacks.
bool cmemprof_make_room(void);

// Takes no new samples. Live samples are still tracked, so frees are seen and a later start continues the same totals.
void cmemprof_stop(void);

// Sets the range of Go code, [start, end), where stacks are unwound by frame pointers. Without it all code is treated as C.
void cmemprof_set_go_text(uintptr_t start, uintptr_t end);

// For Go: returns the return address, in runtime.asmcgocall, of the present call from Go into C, which must not have called back into Go.
// Call cmemprof_set_go_text first. Returns 0 if this Go version's way from C back into Go is unknown; stacks are then cut there.
uintptr_t cmemprof_go_call(void);

// Sets the range of runtime.asmcgocall, [start, end). Without it stacks are cut, and counted, where they return from C into Go.
void cmemprof_set_go_call(uintptr_t start, uintptr_t end);

// Sets the range of runtime.sigpanic in Go until 1.25, [start, end). Stacks are cut there and counted, since Go does not adjust the
// panicking function's frame pointer when it moves the stack.
void cmemprof_set_go_panic(uintptr_t start, uintptr_t end);

// Passes any address in Go's heap or on a goroutine's stack, which makes samples with Go frames cheaper. Do not call if Go makes freed heap
// memory inaccessible (GODEBUG=harddecommit=1, efence=1).
void cmemprof_set_go_heap(uintptr_t address);

// ---- Labels ----

// Labels of goroutines (runtime/pprof) are on the samples of the C code that they call. Where Go keeps them is searched at the start.
enum cmemprof_go_labels {
    CMEMPROF_GO_LABELS_OK = 0,
    CMEMPROF_GO_LABELS_NO_GOROUTINE,     // which goroutine has called C is not known
    CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE, // the address of its labels is not there, or more than once
    CMEMPROF_GO_LABELS_OTHER_FORM,       // its labels are no list of texts
    CMEMPROF_GO_LABELS_NO_THREAD,        // the way from the thread to the goroutine was not found
    CMEMPROF_GO_LABELS_AMBIGUOUS,        // or there are several
    CMEMPROF_GO_LABELS_UNCONFIRMED,      // other labels were not found in the same way
    CMEMPROF_GO_LABELS_NO_MEMORY,        // for their table
    CMEMPROF_GO_LABELS_COUNT
};
const char *cmemprof_go_labels_text(enum cmemprof_go_labels result); // Never NULL

// For Go, before cmemprof_start: calls from a goroutine that have not called back into Go. It tells the address of its labels: one label,
// "cmemprof" = "first". It must not be locked to its thread, where there would be two ways to it; by chance there may be two nevertheless,
// and another thread can be tried. Then a goroutine on another thread confirms what was found: with one label, "cmemprof" = "second", and
// with none (address 0). Labels are read once both were confirmed. Otherwise the comment of each profile says why not. Call
// cmemprof_set_go_text first.
enum cmemprof_go_labels cmemprof_find_go_labels(uintptr_t address);
enum cmemprof_go_labels cmemprof_confirm_go_labels(uintptr_t address);
enum cmemprof_go_labels cmemprof_get_go_labels(void); // the last result; CMEMPROF_GO_LABELS_OK: also if nobody has asked

// Which labels a sample has, by their keys. Usually all but those that name single requests, by their names (span id, trace id, ...) or
// since they have had more than some 1,000 values; of all, none, or the keys of the profile's own labels (memory, owner, part, age, thread,
// threads) never. Keys that are named one by one are kept, or left out, whatever the rule. What was sampled before stays as it is. A rule
// forgets the keys named before it. One thread at a time.
enum cmemprof_label_rule { CMEMPROF_LABELS_USUAL, CMEMPROF_LABELS_ALL, CMEMPROF_LABELS_NONE };
void cmemprof_set_label_rule(enum cmemprof_label_rule rule);
bool cmemprof_set_label(const char *key, size_t size, bool is_wanted); // false: longer than 128 bytes, or there are 96 others

// ---- Profile ----

// A profile is taken in steps, since only Go can symbolize Go's addresses and C never calls Go: take a snapshot, symbolize the addresses
// that cmemprof_snapshot_go_pcs lists, encode. A program without Go encodes at once, with names NULL.
struct cmemprof_snapshot;
struct cmemprof_snapshot *cmemprof_snapshot_take(void); // returns NULL if memory runs out
void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot);

// The same for two earlier moments: the peaks of live C memory and of RSS since sampling was last started, as looked at by
// cmemprof_make_room about once a second and by each profile. Its sample types are peak_rss_objects/count and peak_rss_space/bytes (live C
// memory at the peak of RSS), peak_objects/count and peak_space/bytes (at the peak of live C memory); a comment for each moment,
// "cmemprof: peak=rss bytes=... rss_bytes=... time=... after_s=...", says when it was and how high. Stacks that hold little are one sample,
// "[other stacks]". Each moment may be up to a 32nd below the highest that was seen, for 10 s.
struct cmemprof_snapshot *cmemprof_snapshot_take_peaks(void); // returns NULL if memory runs out

// Every Go return address in the snapshot once, unordered. Valid as long as the snapshot.
size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs);

struct cmemprof_go_frame {
    uint32_t function_offset, function_length; // in text
    uint32_t file_offset, file_length;
    int64_t line, start_line;
};
struct cmemprof_go_names {
    const uint32_t *frame_counts; // per address: number of frames (with inlined ones), innermost first; 0: omit it
    size_t address_count;
    const struct cmemprof_go_frame *frames; // of all addresses, one after the other
    size_t frame_count;
    const char *text;
    size_t text_size;
};

// Symbolizes and encodes the profile, uncompressed. *bytes belongs to the snapshot and is valid until the next call on it.
enum cmemprof_error cmemprof_snapshot_profile(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names,
                                              const uint8_t **bytes, size_t *size);
// The same with less in it, for when memory is short. The names that follow later come from `cmemprof symbolize` or the receiver.
enum cmemprof_contents {
    CMEMPROF_KNOWN_NAMES = 1, // opens no file: C addresses that no earlier profile named have none
    CMEMPROF_LIVE_ONLY = 2,   // alloc_* are 0, and stacks without live memory are left out
};
enum cmemprof_error cmemprof_snapshot_contents(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, unsigned what,
                                               const uint8_t **bytes, size_t *size);
// The same as cmemprof_snapshot_profile, as a copy that the caller frees. Freeing a large block changes the behaviour of glibc's heap
// (M_MMAP_THRESHOLD).
enum cmemprof_error cmemprof_snapshot_encode(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, uint8_t **bytes,
                                             size_t *size);

// ---- Near the limit ----

// Bytes until the process is killed for its memory: to the limit of its cgroup (not memory.high, above which it lives on) or the end of
// what the machine has. UINT64_MAX: unknown.
uint64_t cmemprof_memory_left(void);
// The lowest limit of its cgroup and of those above it. UINT64_MAX: there is none, or it cannot be read.
uint64_t cmemprof_memory_limit(void);
// Memory of the process that only the process can give back: anonymous, shared, swapped; not the pages of files. UINT64_MAX: unknown. Reads
// one file.
uint64_t cmemprof_memory_kept(void);

// Watches that. Zero-initialize; one thread at a time.
struct cmemprof_memory_watch {
    uint64_t left_bytes, growth_bytes; // at the last step: what was left, and growth per second
    uint64_t told_ns, told_left;       // the last time that a step returned true for the limit
    bool was_clear;                    // memory was not short since
    bool over_is_told;                 // RSS is over the threshold since
    uint64_t over_ns;                  // a step returned true for that
    uint64_t last_ns, last_bytes, last_rate;
};
// Returns true if the limit, or a resident size of threshold_bytes (0: none), is near or will soon be reached: once a crossing. Call again
// after *wait_ns, a second while much is left.
bool cmemprof_memory_watch_step(struct cmemprof_memory_watch *watch, uint64_t threshold_bytes, uint64_t *wait_ns);

// ---- Statistics ----

// Since the process started. Every sample is accounted for exactly once: samples = those in a profile + lost_stacks + lost_shards. A sample
// counted in lost_live is in alloc_* but not in inuse_*.
struct cmemprof_stats {
    uint64_t interval_bytes;     // 0: off
    uint64_t samples;            // sampled allocations
    uint64_t live;               // of these, live now
    uint64_t stacks;             // distinct stacks
    uint64_t own_bytes;          // memory of the tables that was ever written to
    uint64_t limit_bytes;        // what own_bytes may grow to
    uint64_t lost_stacks;        // samples dropped: stack table full
    uint64_t lost_shards;        // samples dropped: too many threads sampling at the same moment
    uint64_t lost_live;          // samples that cannot be tracked: live table full
    uint64_t reclaimed_stacks;   // evicted: no live samples, and their memory was needed
    uint64_t reclaimed_samples;  // their samples, in a profile one sample "[evicted stacks]"
    uint64_t unsampled_nested;   // the profiler's own allocations that were due, never sampled
    uint64_t cut_no_rule;        // stacks cut at code without call-frame information
    uint64_t cut_unsupported;    // stacks cut at a rule that the unwinder does not support
    uint64_t cut_unreadable;     // stacks cut at unreadable memory
    uint64_t cut_depth;          // stacks cut at 512 frames
    uint64_t unwind_fallbacks;   // frames unwound by frame pointer for lack of call-frame information
    uint64_t sampling_ns;        // CPU time of sampling, without the real allocator's, from one sample in 1,024
    uint64_t mappings;           // address ranges that the program has mapped and not unmapped
    uint64_t mapped_bytes;       // their length, resident or not
    uint64_t lost_mappings;      // mappings and unmappings that were not followed
    uint64_t nameless_mappings;  // mappings that are known, but not by which call: not in a profile
    uint64_t label_sets;         // distinct sets of goroutines' labels
    uint64_t labels_left_out;    // labels that a sample does not have because of their keys
    uint64_t lost_labels;        // because they do not fit: the sample is there without them
    uint64_t before_start_bytes; // in use at the first cmemprof_start, by the real allocator's count: in no profile. 0: unknown
};
void cmemprof_get_stats(struct cmemprof_stats *stats);

// How old live memory is and how long freed memory lived, in bytes, estimated from the samples. realloc counts as a free and an allocation.
enum { CMEMPROF_AGE_CLASSES = 6, CMEMPROF_LIFETIME_CLASSES = 18 };
struct cmemprof_ages {
    // Live memory, by age: less than 1 minute, 1 to 5, 5 to 30, 30 to 120, 2 hours to a day, more.
    double live_bytes[CMEMPROF_AGE_CLASSES];
    // Freed since the first start, by lifetime: less than 1 second, then class n is [2^(n-1), 2^n) s; the last one is open, from 18.2 hours
    // on.
    double freed_bytes[CMEMPROF_LIFETIME_CLASSES];
    // Live memory, by age in the same classes: its lifetime is at least that long.
    double outlived_bytes[CMEMPROF_LIFETIME_CLASSES];
    // Ages and lifetimes are off by at most this, apart from whole seconds: the longest pause between two calls of cmemprof_make_room.
    uint32_t worst_pause_s;
};
void cmemprof_get_ages(struct cmemprof_ages *ages); // reads all live samples

// The moments that cmemprof_snapshot_take_peaks is of. time_ns 0: there is none yet.
struct cmemprof_peak {
    double live_bytes;  // of C, estimated from samples
    uint64_t rss_bytes; // of the process; 0: unknown
    int64_t time_ns;    // since 1970
    uint32_t after_s;   // since the first start
};
void cmemprof_get_peaks(struct cmemprof_peak *live, struct cmemprof_peak *rss);

// The real allocator's statistics of all its memory, sampled or not. 0: unknown; musl reports nothing, mimalloc not what is in use.
struct cmemprof_allocator_stats {
    const char *name;        // "glibc", "jemalloc", "tcmalloc" (gperftools), "mimalloc", "musl", "other"
    uint64_t in_use_bytes;   // allocated and not freed, as rounded by the allocator
    uint64_t mapped_bytes;   // address space held to serve them; mimalloc: committed
    uint64_t resident_bytes; // upper bound of what is resident: the allocator's figure, for glibc the present pages of its heaps and its
                             // large blocks as a whole; at most the process's RssAnon
    uint64_t retained_bytes; // kept for reuse; glibc: free blocks, jemalloc and tcmalloc: address space without memory
    uint64_t fragmentation_bytes; // resident - in use
    uint64_t free_blocks;         // glibc: their count. The first and the last page of each are in use by its neighbours
    uint64_t metadata_bytes;      // the allocator's own tables; jemalloc only
};
// Takes the allocator's locks; on glibc for as long as it counts the free blocks.
void cmemprof_get_allocator_stats(struct cmemprof_allocator_stats *stats);

// ---- CPU profile ----

// For Go's runtime.SetCgoTraceback (version 0): the traceback and the symbolizer function. C frames then stand on top of the Go frames of
// Go's CPU profile, and in what Go prints when a program crashes in C, with file and offset. While not started, the traceback gives none.
// argument: as documented there.
void cmemprof_cgo_traceback(void *argument);
void cmemprof_cgo_symbolizer(void *argument);
bool cmemprof_cgo_traceback_start(void); // false: memory ran out. Call cmemprof_set_go_text before
void cmemprof_cgo_traceback_stop(void);

// Since the process started.
struct cmemprof_cpu_stats {
    uint64_t stacks;          // stacks of C frames given to Go
    uint64_t left_out;        // of these, deeper than there is room for
    uint64_t busy;            // none was given, since too many threads were in signal handlers
    uint64_t cut_no_rule;     // cut at code without call-frame information
    uint64_t cut_unsupported; // cut at a rule that the unwinder does not support
    uint64_t cut_unreadable;  // cut at unreadable memory
    uint64_t cut_depth;       // deeper than 2,048 frames: without the root part
};
void cmemprof_get_cpu_stats(struct cmemprof_cpu_stats *stats);

uint64_t cmemprof_process_cpu_ns(void); // the CPU time that the process has used; 0: unknown

// Call around Go's start and stop of a CPU profile, on the thread that does this: samples are then taken of calls into C that began before,
// which Go leaves out (cpu_unsampled.h). hz: Go's rate, 100.
void cmemprof_cpu_begin(void);
void cmemprof_cpu_began(int hz);
void cmemprof_cpu_ending(int hz);
void cmemprof_cpu_end(void);
// The Go return addresses of these samples, for cmemprof_cpu_profile. Valid until the next begin.
size_t cmemprof_cpu_go_pcs(const uintptr_t **pcs);

// An uncompressed CPU profile of Go's, completed: C code has its names; what Go has left out is added, with names of what
// cmemprof_cpu_go_pcs lists (NULL: nothing is added); if the samples stand for less than process_ns, the CPU time of the process (0:
// unknown), by 3 % or more, the rest is one sample, "(CPU time not sampled)".
struct cmemprof_cpu {
    uint8_t *bytes; // the profile, uncompressed
    size_t size;
    uint64_t process_ns, sampled_ns, unsampled_ns; // unsampled_ns: that sample; 0: there is none
    uint64_t added_ns;                             // of sampled_ns, what Go had left out
    uint64_t c_ns;                                 // of sampled_ns, samples of C code
    double weight;                                 // of Go's samples, in periods
    uint64_t nameless;                             // C addresses without a name
};
enum cmemprof_error cmemprof_cpu_profile(const void *bytes, size_t size, uint64_t process_ns, const struct cmemprof_go_names *names,
                                         struct cmemprof_cpu *result);
void cmemprof_cpu_profile_free(struct cmemprof_cpu *result);

// ---- Memory profile ----

// Where the resident memory (RSS) of this process is, by cause: docs/memory.md explains each part. The parts add up to rss_bytes.
enum cmemprof_memory_part {
    CMEMPROF_MEMORY_GO_LIVE,         // objects that the last collection found in use
    CMEMPROF_MEMORY_GO_DEAD,         // objects that it did not, or that came later
    CMEMPROF_MEMORY_GO_FREE,         // free, and not returned to the system
    CMEMPROF_MEMORY_GO_STACKS,       // of goroutines
    CMEMPROF_MEMORY_GO_METADATA,     // the runtime's own, outside of its heap
    CMEMPROF_MEMORY_MALLOC_LIVE,     // allocated by C and not freed
    CMEMPROF_MEMORY_MALLOC_FREE,     // free in the allocator
    CMEMPROF_MEMORY_MALLOC_METADATA, // the allocator's heads and tables
    CMEMPROF_MEMORY_MAPPED,          // mapped by C
    CMEMPROF_MEMORY_THREAD_STACKS,
    CMEMPROF_MEMORY_FILES,         // mapped files that are no code
    CMEMPROF_MEMORY_SHARED_MEMORY, // memfd, /dev/shm, System V, shared and anonymous
    CMEMPROF_MEMORY_PROGRAM,       // code and data of the program and its libraries
    CMEMPROF_MEMORY_PROFILER,      // this profiler's tables
    CMEMPROF_MEMORY_NOT_SEEN,      // mapped without the profiler's seeing it: by a raw system call, by libc itself, or before its start
    CMEMPROF_MEMORY_UNEXPLAINED,
    CMEMPROF_MEMORY_PARTS
};
const char *cmemprof_memory_part_key(enum cmemprof_memory_part part); // "go_live", ... Never NULL

// What Go's runtime says of itself (runtime/metrics), in bytes, mapped or not resident.
struct cmemprof_go_memory {
    uint64_t live, objects; // live: of the last collection
    uint64_t unused, free;  // in spans that are in use; spans that are free and not returned
    uint64_t stacks, metadata;
    uint64_t cached; // what processors may hold of free pages without saying so
};

#define CMEMPROF_MEMORY_UNKNOWN UINT64_MAX
struct cmemprof_memory_figures {
    bool has_parts;     // false: there is no /proc, or it may not be read. Then there is no profile either
    bool is_complete;   // all that could be measured was; else parts are missing, or only estimated
    char missing[500];  // what was not measured and why; "": nothing
    uint64_t rss_bytes; // the sum of the parts
    uint64_t parts[CMEMPROF_MEMORY_PARTS];
    // CMEMPROF_MEMORY_UNKNOWN: not to be learned.
    uint64_t peak_rss_bytes, swap_bytes, threads;
    unsigned cgroup_version; // 0: in no cgroup that accounts for memory, or it may not be read. Version 1 knows no events but oom_kills
    uint64_t cgroup_id;      // processes of one machine with the same id are in one cgroup
    // CMEMPROF_MEMORY_UNKNOWN: the kernel does not say it; there is no limit.
    uint64_t cgroup_bytes, cgroup_limit_bytes;
    uint64_t cgroup_anon_bytes, cgroup_file_bytes, cgroup_shmem_bytes, cgroup_kernel_bytes, cgroup_inactive_file_bytes;
    // The limit of which least is left, and what counts against it, without page cache that the kernel takes first (cgroup_memory.h).
    uint64_t limit_bytes, limit_used_bytes;
    uint64_t cgroup_high_events, cgroup_max_events, cgroup_oom_kills; // since the cgroup was made
};

// Taken in steps as the heap profile is. go: NULL for a program without Go. allocator: cmemprof_get_allocator_stats of this period; NULL if
// it was not asked, and what is free in it is then an estimate from samples. Takes 28 ms and 1 MB with 5 GB in 5,000 areas.
struct cmemprof_memory_profile;
struct cmemprof_memory_profile *cmemprof_memory_profile_take(const struct cmemprof_go_memory *go,
                                                             const struct cmemprof_allocator_stats *allocator); // NULL: memory ran out
void cmemprof_memory_profile_figures(const struct cmemprof_memory_profile *profile, struct cmemprof_memory_figures *figures);
size_t cmemprof_memory_profile_go_pcs(const struct cmemprof_memory_profile *profile, const uintptr_t **pcs);
// A profile with the sample type resident_space/bytes. A stack ends in frames of the part and its kind ("C heap", "live"). Labels: part,
// the key; memory=C for stacks of C allocations. go_heap: Go's heap profile, uncompressed, for stacks of Go's live objects; NULL: without.
// *bytes belongs to the profile.
enum cmemprof_error cmemprof_memory_profile_encode(struct cmemprof_memory_profile *profile, const struct cmemprof_go_names *names,
                                                   const void *go_heap, size_t go_heap_size, const uint8_t **bytes, size_t *size);
void cmemprof_memory_profile_free(struct cmemprof_memory_profile *profile);

// Of RSS, by smaps_rollup, which walks all pages: 14 ms a GB.
struct cmemprof_memory_rollup {
    uint64_t rss_bytes, lazy_free_bytes, huge_bytes;
};
bool cmemprof_memory_get_rollup(struct cmemprof_memory_rollup *rollup); // false: not to be learned

#ifdef __cplusplus
}
#endif

#endif
