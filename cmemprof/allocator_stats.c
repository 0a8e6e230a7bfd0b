// allocator_stats.c (hook): queries the real allocator through its own interface.
//
// An allocator is identified by what else the object defines that contains its malloc, since a program may link a second allocator for
// something else. Allocates nothing. glibc counts its free blocks one by one, each arena under its lock, so call this once a profile, not
// once a request.

#include "allocator_stats.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interposition.h"
#include "page_residency.h"
#include "real_allocator.h"
#include "resident.h"

typedef int mallctl_function(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size);
typedef int tcmalloc_property_function(const char *name, size_t *value);
typedef void mimalloc_process_function(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms, size_t *resident, size_t *peak_resident,
                                       size_t *commit, size_t *peak_commit, size_t *page_faults);

static void *beside_malloc(const char *name) {
    return interposition_next_in_object((const void *)real_allocator.malloc, name);
}

// ---- jemalloc ----

static uint64_t mallctl_value(mallctl_function *mallctl, const char *name) {
    size_t value = 0, size = sizeof value;
    return mallctl(name, &value, &size, NULL, 0) == 0 ? value : 0;
}

static void ask_jemalloc(mallctl_function *mallctl, struct cmemprof_allocator_stats *stats) {
    uint64_t epoch = 1; // refreshes the statistics
    (void)mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    stats->in_use_bytes = mallctl_value(mallctl, "stats.allocated");
    stats->mapped_bytes = mallctl_value(mallctl, "stats.mapped");
    stats->resident_bytes = mallctl_value(mallctl, "stats.resident");
    stats->retained_bytes = mallctl_value(mallctl, "stats.retained");
    stats->metadata_bytes = mallctl_value(mallctl, "stats.metadata");
}

// ---- tcmalloc, of gperftools ----

static uint64_t tcmalloc_value(tcmalloc_property_function *property, const char *name) {
    size_t value = 0;
    return property(name, &value) != 0 ? value : 0;
}

static void ask_tcmalloc(tcmalloc_property_function *property, struct cmemprof_allocator_stats *stats) {
    stats->in_use_bytes = tcmalloc_value(property, "generic.current_allocated_bytes");
    stats->retained_bytes = tcmalloc_value(property, "tcmalloc.pageheap_unmapped_bytes");
    stats->mapped_bytes = tcmalloc_value(property, "generic.heap_size");
    stats->resident_bytes = tcmalloc_value(property, "generic.total_physical_bytes"); // gperftools 2.8 and later
    if (stats->resident_bytes == 0) {
        stats->resident_bytes = stats->mapped_bytes - stats->retained_bytes;
    }
}

// ---- mimalloc ----

// Its release builds do not count what is in use.
static void ask_mimalloc(mimalloc_process_function *process, struct cmemprof_allocator_stats *stats) {
    size_t resident = 0, commit = 0, other;
    process(&other, &other, &other, &resident, &other, &commit, &other, &other);
    stats->mapped_bytes = commit;
}

// mi_is_in_heap_region looks at a map of its segments, not at the memory.
allocator_owns_function *allocator_stats_owner(void) {
    return beside_malloc("mi_process_info") ? (allocator_owns_function *)beside_malloc("mi_is_in_heap_region") : NULL;
}

// ---- libc ----

#ifdef __GLIBC__
static const char libc_name[] = "glibc";

// glibc does not know which of its pages are resident: malloc_trim returns pages from the middle of the heap without a change in its
// figures. So the pages of its heaps are counted. Large blocks have mappings of their own, and are in use as a whole.
static void count_heaps(struct cmemprof_allocator_stats *stats, uint64_t heaps, uint64_t large) {
    uint64_t bytes, mapped;
    // With less than glibc has, a heap was not recognized.
    if (resident_glibc_heaps(&bytes, &mapped) && mapped >= heaps - heaps / 16) {
        stats->resident_bytes = bytes + large;
    }
}

