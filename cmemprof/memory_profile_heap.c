// memory_profile_heap.c (resident): the C heap: what of it is live, by stack, what is free, by arena, and what the allocator needs itself.
//
// Of a live sample its own pages are looked at, since what was allocated need not be resident. The ratio of resident to allocated bytes is
// the samples'; how much is allocated in all is the allocator's word if it was asked, else the samples'. What is resident in the heap
// beyond that is free.

#include "memory_profile.h"

#include <string.h>

#include "address_order.h"
#include "resident_pieces.h"

enum { PAGE_BYTES = 4096, CLAIMED_BYTES = 64 << 10, SIGMAS = 3 };
// An allocator that can be asked is asked in steps of its smallest unit: segments of mimalloc are larger.
enum { ASKED_BYTES = 1 << 20, ASKED_MAX = 1 << 16 };
enum { TOLD_SLACK = 8 << 20 }; // of figures from two moments

static const char large_blocks[] = "large blocks"; // resident_glibc.c

// ---- Live samples ----

static void copy_block(uintptr_t block, const struct live_sample *sample, void *context) {
    struct cmemprof_memory_profile *profile = context;
    size_t capacity = profile->blocks.size_bytes / sizeof(struct live_block);
    if (profile->block_count == capacity &&
        !mapped_buffer_reserve(&profile->blocks, (capacity + capacity / 8 + 1024) * sizeof(struct live_block))) {
        profile->snapshot->failed = true;
        return;
    }
    ((struct live_block *)profile->blocks.base)[profile->block_count++] = (struct live_block){
        block, sample->size_bytes, age_class(age_between(sample->birth_s, profile->now_s)), sample->weight, sample->stack};
}

bool memory_profile_copy_blocks(struct cmemprof_memory_profile *profile) {
    profile->now_s = age_now(&profile->snapshot->of->clock);
    live_table_each(&profile->snapshot->of->live, copy_block, profile);
    return !profile->snapshot->failed;
}

// ---- Which memory is the allocator's ----

// glibc's heaps are known by their heads. A large block is, too, unless it was aligned, or its area could not be searched: then by its
// sample. Of another allocator, areas of unknown memory with a sample in them are its own; of mimalloc, what it says is.
static void claim_asked(struct resident *resident, allocator_owns_function *owns, uint32_t name) {
    for (size_t i = 0; i < resident->piece_count; i++) {
        struct resident_piece *piece = &resident->pieces[i];
        uint64_t from = 0, at = piece->low;
        for (size_t asked = 0; resident_is_anonymous(piece) && piece->rss != 0 && at < piece->high && asked < ASKED_MAX; asked++) {
            bool is_own = owns((const void *)(uintptr_t)at);
            if (is_own && from == 0) {
                from = at;
            } else if (!is_own && from != 0) {
                resident_claim(resident, from, at, RESIDENT_MALLOC, name);
                from = 0;
            }
            at = (at / ASKED_BYTES + 1) * ASKED_BYTES;
        }
        if (from != 0) {
            resident_claim(resident, from, at < piece->high ? at : piece->high, RESIDENT_MALLOC, name);
        }
    }
}

