// resident_go.h (resident): what is known of the memory of Go's runtime in a program with a symbol table.
//
// resident_go.c finds its heap, resident_go_pages.c what its pages are in use for.
#ifndef CMEMPROF_RESIDENT_GO_H
#define CMEMPROF_RESIDENT_GO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

// Arena n begins at n * GO_ARENA_BYTES + GO_ARENA_BASE (runtime/malloc.go).
#define GO_ARENA_BYTES (UINT64_C(64) << 20)
#ifdef __aarch64__
#define GO_ARENA_BASE UINT64_C(0)
#else
#define GO_ARENA_BASE UINT64_C(0xffff800000000000)
#endif

// Where the runtime keeps its heap's records. It does not change while a program runs.
enum { GO_LISTS = 16, GO_SEARCHES = 3 };
struct resident_go {
    bool is_known; // the following two were looked for
    bool is_go;
    uint64_t address, size;   // of runtime.mheap_ in memory; 0: not to be learned
    uint64_t arenas;          // the map of arenas; 0: not looked for, or not found
    uint32_t lists[GO_LISTS]; // of arenas' numbers: the words of mheap_ where they were found
    uint32_t list_count, searches;
};

// Pages of the Go heap, in bytes.
enum { GO_LARGE_SIZES = 64 };
struct resident_go_pages {
    uint64_t free; // resident, and free by the page allocator's record
    uint64_t kept; // of these, not given back
    // Allocated and not resident, as they were never written to.
    uint64_t unwritten_stacks, unwritten_objects;
    struct go_large_size {
        uint64_t size, unwritten; // of objects of so many bytes, in whole pages; they have spans of their own
    } large[GO_LARGE_SIZES];
    size_t large_count;
};

#endif
