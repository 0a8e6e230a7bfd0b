// memory_profile_mapped.c (resident): memory that C maps, by the ranges and stacks that mapped_ranges.h knows.

#include "memory_profile.h"

#include "address_order.h"
#include "mapped_ranges.h"
#include "resident_pieces.h"

enum { PAGE_BYTES = 4096 };

struct copying {
    struct memory_range *ranges;
    size_t count, left_out;
};

// Nothing may be mapped while the ranges are visited.
static void copy_range(const struct mapped_range *range, void *context) {
    struct copying *copying = context;
    if (range->kind != MAPPING_ANONYMOUS) {
        return;
    }
    if (copying->count == MEMORY_PROFILE_MAX_RANGES) {
        copying->left_out++;
        return;
    }
    copying->ranges[copying->count++] =
        (struct memory_range){.low = range->low, .high = range->high, .stack = range->stack, .owner = range->owner};
}

bool memory_profile_copy_ranges(struct cmemprof_memory_profile *profile) {
    struct profiler *self = profile->snapshot->of;
    if (!mapped_ranges_are_open(self)) {
        memory_profile_say_missing(profile, "mappings are not followed for want of memory, so what C maps is unexplained");
        return true;
    }
    // Pages of it that are not used take no memory, if they are small ones.
    if (!mapped_buffer_reserve(&profile->ranges, MEMORY_PROFILE_MAX_RANGES * sizeof(struct memory_range))) {
        return false;
    }
    madvise(profile->ranges.base, profile->ranges.size_bytes, MADV_NOHUGEPAGE);
    struct copying copying = {.ranges = profile->ranges.base};
    profile->knows_ranges = mapped_ranges_each(self, copy_range, &copying);
    profile->range_count = copying.count;
    if (!profile->knows_ranges) {
        profile->range_count = 0;
        memory_profile_say_missing(profile, "the map of what C has mapped could not be had, so that is unexplained");
    }
    if (copying.left_out != 0) {
        profile->knows_ranges = false;
        memory_profile_say_missing(profile, "C has mapped more than %d ranges: %zu of them are unexplained", MEMORY_PROFILE_MAX_RANGES,
                                   copying.left_out);
    }
    uint64_t lost = atomic_load(&self->mappings.lost);
    if (lost != 0) {
        memory_profile_say_missing(profile,
                                   "%llu calls of mmap or its relatives were not followed since the start: what they mapped is not seen",
                                   (unsigned long long)lost);
    }
    return true;
}

// Of a mapping of Go's, what is outside of its heap.
static void claim_of_go(struct resident *resident, const struct memory_range *range, size_t claims) {
    for (uint64_t at = range->low; at < range->high;) {
        uint64_t end = range->high, next = end;
        for (size_t i = 0; i < claims; i++) {
            const struct resident_claimed *claim = &resident->claims[i];
            if (claim->part == RESIDENT_GO_HEAP && claim->high > at && claim->low < end) {
                end = claim->low > at ? claim->low : at;
                next = claim->high;
            }
        }
        resident_claim(resident, at, end, RESIDENT_GO_OTHER, 0);
        at = next;
    }
}

bool memory_profile_is_in_arena(const struct cmemprof_memory_profile *profile, uint64_t address) {
    const struct memory_range *ranges = profile->ranges.base;
    size_t count = address_upper_bound(ranges, profile->range_count, sizeof *ranges, address);
    return count > 0 && address < ranges[count - 1].high && ranges[count - 1].owner == MAPPING_OF_ARENAS;
}

// In a static program the allocator's object is the program, so its mappings look like the program's own. Those with sampled blocks in them
// are its own, and so is all else that the same instruction of the allocator has mapped.
enum { MAX_MAPPERS = 16 };

static bool has_block(const struct cmemprof_memory_profile *profile, const struct memory_range *range) {
    const struct live_block *blocks = profile->blocks.base;
    size_t count = address_upper_bound(blocks, profile->block_count, sizeof *blocks, range->high - 1);
    return count > 0 && blocks[count - 1].low >= range->low;
}

