// memory_profile.h (resident): internals of the memory profile, shared by the files that take it (memory_profile.c), attribute the C heap
// (memory_profile_heap.c) and encode it (memory_profile_encode.c). The public part is in cmemprof.h.
//
// Each part's resident pages are counted; nothing is a difference of sums that can be negative. Where a part is divided among kinds that
// share pages (live and free blocks), the kinds' figures are shares of what was counted.
//
// Threads: any, not inside malloc; one at a time for one profile. Memory: resident.h, and 32 bytes a live sample; freed with the profile.
#ifndef CMEMPROF_MEMORY_PROFILE_H
#define CMEMPROF_MEMORY_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "allocator_stats.h"
#include "cmemprof.h"
#include "mapped_buffer.h"
#include "resident.h"
#include "profiler.h"
#include "snapshot.h"

// A live sample of the C heap.
struct live_block {
    uint64_t low;                            // first: address_order.h
    uint64_t size_bytes : 61, age_class : 3; // age.h
    double weight;
    struct stack *stack;
};

// One or more samples of the profile, before they are scaled to what their part has.
struct memory_stack {
    struct stack *stack;
    double bytes; // resident
};

// What was mapped at once, or what is left of it.
struct memory_range {
    uint64_t low, high;  // first: address_order.h
    struct stack *stack; // NULL: unknown
    uint32_t pages;      // resident
    uint8_t owner;       // enum mapping_owner
};

// A thread's stack, or those of all threads that were made alike and have one name.
struct memory_thread {
    uint64_t group;                  // first: address_order.h
    struct stack *routine, *creator; // one frame: its start routine; the stack that made it. NULL: unknown
    uint64_t bytes, count;
    const char *name; // in resident's memory
    uint8_t owner;    // enum thread_owner
};

// More areas than the kernel lets a process have by default (vm.max_map_count).
enum { MEMORY_PROFILE_MAX_RANGES = 65536 };

// Free memory of one arena of the allocator.
struct memory_arena {
    const char *name;
    double bytes;
};

struct cmemprof_memory_profile {
    struct cmemprof_memory_figures figures;
    struct cmemprof_snapshot *snapshot; // holds the stacks in place; its records are the live stacks
    struct resident resident;           // its entries; the pieces are gone
    struct resident_go_pages go_pages;  // zeroes: not to be learned
    double live_stacks;                 // sum of the records; what they are scaled to:
    uint64_t live_of_stacks, live_of_others;
    struct memory_arena *arenas; // in resident's memory
    size_t arena_count;
    double arena_sum;
    struct mapped_buffer blocks; // struct live_block
    size_t block_count;
    uint32_t now_s;              // of the clock of ages
    struct mapped_buffer ranges; // struct memory_range
    size_t range_count;
    bool knows_ranges;                   // all that was noted, but for what is said to be missing
    uint64_t beyond_allocator;           // resident in the allocator's areas, and not its own by its word
    size_t mapped_records;               // the first record of a mapping
    struct memory_thread *threads;       // in resident's memory; groups, once they are divided
    size_t thread_count, thread_records; // records: the first one of a thread
    const char *allocator;               // its name
    bool is_glibc;
    allocator_owns_function *owns; // NULL: it cannot be asked
};

// cmemprof_memory_profile_take of a profiler.
struct cmemprof_memory_profile *memory_profile_of(struct profiler *self, const struct cmemprof_go_memory *go,
                                                  const struct cmemprof_allocator_stats *allocator);
void memory_profile_after_fork_in_child(struct profiler *self);

// Adds a sentence, without its full stop, to what the figures lack.
__attribute__((format(printf, 2, 3))) void memory_profile_say_missing(struct cmemprof_memory_profile *profile, const char *format, ...);

// ---- memory_profile_heap.c ----

// Copies the live samples. Caller must hold the reclaiming lock. False: memory ran out.
bool memory_profile_copy_blocks(struct cmemprof_memory_profile *profile);
// After the search for large blocks: says which memory is the allocator's, by where samples lie.
void memory_profile_claim_heap(struct resident *resident, struct cmemprof_memory_profile *profile);
// Divides the C heap's resident bytes: figures.parts, records, arenas. allocator NULL: not asked.
bool memory_profile_divide_heap(struct cmemprof_memory_profile *profile, const struct cmemprof_allocator_stats *allocator);

// ---- memory_profile_mapped.c ----

#define memory_profile_arenas "Python's arenas" // the name of MAPPING_OF_ARENAS among those of the C heap
// Whether the address is in one of them. After the ranges were copied.
bool memory_profile_is_in_arena(const struct cmemprof_memory_profile *profile, uint64_t address);

// Copies the ranges that were mapped. Caller must hold the reclaiming lock. False: memory ran out.
bool memory_profile_copy_ranges(struct cmemprof_memory_profile *profile);
void memory_profile_claim_ranges(struct resident *resident, struct cmemprof_memory_profile *profile);
// Adds records of what is resident of the program's ranges.
bool memory_profile_divide_mapped(struct cmemprof_memory_profile *profile);

// ---- memory_profile_threads.c ----

// Before areas are cut: reads who made each thread.
void memory_profile_find_makers(struct resident *resident, struct cmemprof_memory_profile *profile);
// Divides the thread stacks by who made them. What stays in resident's entries is known by name only.
bool memory_profile_divide_threads(struct cmemprof_memory_profile *profile);

// part * whole / of, for parts of what was counted.
static inline uint64_t memory_share(uint64_t whole, double part, double of) {
    double share = of > 0 ? (double)whole * (part / of) : 0;
    return share <= 0 ? 0 : share >= (double)whole ? whole : (uint64_t)share;
}

#endif