void memory_profile_claim_heap(struct resident *resident, struct cmemprof_memory_profile *profile) {
    const struct live_block *blocks = profile->blocks.base;
    uint32_t name = resident_name(resident, profile->is_glibc ? large_blocks : profile->allocator);
    if (profile->owns) {
        claim_asked(resident, profile->owns, name);
        return;
    }
    for (size_t i = 0, at = 0; i < profile->block_count; i++) {
        while (at < resident->piece_count && resident->pieces[at].high <= blocks[i].low) {
            at++;
        }
        struct resident_piece *piece = at < resident->piece_count ? &resident->pieces[at] : NULL;
        if (!piece || piece->low > blocks[i].low || !resident_is_anonymous(piece) || memory_profile_is_in_arena(profile, blocks[i].low)) {
            continue;
        }
        if (!profile->is_glibc) {
            piece->part = RESIDENT_MALLOC;
            piece->name = name;
        } else if (blocks[i].size_bytes >= CLAIMED_BYTES) {
            uint64_t high = (blocks[i].low + blocks[i].size_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
            resident_claim(resident, blocks[i].low / PAGE_BYTES * PAGE_BYTES, high, RESIDENT_MALLOC, name);
        }
    }
}

// ---- What of it is live ----

// Sums over samples: bytes as the allocator counts them, allocated and resident, and as asked for, resident.
struct live_sums {
    double allocated, resident, asked;
};

enum heap_kind { HEAP_SMALL, HEAP_LARGE, HEAP_ARENAS, HEAP_KINDS }; // large: a mapping of glibc's each; arenas: Python's

static enum heap_kind kind_of(const struct cmemprof_memory_profile *profile, const struct resident_piece *piece) {
    const char *name = profile->resident.names[piece->name].text;
    return profile->is_glibc && strcmp(name, large_blocks) == 0 ? HEAP_LARGE
           : strcmp(name, memory_profile_arenas) == 0           ? HEAP_ARENAS
                                                                : HEAP_SMALL;
}

// What a block of glibc takes: its size with a head of 8 bytes, in steps of 16, at least 32. One of Python's has no head.
static double taken_bytes(const struct cmemprof_memory_profile *profile, enum heap_kind kind, uint64_t size) {
    uint64_t head = kind == HEAP_ARENAS ? 0 : 8, taken = (size + head + 15) / 16 * 16, least = kind == HEAP_ARENAS ? 16 : 32;
    return kind != HEAP_ARENAS && !profile->is_glibc ? (double)size : taken < least ? (double)least : (double)taken;
}

// The share of the block's pages that is resident.
static double resident_share(const struct resident *resident, const struct live_block *block, const struct resident_piece *piece) {
    uint64_t low = block->low / PAGE_BYTES * PAGE_BYTES, end = block->low + (block->size_bytes > 0 ? block->size_bytes : 1);
    uint64_t high = (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (high <= piece->high && piece->rss >= piece->high - piece->low) {
        return 1;
    }
    int64_t present = resident_present_bytes(resident, low, high);
    return present > 0 ? (double)present / (double)(high - low) : 0; // less than 0: freed and unmapped meanwhile
}

struct heap_walk {
    struct cmemprof_memory_profile *profile;
    struct live_sums of[HEAP_KINDS];
    double *arena_resident; // by name: live and resident
    size_t samples;
};

// Turns the blocks into stacks: afterwards low is the stack with the age in its lowest bits, and weight its resident bytes.
static void weigh_blocks(struct heap_walk *walk) {
    struct cmemprof_memory_profile *profile = walk->profile;
    struct live_block *blocks = profile->blocks.base;
    const struct resident *resident = &profile->resident;
    for (size_t i = 0, at = 0; i < profile->block_count; i++) {
        while (at < resident->piece_count && resident->pieces[at].high <= blocks[i].low) {
            at++;
        }
        const struct resident_piece *piece = at < resident->piece_count ? &resident->pieces[at] : NULL;
        bool is_there = piece && piece->low <= blocks[i].low && piece->part == RESIDENT_MALLOC;
        double share = is_there ? resident_share(resident, &blocks[i], piece) : 0, weight = blocks[i].weight;
        enum heap_kind kind = is_there ? kind_of(profile, piece) : HEAP_SMALL;
        double taken = weight * taken_bytes(profile, kind, blocks[i].size_bytes), asked = weight * (double)blocks[i].size_bytes * share;
        if (is_there) {
            struct live_sums *sums = &walk->of[kind];
            sums->allocated += taken;
            sums->resident += taken * share;
            sums->asked += asked;
            walk->arena_resident[piece->name] += taken * share;
            walk->samples++;
        }
        _Static_assert(_Alignof(struct stack) >= 8, "the age has three bits");
        blocks[i].low = (uintptr_t)blocks[i].stack | blocks[i].age_class;
        blocks[i].weight = asked;
    }
}

static bool make_records(struct cmemprof_memory_profile *profile) {
    const struct live_block *blocks = profile->blocks.base;
    if (!address_sort(&profile->resident.memory, profile->blocks.base, profile->block_count, sizeof *blocks)) {
        return false;
    }
    struct record *record = NULL;
    for (size_t i = 0; i < profile->block_count; i++) {
        if (i == 0 || blocks[i].low != blocks[i - 1].low) {
            record = snapshot_add_record(profile->snapshot);
            if (!record) {
                return false;
            }
            *record = (struct record){.stack = blocks[i].stack, .age_class = blocks[i].age_class};
        }
        record->inuse_bytes += blocks[i].weight;
        profile->live_stacks += blocks[i].weight;
    }
    return true;
}

// ---- The parts ----

struct heap_pages {
    uint64_t of[HEAP_KINDS];      // resident
    uint64_t large_mapped_length; // of large blocks
};

static struct heap_pages count_heap(const struct cmemprof_memory_profile *profile) {
    struct heap_pages pages = {0};
    const struct resident *resident = &profile->resident;
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        if (piece->part != RESIDENT_MALLOC) {
            continue;
        }
        enum heap_kind kind = kind_of(profile, piece);
        pages.of[kind] += piece->rss;
        pages.large_mapped_length += kind == HEAP_LARGE ? piece->high - piece->low : 0;
    }
    return pages;
}

// Another allocator's areas are found by samples, which an area of free memory has none of, and an area may hold memory of somebody else
// as well. So its own figure counts, if it has one: up to it the rest is taken from memory whose owner is unknown, and what is beyond is
// not its own.
static void heed_allocator(struct cmemprof_memory_profile *profile, struct heap_pages *pages,
                           const struct cmemprof_allocator_stats *stats) {
    uint64_t *unexplained = &profile->figures.parts[CMEMPROF_MEMORY_UNEXPLAINED];
    if (profile->is_glibc || profile->owns || !stats || stats->resident_bytes == 0) {
        return;
    }
    uint64_t told = stats->resident_bytes;
    uint64_t *heaps = &pages->of[HEAP_SMALL];
    if (told > *heaps) {
        uint64_t more = told - *heaps < *unexplained ? told - *heaps : *unexplained;
        *heaps += more;
        *unexplained -= more;
    } else if (*heaps > told + told / 8 + TOLD_SLACK) {
        *unexplained += *heaps - told;
        profile->beyond_allocator = *heaps - told;
        *heaps = told;
    }
}

// Of the heaps' resident bytes, those in blocks that are allocated.
static uint64_t allocated_of(const struct heap_walk *walk, const struct heap_pages *pages, const struct cmemprof_allocator_stats *stats) {
    const struct live_sums *sums = &walk->of[HEAP_SMALL];
    double bytes = sums->resident;
    if (stats && stats->in_use_bytes != 0) {
        double all = stats->in_use_bytes > pages->large_mapped_length ? (double)(stats->in_use_bytes - pages->large_mapped_length) : 0;
        bytes = sums->allocated > 0 ? all * (sums->resident / sums->allocated) : all;
    }
    return bytes < (double)pages->of[HEAP_SMALL] ? (uint64_t)bytes : pages->of[HEAP_SMALL];
}

static uint64_t allocated_in_arenas(const struct heap_walk *walk, const struct heap_pages *pages) {
    double bytes = walk->of[HEAP_ARENAS].resident;
    return bytes < (double)pages->of[HEAP_ARENAS] ? (uint64_t)bytes : pages->of[HEAP_ARENAS];
}

// The stacks have what the samples say, unless it differs from what there is by less than the samples' error. Beyond that there are blocks
// without samples: allocated before sampling began.
static void fit_stacks(struct cmemprof_memory_profile *profile, const struct heap_walk *walk) {
    uint64_t live = profile->figures.parts[CMEMPROF_MEMORY_MALLOC_LIVE];
    double beyond = (double)live - profile->live_stacks, error = profile->live_stacks * SIGMAS,
           samples = walk->samples > 0 ? (double)walk->samples : 1;
    bool differs = beyond > 0 && beyond * beyond * samples > error * error; // beyond > error / sqrt(samples)
    profile->live_of_stacks = differs ? (uint64_t)profile->live_stacks : live;
    profile->live_of_others = live - profile->live_of_stacks;
}

static bool make_arenas(struct cmemprof_memory_profile *profile, const struct heap_walk *walk) {
    struct resident *resident = &profile->resident;
    profile->arenas = symbolizer_arena_alloc(&resident->memory, resident->entry_count * sizeof *profile->arenas);
    for (size_t i = 0; profile->arenas && i < resident->entry_count; i++) {
        const struct resident_entry *entry = &resident->entries[i];
        if (entry->part == RESIDENT_MALLOC && strcmp(entry->name, large_blocks) != 0) {
            double live = walk->arena_resident[resident_name(resident, entry->name)];
            double free = (double)entry->rss > live ? (double)entry->rss - live : 0;
            profile->arenas[profile->arena_count++] = (struct memory_arena){entry->name, free};
            profile->arena_sum += free;
        }
    }
    return profile->arenas || resident->entry_count == 0;
}

bool memory_profile_divide_heap(struct cmemprof_memory_profile *profile, const struct cmemprof_allocator_stats *stats) {
    struct resident *resident = &profile->resident;
    uint64_t *parts = profile->figures.parts;
    struct heap_walk walk = {.profile = profile};
    walk.arena_resident = symbolizer_arena_alloc(&resident->memory, (resident->name_count + 1) * sizeof *walk.arena_resident);
    if (!walk.arena_resident) {
        return false;
    }
    weigh_blocks(&walk);
    struct heap_pages pages = count_heap(profile);
    heed_allocator(profile, &pages, stats);
    uint64_t allocated = allocated_of(&walk, &pages, stats) + pages.of[HEAP_LARGE] + allocated_in_arenas(&walk, &pages), all = 0;
    double taken = 0, asked = 0;
    for (int kind = 0; kind < HEAP_KINDS; kind++) {
        all += pages.of[kind];
        taken += walk.of[kind].resident;
        asked += walk.of[kind].asked;
    }
    uint64_t asked_bytes = taken > 0 ? memory_share(allocated, asked, taken) : allocated;
    uint64_t free = all - allocated;
    uint64_t tables = stats && stats->metadata_bytes < free ? stats->metadata_bytes : 0;
    parts[CMEMPROF_MEMORY_MALLOC_LIVE] = asked_bytes;
    parts[CMEMPROF_MEMORY_MALLOC_METADATA] = allocated - asked_bytes + tables;
    parts[CMEMPROF_MEMORY_MALLOC_FREE] = free - tables;
    bool is_done = make_records(profile) && make_arenas(profile, &walk);
    fit_stacks(profile, &walk);
    return is_done;
}
