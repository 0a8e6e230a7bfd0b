// allocator_stats.c: asks the allocator behind, each in its own way.
//
// An allocator is recognized by what the object that holds its malloc also defines, since a program may link a second one for something
// else. Nothing is allocated here. glibc counts its free blocks one by one, each arena under that arena's lock, so this is for once a
// profile and not for once a request.

#include "allocator_stats.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include "hook_binding.h"
#include "next_allocator.h"

typedef int mallctl_function(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size);
typedef int tcmalloc_property_function(const char *name, size_t *value);
typedef void mimalloc_process_function(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms, size_t *resident, size_t *peak_resident,
                                       size_t *commit, size_t *peak_commit, size_t *page_faults);

static void *beside_malloc(const char *name) {
    return hook_binding_beside((const void *)next_allocator.malloc, name);
}

// ---- jemalloc ----

static uint64_t mallctl_value(mallctl_function *mallctl, const char *name) {
    size_t value = 0, size = sizeof value;
    return mallctl(name, &value, &size, NULL, 0) == 0 ? value : 0;
}

static void ask_jemalloc(mallctl_function *mallctl, struct cmemprof_allocator_stats *stats) {
    uint64_t epoch = 1; // has the figures brought up to date
    (void)mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    stats->in_use_bytes = mallctl_value(mallctl, "stats.allocated");
    stats->resident_bytes = mallctl_value(mallctl, "stats.resident");
    stats->retained_bytes = mallctl_value(mallctl, "stats.retained");
}

// ---- tcmalloc, of gperftools ----

static uint64_t tcmalloc_value(tcmalloc_property_function *property, const char *name) {
    size_t value = 0;
    return property(name, &value) != 0 ? value : 0;
}

static void ask_tcmalloc(tcmalloc_property_function *property, struct cmemprof_allocator_stats *stats) {
    stats->in_use_bytes = tcmalloc_value(property, "generic.current_allocated_bytes");
    stats->retained_bytes = tcmalloc_value(property, "tcmalloc.pageheap_unmapped_bytes");
    stats->resident_bytes = tcmalloc_value(property, "generic.total_physical_bytes"); // 2.8 and later
    if (stats->resident_bytes == 0) {
        stats->resident_bytes = tcmalloc_value(property, "generic.heap_size") - stats->retained_bytes;
    }
}

// ---- mimalloc ----

// Release builds of it do not count what is in use.
static void ask_mimalloc(mimalloc_process_function *process, struct cmemprof_allocator_stats *stats) {
    size_t resident = 0, commit = 0, other;
    process(&other, &other, &other, &resident, &other, &commit, &other, &other);
    stats->resident_bytes = commit;
}

// ---- libc ----

#ifdef __GLIBC__
static const char libc_name[] = "glibc";

// What it has mapped stands for what is resident: it does not know which of its pages are.
static void ask_libc(struct cmemprof_allocator_stats *stats) {
#if __GLIBC_PREREQ(2, 33)
    // By name, so that a program that is built here also starts on an older glibc.
    struct mallinfo2 (*mallinfo2_function)(void) = (struct mallinfo2(*)(void))beside_malloc("mallinfo2");
    if (mallinfo2_function != NULL) {
        struct mallinfo2 info = mallinfo2_function();
        stats->in_use_bytes = info.uordblks + info.hblkhd;
        stats->resident_bytes = info.arena + info.hblkhd;
        stats->retained_bytes = info.fordblks;
    }
#else
    (void)stats;
#endif
}
#else
static const char libc_name[] = "musl";

static void ask_libc(struct cmemprof_allocator_stats *stats) {
    (void)stats; // it keeps no figures
}
#endif

// ---- All ----

static void ask(struct cmemprof_allocator_stats *stats) {
    void *function;
    if ((function = beside_malloc("mallctl")) != NULL) {
        stats->name = "jemalloc";
        ask_jemalloc((mallctl_function *)function, stats);
    } else if ((function = beside_malloc("MallocExtension_GetNumericProperty")) != NULL) {
        stats->name = "tcmalloc";
        ask_tcmalloc((tcmalloc_property_function *)function, stats);
    } else if ((function = beside_malloc("mi_process_info")) != NULL) {
        stats->name = "mimalloc";
        ask_mimalloc((mimalloc_process_function *)function, stats);
    } else if (beside_malloc("__libc_start_main") != NULL) {
        stats->name = libc_name;
        ask_libc(stats);
    }
}

void cmemprof_get_allocator_stats(struct cmemprof_allocator_stats *stats) {
    *stats = (struct cmemprof_allocator_stats){.name = "other"};
    ask(stats);
    // The figures are not of one moment.
    if (stats->in_use_bytes != 0 && stats->resident_bytes > stats->in_use_bytes) {
        stats->fragmentation_bytes = stats->resident_bytes - stats->in_use_bytes;
    }
}

bool allocator_stats_are_slow(void) {
    return beside_malloc("mallctl") == NULL && beside_malloc("MallocExtension_GetNumericProperty") == NULL &&
           beside_malloc("mi_process_info") == NULL;
}

void allocator_stats_print(char *text, size_t size) {
    struct cmemprof_allocator_stats stats;
    cmemprof_get_allocator_stats(&stats);
    (void)snprintf(text, size,
                   "cmemprof allocator: name=%s in_use=%" PRIu64 " resident=%" PRIu64 " retained=%" PRIu64 " fragmentation=%" PRIu64,
                   stats.name, stats.in_use_bytes, stats.resident_bytes, stats.retained_bytes, stats.fragmentation_bytes);
}
