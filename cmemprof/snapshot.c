// snapshot.c (tables): copies the tables' contents at one moment, while the program runs.
//
// In-use is summed in the stacks' entries, so a snapshot needs one record per stack and no memory per live block.
//
// Threads: any. One at a time walks the tables (the reclaiming lock); several may hold a snapshot. The thread is marked busy meanwhile.
// Memory: mapped_buffer.h.

#include "snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loaded_code.h"
#include "profiler.h"
#include "reclaim.h"

static struct record *add_record(struct cmemprof_snapshot *snapshot) {
    size_t count = snapshot->record_count, capacity = snapshot->record_memory.size_bytes / sizeof(struct record);
    if (count == capacity && !mapped_buffer_reserve(&snapshot->record_memory, (capacity + capacity / 8 + 256) * sizeof(struct record))) {
        snapshot->failed = true;
        return NULL;
    }
    snapshot->records = snapshot->record_memory.base;
    snapshot->record_count++;
    return &snapshot->records[count];
}

// Live totals were summed before: every block in them was counted as allocated earlier, so in-use never exceeds alloc.
static void visit_stack(struct stack *stack, void *context) {
    struct cmemprof_snapshot *snapshot = context;
    atomic_store_explicit(&stack->touched, 0, memory_order_relaxed);
    uint64_t samples = stack_samples(stack);
    struct record *record = samples != 0 || stack->inuse_objects != 0 ? add_record(snapshot) : NULL;
    if (record != NULL) {
        *record = (struct record){.stack = stack,
                                  .alloc_objects = stack_alloc_objects(stack),
                                  .alloc_bytes = stack_alloc_bytes(stack),
                                  .inuse_objects = stack->inuse_objects,
                                  .inuse_bytes = stack->inuse_bytes,
                                  .samples = samples};
        snapshot->emitted_samples += samples;
    }
}

static void add_evicted(struct cmemprof_snapshot *snapshot) {
    const struct stack_totals *evicted = &profiler.stacks.evicted;
    struct record *record = evicted->samples != 0 ? add_record(snapshot) : NULL;
    if (record != NULL) {
        *record =
            (struct record){.alloc_objects = (double)evicted->objects, .alloc_bytes = (double)evicted->bytes, .samples = evicted->samples};
        snapshot->emitted_samples += evicted->samples;
    }
}

// ---- Losses ----

// Shares lost since the last profile and since the start, in percent of the samples; the larger is reported. The first shows a continuing
// loss, the second one that is over but whose blocks may be live.
struct lost_shares {
    uint64_t samples, followable, lost_live, dropped;
};

static struct lost_shares last_profile; // guarded by the reclaiming lock

static unsigned percent(uint64_t part, uint64_t whole) {
    return whole != 0 && part <= whole ? (unsigned)((double)part / (double)whole * 100) : 0;
}

static unsigned larger_percent(uint64_t part, uint64_t whole, uint64_t part_before, uint64_t whole_before) {
    unsigned ever = percent(part, whole), lately = percent(part - part_before, whole - whole_before);
    return ever > lately ? ever : lately;
}

static void compute_losses(struct cmemprof_snapshot *snapshot) {
    const struct cmemprof_stats *stats = &snapshot->stats;
    struct lost_shares now = {stats->samples, snapshot->emitted_samples, stats->lost_live, stats->lost_stacks + stats->lost_shards};
    struct lost_shares before = now.samples >= last_profile.samples ? last_profile : (struct lost_shares){0}; // otherwise forked since
    snapshot->unfollowed_percent = larger_percent(now.lost_live, now.followable, before.lost_live, before.followable);
    snapshot->dropped_percent = larger_percent(now.dropped, now.samples, before.dropped, before.samples);
    last_profile = now;
}

// ---- All ----

// Flushes pending allocations. Retries, since a thread may be preempted inside a sample.
static void flush_shards(void) {
    uint64_t left = SHARDS_ALL;
    for (int i = 0; i < 4 && left != 0; i++) {
        left = shards_settle(profiler.shards, left, shard_flush);
    }
}

static void read_tables(struct cmemprof_snapshot *snapshot) {
    uint64_t live = reclaim_sum_live(&profiler);
    // Slightly more than there are, so that it rarely grows.
    mapped_buffer_reserve(&snapshot->record_memory, (atomic_load(&profiler.stacks.count) + 64) * sizeof(struct record));
    add_evicted(snapshot);
    flush_shards();
    stack_table_each(&profiler.stacks, visit_stack, snapshot);
    cmemprof_get_stats(&snapshot->stats);
    snapshot->stats.live = live;
    // Threads keep sampling, so counters read after the tables include later samples. The total is therefore computed from what was found.
    // It misses no earlier sample, since shards were waited for.
    snapshot->stats.samples = snapshot->emitted_samples + snapshot->stats.lost_stacks + snapshot->stats.lost_shards;
    compute_losses(snapshot);
}

static void fill(struct cmemprof_snapshot *snapshot) {
    struct timespec now;
    reclaim_lock();
    clock_gettime(CLOCK_REALTIME, &now);
    snapshot->time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    snapshot->generation = loaded_code_generation();
    snapshot->interval_bytes = atomic_load(&profiler.last_interval_bytes);
    if (atomic_load(&profiler.open)) {
        read_tables(snapshot);
    } else {
        cmemprof_get_stats(&snapshot->stats);
    }
    reclaim_snapshot_begins();
    reclaim_unlock();
    snapshot->failed |= !snapshot_collect_addresses(snapshot);
}

struct cmemprof_snapshot *cmemprof_snapshot_take(void) {
    profiler_enter(&thread_state);
    struct cmemprof_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot != NULL) {
        fill(snapshot);
        if (snapshot->failed) {
            cmemprof_snapshot_free(snapshot);
            snapshot = NULL;
        }
    }
    profiler_leave(&thread_state);
    return snapshot;
}

void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot) {
    if (snapshot != NULL) {
        profiler_enter(&thread_state);
        reclaim_snapshot_ends();
        profiler_leave(&thread_state);
        mapped_buffer_free(&snapshot->record_memory);
        mapped_buffer_free(&snapshot->address_memory);
        mapped_buffer_free(&snapshot->go_pc_memory);
        mapped_buffer_free(&snapshot->slot_memory);
        mapped_buffer_free(&snapshot->profile);
        free(snapshot);
    }
}

size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs) {
    *pcs = snapshot->go_pcs;
    return snapshot->go_pc_count;
}
