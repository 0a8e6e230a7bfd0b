// memory_profile.c (resident): takes a memory profile: what is resident, by part.
//
// What no address tells is taken from memory whose owner is unknown, by the owner's own word, and never more than there is: Go's runtime
// says how much it keeps outside of its heap, and this profiler knows the size of its tables.

#include "memory_profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/page.h"
#include "address_order.h"
#include "cgroup_memory.h"
#include "loaded_code.h"
#include "lock_order.h"
#include "page_residency.h"
#include "process_status.h"
#include "reclaim.h"
#include "resident_pieces.h"
#include "statistics.h"

const char *cmemprof_memory_part_key(enum cmemprof_memory_part part) {
    static const char *const keys[CMEMPROF_MEMORY_PARTS] = {
        [CMEMPROF_MEMORY_GO_LIVE] = "go_live",
        [CMEMPROF_MEMORY_GO_DEAD] = "go_dead",
        [CMEMPROF_MEMORY_GO_FREE] = "go_free",
        [CMEMPROF_MEMORY_GO_STACKS] = "go_stacks",
        [CMEMPROF_MEMORY_GO_METADATA] = "go_metadata",
        [CMEMPROF_MEMORY_MALLOC_LIVE] = "malloc_live",
        [CMEMPROF_MEMORY_MALLOC_FREE] = "malloc_free",
        [CMEMPROF_MEMORY_MALLOC_METADATA] = "malloc_metadata",
        [CMEMPROF_MEMORY_MAPPED] = "mapped",
        [CMEMPROF_MEMORY_THREAD_STACKS] = "thread_stacks",
        [CMEMPROF_MEMORY_FILES] = "files",
        [CMEMPROF_MEMORY_SHARED_MEMORY] = "shared_memory",
        [CMEMPROF_MEMORY_PROGRAM] = "program",
        [CMEMPROF_MEMORY_PROFILER] = "profiler",
        [CMEMPROF_MEMORY_NOT_SEEN] = "mapped_not_seen",
        [CMEMPROF_MEMORY_UNEXPLAINED] = "unexplained",
    };
    return part < CMEMPROF_MEMORY_PARTS ? keys[part] : "unknown";
}

void memory_profile_say_missing(struct cmemprof_memory_profile *profile, const char *format, ...) {
    struct cmemprof_memory_figures *figures = &profile->figures;
    size_t length = strlen(figures->missing);
    va_list arguments;
    figures->is_complete = false;
    length += (size_t)snprintf(figures->missing + length, sizeof figures->missing - length, "%s", length != 0 ? "; " : "");
    va_start(arguments, format);
    if (length < sizeof figures->missing) {
        vsnprintf(figures->missing + length, sizeof figures->missing - length, format, arguments);
    }
    va_end(arguments);
}

// ---- Figures of the process as a whole ----

static void read_status(struct cmemprof_memory_figures *figures) {
    struct process_status status;
    (void)process_status_read(PROCESS_STATUS, &status);
    figures->peak_rss_bytes = status.peak_rss;
    figures->swap_bytes = status.swap;
    figures->threads = status.threads;
}
_Static_assert(PROCESS_STATUS_UNKNOWN == CMEMPROF_MEMORY_UNKNOWN && CGROUP_MEMORY_UNKNOWN == CMEMPROF_MEMORY_UNKNOWN,
               "what is unknown stays so");

static void read_cgroup(struct cmemprof_memory_figures *figures) {
    struct cgroup_memory cgroup;
    struct cgroup_room room;
    (void)cgroup_memory_room(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, true, &room);
    figures->limit_bytes = room.limit;
    figures->limit_used_bytes = room.limit != UINT64_MAX ? room.limit - room.left : CMEMPROF_MEMORY_UNKNOWN;
    if (!cgroup_memory_read(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, &cgroup)) {
        return;
    }
    figures->cgroup_version = cgroup.version;
    figures->cgroup_id = cgroup.id;
    figures->cgroup_bytes = cgroup.used;
    figures->cgroup_limit_bytes = cgroup.limit;
    figures->cgroup_anon_bytes = cgroup.anonymous;
    figures->cgroup_file_bytes = cgroup.file;
    figures->cgroup_shmem_bytes = cgroup.shared;
    figures->cgroup_kernel_bytes = cgroup.kernel;
    figures->cgroup_inactive_file_bytes = cgroup.inactive_file;
    figures->cgroup_high_events = cgroup.high_events;
    figures->cgroup_max_events = cgroup.max_events;
    figures->cgroup_oom_kills = cgroup.oom_kills;
}