// struct mallinfo2 of glibc 2.33 and newer; <malloc.h> of older ones lacks it. mallinfo has the same members as int.
struct wide_mallinfo {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

// Functions are looked up by name, so that the library runs with an older glibc than it was built with, and the other way round.
static bool ask_glibc(struct wide_mallinfo *info) {
    struct wide_mallinfo (*wide)(void) = (struct wide_mallinfo(*)(void))beside_malloc("mallinfo2");
    struct mallinfo (*narrow)(void) = !wide ? (struct mallinfo(*)(void))beside_malloc("mallinfo") : NULL;
    if (wide) {
        *info = wide();
        return true;
    }
    // Its figures are modulo 4 GiB, which is enough while the process has no more than that.
    if (!narrow || page_residency_writable() > UINT32_MAX) {
        return false;
    }
    struct mallinfo figures = narrow();
    *info = (struct wide_mallinfo){.arena = (unsigned)figures.arena,
                                   .ordblks = (unsigned)figures.ordblks,
                                   .hblkhd = (unsigned)figures.hblkhd,
                                   .uordblks = (unsigned)figures.uordblks,
                                   .fordblks = (unsigned)figures.fordblks};
    return true;
}

static void ask_libc(struct cmemprof_allocator_stats *stats, bool counts_pages) {
    struct wide_mallinfo info;
    if (!ask_glibc(&info)) {
        return;
    }
    stats->in_use_bytes = info.uordblks + info.hblkhd;
    stats->mapped_bytes = info.arena + info.hblkhd;
    stats->retained_bytes = info.fordblks;
    stats->free_blocks = info.ordblks;
    if (counts_pages) {
        count_heaps(stats, info.arena, info.hblkhd);
    }
}
#else
static const char libc_name[] = "musl";

static void ask_libc(struct cmemprof_allocator_stats *stats, bool counts_pages) {
    (void)stats, (void)counts_pages; // no statistics
}
#endif

// ---- All ----

// The process's anonymous memory (RssAnon). Returns UINT64_MAX if unknown.
static uint64_t anonymous_bytes(void) {
    uint64_t resident, shared;
    return !page_residency_totals(&resident, &shared) ? UINT64_MAX : resident > shared ? resident - shared : 0;
}

// Caps what is resident at the process's RssAnon, since an allocator without its own figure may have all of its mappings resident. Memory
// in use is taken to be resident, so that memory the kernel has reclaimed is not called fragmentation.
static void settle(struct cmemprof_allocator_stats *stats, uint64_t anonymous) {
    uint64_t max = stats->resident_bytes != 0 ? stats->resident_bytes : stats->mapped_bytes;
    stats->resident_bytes = max < anonymous ? max : anonymous == UINT64_MAX ? stats->resident_bytes : anonymous;
    // The figures are not from the same moment.
    if (stats->in_use_bytes != 0 && stats->resident_bytes > stats->in_use_bytes) {
        stats->fragmentation_bytes = stats->resident_bytes - stats->in_use_bytes;
    }
}

// The function that an allocator has and no other. NULL: libc's, or unknown.
struct identity {
    const char *name;
    void *function;
};

static struct identity identify(void) {
    static const char *const others[][2] = {
        {"jemalloc", "mallctl"}, {"tcmalloc", "MallocExtension_GetNumericProperty"}, {"mimalloc", "mi_process_info"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        void *function = beside_malloc(others[i][1]);
        if (function) {
            return (struct identity){others[i][0], function};
        }
    }
    return (struct identity){beside_malloc("__libc_start_main") ? libc_name : "other", NULL};
}

const char *allocator_stats_name(void) {
    return identify().name;
}

static void ask(struct cmemprof_allocator_stats *stats) {
    struct identity identity = identify();
    stats->name = identity.name;
    if (!identity.function) {
        if (identity.name == libc_name) {
            ask_libc(stats, true);
        }
    } else if (strcmp(identity.name, "jemalloc") == 0) {
        ask_jemalloc((mallctl_function *)identity.function, stats);
    } else if (strcmp(identity.name, "tcmalloc") == 0) {
        ask_tcmalloc((tcmalloc_property_function *)identity.function, stats);
    } else if (strcmp(identity.name, "mimalloc") == 0) {
        ask_mimalloc((mimalloc_process_function *)identity.function, stats);
    }
}

void cmemprof_get_allocator_stats(struct cmemprof_allocator_stats *stats) {
    *stats = (struct cmemprof_allocator_stats){0};
    ask(stats);
    settle(stats, anonymous_bytes());
}

// Only libc's: jemalloc takes 148 KiB for its statistics when it is first asked.
uint64_t allocator_stats_in_use(void) {
    struct cmemprof_allocator_stats stats = {0};
    if (identify().name == libc_name) {
        ask_libc(&stats, false);
    }
    return stats.in_use_bytes;
}

bool allocator_stats_are_slow(void) {
    return !identify().function;
}

void allocator_stats_print(char *text, size_t size) {
    struct cmemprof_allocator_stats stats;
    cmemprof_get_allocator_stats(&stats);
    (void)snprintf(text, size,
                   "cmemprof allocator: name=%s in_use=%" PRIu64 " mapped=%" PRIu64 " resident=%" PRIu64 " retained=%" PRIu64
                   " fragmentation=%" PRIu64,
                   stats.name, stats.in_use_bytes, stats.mapped_bytes, stats.resident_bytes, stats.retained_bytes,
                   stats.fragmentation_bytes);
}
