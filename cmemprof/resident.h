// resident.h (resident): where the resident memory of a process is, by cause.
//
// Every area of /proc/PID/smaps belongs to one part, or is cut into pieces that do, so the parts add up to its Rss. What the kernel does
// not tell is recognized by records that the memory itself holds, each of which is verified before it counts: glibc's heaps by their heads,
// Go's by its heap's list of arenas. What nothing explains is a part of its own.
//
// Mapped is not resident: a piece counts the pages that /proc/PID/pagemap calls present. docs/memory.md explains each part.
//
// Threads: any, not inside malloc; one at a time for one struct. Memory: symbolizer_arena.h, 110 bytes an area. The process goes on
// meanwhile, so areas that it maps and unmaps during the call may be counted twice or not at all.
#ifndef CMEMPROF_RESIDENT_H
#define CMEMPROF_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "namespace.h"
#include "resident_go.h"
#include "symbolizer_arena.h"
#include "smaps.h"

enum resident_part {
    RESIDENT_PROGRAM,     // the executable's code and data, with its .bss
    RESIDENT_LIBRARIES,   // the same of shared objects
    RESIDENT_FILES,       // other mapped files, by path
    RESIDENT_SHARED,      // shared memory: memfd, /dev/shm, System V, anonymous and shared
    RESIDENT_MALLOC,      // glibc's heaps: the break, arenas, and large blocks that each have a mapping
    RESIDENT_GO_HEAP,     // Go's arenas: objects, goroutine stacks, and what is free there
    RESIDENT_STACKS,      // of threads
    RESIDENT_GO_OTHER,    // mapped by Go's runtime outside of its heap, as far as the process itself knows
    RESIDENT_MAPPED,      // mapped by C, as far as the process itself knows
    RESIDENT_PROFILER,    // mapped by the profiler, as far as the process itself knows
    RESIDENT_UNEXPLAINED, // anonymous memory of an unknown owner: other allocators, mmap by C, the Go runtime's own
    RESIDENT_PART_COUNT
};
// "program", ...: the key in JSON. Never NULL.
const char *resident_part_key(enum resident_part part);

struct resident_piece {
    uint64_t low, high; // first: address_order.h
    uint64_t rss;
    uint32_t anonymous_kib, lazy_free_kib, huge_kib, swap_kib;
    uint32_t name; // index of names
    uint8_t part;
    bool is_private : 1, is_writable : 1, is_readable : 1, is_executable : 1, has_file : 1;
};

// [low, high) belongs to a part (resident_pieces.h).
struct resident_claimed {
    uint64_t low, high; // first: address_order.h
    uint32_t name;
    uint8_t part;
};

// The pieces of one part under one name.
struct resident_entry {
    enum resident_part part;
    const char *name; // a path, "arena", "large blocks", a thread's name; "": none
    uint64_t rss, anonymous, lazy_free, huge, swap, mapped;
    uint32_t pieces;
};

// A thread's stack, recognized by its descriptor.
struct resident_stack {
    uint64_t low, high;  // first: address_order.h
    uint64_t descriptor; // within it
    uint32_t name;       // index of names
    bool is_kept;        // by libc, for later threads: its thread has ended
};

struct resident_name {
    const char *text;
    uint32_t next;                         // with the same hash; 0: none
    uint32_t entries[RESIDENT_PART_COUNT]; // counted from 1
};

enum { RESIDENT_HASHES = 1024 };

struct resident {
    pid_t pid;
    struct resident_entry *entries; // most resident first
    size_t entry_count;
    uint64_t rss, swap, hugetlb; // sums of all areas; hugetlb is not part of rss
    uint64_t parts[RESIDENT_PART_COUNT];
    size_t area_count;
    bool reads_bytes;   // false: the process's memory cannot be read, so heaps are unexplained
    bool reads_pages;   // false: pages cannot be counted, so a cut area counts in proportion to the lengths of its pieces
    bool knows_go_heap; // by its own list. Else by where it lies
    struct resident_go go;
    struct resident_stack *stacks;
    size_t stack_count;
    size_t threads, lost_threads; // lost: where their stack is was not to be learned
    bool looked_everywhere;       // false: so much memory is unknown that not all of it was searched for large blocks
    bool ran_short;               // of memory: areas are missing
    bool is_quick;                // pages were counted one by one: there are no sums of what is huge, swapped out, or free to take

    // Internal.
    struct symbolizer_arena memory;
    struct resident_piece *pieces;
    struct resident_claimed *claims; // NULL once the pieces are cut
    struct resident_name *names;     // [0] is ""
    size_t piece_count, piece_capacity, claim_count, claim_capacity, name_count, name_capacity, entry_capacity, stack_capacity;
    uint32_t hashes[RESIDENT_HASHES];
    int bytes_file, pages_file;
    bool is_own;            // this very process, read from maps
    bool is_filtered;       // its system calls are: mincore may be forbidden
    uint32_t program;       // name of the executable
    struct smaps_area last; // whose .bss may follow
    uint32_t last_name;
};

enum smaps_error resident_read(pid_t pid, struct resident *resident);
// Of this process: resident bytes of the heaps of glibc's malloc (break and arenas, without large blocks), and their length. Does not walk
// all pages as resident_read does. Returns false if that cannot be learned.
bool resident_glibc_heaps(uint64_t *bytes, uint64_t *mapped);

// Of this process, for its own profile: as resident_read, but from /proc/self/maps and mincore, in a tenth of the time of smaps: that walks
// all pages for tens of figures. Pages that were read and never written are no memory but look like it, so the sum is compared with the
// kernel's counters, and smaps is read after all if they differ. claim: of what the process itself knows, called once the areas are there;
// what it claims is not searched for large blocks. claim_blocks: the same after that search, and before areas are cut. NULL: nothing.
// go: what was found before; it is filled in if it is not known.
struct resident_own {
    struct resident_go *go;
    void (*claim)(struct resident *resident, void *context);
    void (*claim_blocks)(struct resident *resident, void *context);
    void *context;
};
enum smaps_error resident_read_own(struct resident *resident, const struct resident_own *own);

// What the pages of this process's Go heap are in use for. After resident_read_own. False: not to be learned.
bool resident_count_go_pages(struct resident *resident, struct resident_go_pages *pages);

void resident_close(struct resident *resident); // also after an error

#endif