bool cmemprof_memory_get_rollup(struct cmemprof_memory_rollup *rollup) {
    struct resident resident;
    bool is_known = resident_read_areas(&resident, getpid(), "smaps_rollup") == SMAPS_OK && resident.piece_count == 1;
    if (is_known) {
        *rollup = (struct cmemprof_memory_rollup){resident.rss, (uint64_t)resident.pieces[0].lazy_free_kib << 10,
                                                  (uint64_t)resident.pieces[0].huge_kib << 10};
    }
    resident_close(&resident);
    return is_known;
}

// ---- Go's heap ----

// The runtime's figures are mapped bytes of a moment ago, and the heap may have grown since.
static bool agrees(uint64_t counted, uint64_t told) {
    return counted <= told + told / 4 + (16 << 20);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

// Without the pages' own records, or if they are not what the runtime says, its figures decide in proportion.
static uint64_t free_pages(struct cmemprof_memory_profile *profile, const struct cmemprof_go_memory *go, uint64_t heap) {
    struct resident_go_pages *pages = &profile->go_pages;
    uint64_t used = go->objects + go->unused + go->stacks;
    bool is_right = resident_count_go_pages(&profile->resident, pages) && pages->free <= heap && agrees(pages->kept, go->free) &&
                    agrees(heap - pages->free, used + go->cached);
    profile->snapshot->of->memory.go = profile->resident.go; // with what was found
    if (!is_right) {
        *pages = (struct resident_go_pages){0};
    }
    return is_right ? pages->free : memory_share(heap, (double)go->free, (double)(go->free + used));
}

// Of stacks, the written part is resident; what is left is of objects.
static void divide_go_heap(struct cmemprof_memory_profile *profile, const struct cmemprof_go_memory *go, uint64_t heap) {
    uint64_t *parts = profile->figures.parts, free = free_pages(profile, go, heap), left = heap - free;
    uint64_t stacks = least(go->stacks - least(profile->go_pages.unwritten_stacks, go->stacks), left);
    left -= stacks;
    uint64_t written = go->objects - least(profile->go_pages.unwritten_objects, go->objects);
    uint64_t unused = memory_share(left, (double)go->unused, (double)(go->unused + written));
    uint64_t live = memory_share(left - unused, (double)least(go->live, go->objects), (double)go->objects);
    parts[CMEMPROF_MEMORY_GO_FREE] = free + unused;
    parts[CMEMPROF_MEMORY_GO_STACKS] = stacks;
    parts[CMEMPROF_MEMORY_GO_LIVE] = live;
    parts[CMEMPROF_MEMORY_GO_DEAD] = left - unused - live;
}

// ---- All parts ----

// What the profiler holds: its tables, in mappings and in the program's .bss, and what this very profile takes. Most of the mappings are
// known by range; what its own count says beyond them is of unknown memory.
static void take_own(struct cmemprof_memory_profile *profile) {
    struct cmemprof_stats stats;
    uint64_t *parts = profile->figures.parts;
    struct profiler *self = profile->snapshot->of;
    statistics_count(self, &stats);
    uint64_t in_program = least(page_residency(self, sizeof *self, 0), parts[CMEMPROF_MEMORY_PROGRAM]);
    uint64_t known = profile->resident.parts[RESIDENT_PROFILER], pieces = profile->resident.piece_count * sizeof(struct resident_piece);
    uint64_t counted = stats.own_bytes - least(in_program, stats.own_bytes) + pieces + profile->block_count * sizeof(struct live_block);
    // The pieces are newer than the ranges.
    uint64_t more = known + pieces > counted ? pieces : counted - known;
    more = least(more, parts[CMEMPROF_MEMORY_UNEXPLAINED]);
    parts[CMEMPROF_MEMORY_PROGRAM] -= in_program;
    parts[CMEMPROF_MEMORY_UNEXPLAINED] -= more;
    parts[CMEMPROF_MEMORY_PROFILER] = in_program + known + more;
}

static void name_parts(struct cmemprof_memory_profile *profile, const struct cmemprof_go_memory *go) {
    const uint64_t *resident = profile->resident.parts;
    uint64_t *parts = profile->figures.parts;
    parts[CMEMPROF_MEMORY_PROGRAM] = resident[RESIDENT_PROGRAM] + resident[RESIDENT_LIBRARIES];
    parts[CMEMPROF_MEMORY_FILES] = resident[RESIDENT_FILES];
    parts[CMEMPROF_MEMORY_SHARED_MEMORY] = resident[RESIDENT_SHARED];
    parts[CMEMPROF_MEMORY_THREAD_STACKS] = resident[RESIDENT_STACKS];
    parts[CMEMPROF_MEMORY_MAPPED] = resident[RESIDENT_MAPPED];
    parts[CMEMPROF_MEMORY_UNEXPLAINED] = resident[RESIDENT_UNEXPLAINED];
    take_own(profile);
    if (go) {
        divide_go_heap(profile, go, resident[RESIDENT_GO_HEAP]);
        // What it mapped is known by range, but for what came before the profiler's start.
        uint64_t known = resident[RESIDENT_GO_OTHER], more = go->metadata - least(known, go->metadata);
        more = least(more, parts[CMEMPROF_MEMORY_UNEXPLAINED]);
        parts[CMEMPROF_MEMORY_GO_METADATA] = known + more;
        parts[CMEMPROF_MEMORY_UNEXPLAINED] -= more;
    } else {
        parts[CMEMPROF_MEMORY_GO_LIVE] = resident[RESIDENT_GO_HEAP];
        parts[CMEMPROF_MEMORY_GO_METADATA] = resident[RESIDENT_GO_OTHER];
    }
}

// Anonymous memory that is in no known range was mapped without the profiler's seeing it: if the map of ranges could be had, and heaps and
// stacks be recognized. What stays unexplained then is what an allocator has in its areas beyond its own word.
static void tell_not_seen(struct cmemprof_memory_profile *profile) {
    uint64_t *parts = profile->figures.parts;
    if (profile->knows_ranges && profile->resident.reads_bytes && !profile->resident.ran_short) {
        parts[CMEMPROF_MEMORY_NOT_SEEN] =
            parts[CMEMPROF_MEMORY_UNEXPLAINED] - least(profile->beyond_allocator, parts[CMEMPROF_MEMORY_UNEXPLAINED]);
        parts[CMEMPROF_MEMORY_UNEXPLAINED] -= parts[CMEMPROF_MEMORY_NOT_SEEN];
    }
}

// If notes were lost, a block of glibc may lie where a mapping is thought to be: then blocks are searched for everywhere.
static bool trusts_ranges(const struct cmemprof_memory_profile *profile) {
    return profile->knows_ranges && atomic_load(&profile->snapshot->of->mappings.lost) == 0;
}

static void claim_known(struct resident *resident, void *context) {
    struct cmemprof_memory_profile *profile = context;
    if (trusts_ranges(profile)) {
        memory_profile_claim_ranges(resident, profile);
    }
    memory_profile_find_makers(resident, profile);
}

static void claim_blocks(struct resident *resident, void *context) {
    struct cmemprof_memory_profile *profile = context;
    memory_profile_claim_heap(resident, profile);
    if (!trusts_ranges(profile)) {
        memory_profile_claim_ranges(resident, profile);
    }
}

static bool read_parts(struct cmemprof_memory_profile *profile, const struct cmemprof_go_memory *go,
                       const struct cmemprof_allocator_stats *allocator) {
    struct cmemprof_memory_figures *figures = &profile->figures;
    struct resident *resident = &profile->resident;
    const struct resident_own own = {&profile->snapshot->of->memory.go, claim_known, claim_blocks, profile};
    enum { KNOWN_PAGE_BYTES = 4096 };
    if (page_bytes() != KNOWN_PAGE_BYTES) {
        memory_profile_say_missing(profile, "this kernel's pages have %zu KiB, and what is in pages of other than 4 KiB is not known",
                                   page_bytes() / 1024);
        return true;
    }
    enum smaps_error error = resident_read_own(resident, &own);
    if (error != SMAPS_OK) {
        memory_profile_say_missing(profile, "this process's memory map cannot be read (/proc/self/maps and pagemap, or smaps)");
        return true;
    }
    figures->has_parts = true;
    figures->rss_bytes = resident->rss;
    if (!resident->reads_bytes) {
        memory_profile_say_missing(profile, "/proc/self/mem cannot be read, so heaps and thread stacks are unexplained");
    }
    if (resident->ran_short) {
        memory_profile_say_missing(profile, "memory ran short, so areas are missing");
    }
    name_parts(profile, go);
    bool is_done =
        memory_profile_divide_heap(profile, allocator) && memory_profile_divide_mapped(profile) && memory_profile_divide_threads(profile);
    tell_not_seen(profile);
    symbolizer_arena_drop(&resident->memory, resident->pieces, resident->piece_capacity * sizeof *resident->pieces);
    resident->pieces = NULL;
    resident->piece_count = resident->piece_capacity = 0;
    mapped_buffer_free(&profile->blocks);
    mapped_buffer_free(&profile->ranges);
    return is_done;
}

// ---- All ----

static bool take_stacks(struct profiler *self, struct cmemprof_memory_profile *profile) {
    struct cmemprof_snapshot *snapshot = profile->snapshot;
    snapshot->of = self;
    reclaim_lock(self);
    snapshot->time_ns = (int64_t)clock_ns(CLOCK_REALTIME);
    snapshot->generation = loaded_code_generation(self);
    bool is_done = !atomic_load(&self->open) || (memory_profile_copy_blocks(profile) && memory_profile_copy_ranges(profile));
    reclaim_snapshot_begins(self);
    reclaim_unlock(self);
    return is_done;
}

static struct cmemprof_memory_profile *new_profile(void) {
    struct cmemprof_memory_profile *profile = calloc(1, sizeof *profile);
    struct cmemprof_snapshot *snapshot = profile ? calloc(1, sizeof *snapshot) : NULL;
    if (!snapshot) {
        free(profile);
        return NULL;
    }
    *profile = (struct cmemprof_memory_profile){
        .snapshot = snapshot,
        .resident = {.bytes_file = -1, .pages_file = -1},
        .figures = {.is_complete = true, .cgroup_limit_bytes = CMEMPROF_MEMORY_UNKNOWN},
        .allocator = allocator_stats_name(),
        .owns = allocator_stats_owner(),
    };
    profile->is_glibc = strcmp(profile->allocator, "glibc") == 0;
    return profile;
}

static bool sort_blocks(struct cmemprof_memory_profile *profile) {
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    bool is_sorted = address_sort(&memory, profile->blocks.base, profile->block_count, sizeof(struct live_block));
    symbolizer_arena_close(&memory);
    return is_sorted;
}

struct cmemprof_memory_profile *memory_profile_of(struct profiler *self, const struct cmemprof_go_memory *go,
                                                  const struct cmemprof_allocator_stats *allocator) {
    profiler_enter(&thread_state);
    struct cmemprof_memory_profile *profile = new_profile();
    if (profile) {
        read_status(&profile->figures);
        read_cgroup(&profile->figures);
        lock_take(&self->memory.lock, LOCK_TAKING);
        bool is_done = take_stacks(self, profile) && sort_blocks(profile) && read_parts(profile, go, allocator) &&
                       snapshot_collect_addresses(profile->snapshot);
        lock_release(&self->memory.lock, LOCK_TAKING);
        if (!is_done) {
            cmemprof_memory_profile_free(profile);
            profile = NULL;
        }
    }
    profiler_leave(&thread_state);
    return profile;
}

struct cmemprof_memory_profile *cmemprof_memory_profile_take(const struct cmemprof_go_memory *go,
                                                             const struct cmemprof_allocator_stats *allocator) {
    return memory_profile_of(&profiler, go, allocator);
}

void cmemprof_memory_profile_free(struct cmemprof_memory_profile *profile) {
    if (profile) {
        profiler_enter(&thread_state);
        cmemprof_snapshot_free(profile->snapshot);
        resident_close(&profile->resident);
        mapped_buffer_free(&profile->blocks);
        mapped_buffer_free(&profile->ranges);
        free(profile);
        profiler_leave(&thread_state);
    }
}

void cmemprof_memory_profile_figures(const struct cmemprof_memory_profile *profile, struct cmemprof_memory_figures *figures) {
    *figures = profile->figures;
}

size_t cmemprof_memory_profile_go_pcs(const struct cmemprof_memory_profile *profile, const uintptr_t **pcs) {
    return cmemprof_snapshot_go_pcs(profile->snapshot, pcs);
}

void memory_profile_after_fork_in_child(struct profiler *self) {
    lock_after_fork(&self->memory.lock, LOCK_TAKING);
}
