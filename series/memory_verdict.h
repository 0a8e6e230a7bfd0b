// memory_verdict.h: what the memory of a process, by cause over time, amounts to: a leak, memory that is kept free, or no trouble.
//
// Rules, for each figure that grows (shape.h) by 16 MiB or more, or is large now. "Now" is the lowest of the last quarter of the points (at
// least three), "large" 64 MiB and a fifth of the resident memory.
//     leak               live memory of malloc grows
//     go_growth          live memory of Go grows
//     mapping            memory that C maps itself grows; the same for mapped_file, shared_memory
//     thread_stacks      stacks grow, and the count of threads does
//     unknown_growth     memory of an unknown owner grows
//     retention          the allocator's free memory is large or grows, and half of it or more is whole pages that it can give back
//     fragmentation      the same, and less than half of it is: live blocks pin the pages. What the allocator says gives a lower
//                        bound: each free block is taken to lose a page to its neighbours, so a million free blocks of 32 bytes hide
//                        200 MB of whole pages beside them. So the count of blocks over time counts, too: free memory that has come
//                        without blocks for it, compared with when least was free, is whole pages
//     go_not_returned    Go's free memory is large
//     page_cache         file pages are half of what the cgroup counts, and that is half of its limit; the kernel takes them back
//     plateau            live or mapped memory rose and stayed, linearly or from a level before it: a leak that has stopped, or a busy hour
//     cache_full         it rose from the start, ever more slowly, and stayed: a cache that has reached its size
// A figure that is not known has no verdict; nothing is derived from its absence.
//
// Threads: any. Memory: the stack, 30 KB.
#ifndef CMEMPROF_SERIES_MEMORY_VERDICT_H
#define CMEMPROF_SERIES_MEMORY_VERDICT_H

#include "namespace.h"
#include "shape.h"

// In metrics.json "memory_" NAME "_bytes" (docs/memory.md); threads is a count.
enum memory_figure {
    MEMORY_RSS,
    MEMORY_GO_LIVE,
    MEMORY_GO_FREE,
    MEMORY_MALLOC_LIVE,
    MEMORY_MALLOC_FREE,
    MEMORY_MALLOC_TRIM,   // whole free pages of the allocator that are resident: what it can give back at least
    MEMORY_MALLOC_BLOCKS, // free blocks of it: a count
    MEMORY_MAPPED,
    MEMORY_THREAD_STACKS,
    MEMORY_THREADS,
    MEMORY_FILES,
    MEMORY_SHARED,
    MEMORY_NOT_SEEN, // mapped without the profiler's seeing it
    MEMORY_UNEXPLAINED,
    MEMORY_CGROUP,
    MEMORY_CGROUP_LIMIT,
    MEMORY_CGROUP_FILE,
    MEMORY_CGROUP_INACTIVE_FILE,
    MEMORY_LIMIT,      // the one that is nearest
    MEMORY_LIMIT_USED, // what counts against it
    MEMORY_FIGURE_COUNT
};
// "memory_rss_bytes". Never NULL.
const char *memory_figure_name(enum memory_figure figure);

// The numbers are those of c_verdict in metrics.json and stay.
enum memory_verdict_kind {
    VERDICT_NONE = 0,
    VERDICT_LEAK = 1,
    VERDICT_GO_GROWTH = 2,
    VERDICT_MAPPING = 3,
    VERDICT_MAPPED_FILE = 4,
    VERDICT_SHARED_MEMORY = 5,
    VERDICT_THREAD_STACKS = 6,
    VERDICT_UNKNOWN_GROWTH = 7,
    VERDICT_RETENTION = 8,
    VERDICT_FRAGMENTATION = 9,
    VERDICT_GO_NOT_RETURNED = 10,
    VERDICT_PAGE_CACHE = 11,
    VERDICT_PLATEAU = 12,
    VERDICT_CACHE_FULL = 13,
    VERDICT_KIND_COUNT
};
const char *memory_verdict_name(enum memory_verdict_kind kind); // "leak". Never NULL.
// Which of two verdicts comes first: 0 what grows, 1 what can be given back, 2 what rose and stayed, 3 the page cache, 4 none and what is
// no verdict.
int memory_verdict_rank(int kind);

// Points by time, at most TREND_MAX_POINTS. No points: the figure is not known.
struct memory_series {
    const struct series_point *points;
    size_t count;
};

struct memory_verdict {
    enum memory_verdict_kind kind;
    enum memory_figure figure;
    struct shape shape; // SHAPE_NONE: large, without a rise
    double bytes;       // what it is about: the rise of what grows or rose, the level of the rest
    double gives_back;  // of that, what following the advice gives back at once; NAN: not known. Of fragmentation: at least
    double block_bytes; // of what the allocator keeps free, the mean size of a block; NAN: not known, or another verdict
};

// At most one per figure. The growing ones come first, then what can be given back, what rose and stayed, the page cache; each by bytes,
// most first.
size_t memory_verdicts(const struct memory_series series[MEMORY_FIGURE_COUNT], struct memory_verdict verdicts[MEMORY_FIGURE_COUNT]);

#endif