static bool is_one_of(const uintptr_t *mappers, size_t count, uintptr_t mapper) {
    while (count > 0 && mappers[count - 1] != mapper) {
        count--;
    }
    return count > 0;
}

static void find_allocators_ranges(struct cmemprof_memory_profile *profile) {
    struct memory_range *ranges = profile->ranges.base;
    uintptr_t mappers[MAX_MAPPERS];
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < profile->range_count; i++) {
            bool is_candidate = ranges[i].owner == MAPPING_OF_PROGRAM && ranges[i].stack && ranges[i].stack->depth_frames > 0;
            uintptr_t mapper = is_candidate ? ranges[i].stack->pcs[0] : 0;
            if (pass == 0 && ranges[i].owner == MAPPING_OF_PROFILER && has_block(profile, &ranges[i])) {
                ranges[i].owner = MAPPING_OF_ALLOCATOR; // mapped while it served the profiler
            }
            if (!is_candidate) {
                continue;
            }
            if (pass == 1 && is_one_of(mappers, count, mapper)) {
                ranges[i].owner = MAPPING_OF_ALLOCATOR;
            } else if (pass == 0 && count < MAX_MAPPERS && !is_one_of(mappers, count, mapper) && has_block(profile, &ranges[i])) {
                mappers[count++] = mapper;
            }
        }
    }
}

void memory_profile_claim_ranges(struct resident *resident, struct cmemprof_memory_profile *profile) {
    const struct memory_range *ranges = profile->ranges.base;
    if (!profile->is_glibc) { // whose own mappings do not come to the hooks
        find_allocators_ranges(profile);
    }
    uint32_t allocator = resident_name(resident, profile->allocator), arenas = resident_name(resident, memory_profile_arenas);
    size_t claims = resident->claim_count;
    for (size_t i = 0; i < profile->range_count; i++) {
        uint8_t owner = ranges[i].owner;
        if (owner == MAPPING_OF_GO) {
            claim_of_go(resident, &ranges[i], claims);
        } else {
            resident_claim(resident, ranges[i].low, ranges[i].high,
                           owner == MAPPING_OF_ALLOCATOR || owner == MAPPING_OF_ARENAS ? RESIDENT_MALLOC
                           : owner == MAPPING_OF_PROFILER                              ? RESIDENT_PROFILER
                                                                                       : RESIDENT_MAPPED,
                           owner == MAPPING_OF_ALLOCATOR ? allocator
                           : owner == MAPPING_OF_ARENAS  ? arenas
                                                         : 0);
        }
    }
}

// The records of mappings follow those of blocks.
bool memory_profile_divide_mapped(struct cmemprof_memory_profile *profile) {
    struct cmemprof_snapshot *snapshot = profile->snapshot;
    const struct resident *resident = &profile->resident;
    struct memory_range *ranges = profile->ranges.base;
    profile->mapped_records = snapshot->record_count;
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        size_t count = piece->part == RESIDENT_MAPPED ? address_upper_bound(ranges, profile->range_count, sizeof *ranges, piece->low) : 0;
        if (count > 0) {
            ranges[count - 1].pages += (uint32_t)(piece->rss / PAGE_BYTES);
        }
    }
    uint64_t nameless = 0;
    for (size_t i = 0; i < profile->range_count; i++) {
        if (ranges[i].owner != MAPPING_OF_PROGRAM || !ranges[i].stack || ranges[i].pages == 0) {
            nameless += ranges[i].owner == MAPPING_OF_PROGRAM ? ranges[i].pages : 0;
            continue;
        }
        struct record *record = snapshot_add_record(snapshot);
        if (!record) {
            return false;
        }
        *record = (struct record){.stack = ranges[i].stack, .inuse_bytes = (double)ranges[i].pages * PAGE_BYTES};
    }
    if (nameless != 0) {
        memory_profile_say_missing(profile, "of what C has mapped, %.1f MB have no stack", (double)nameless * PAGE_BYTES / 1e6);
    }
    return true;
}
