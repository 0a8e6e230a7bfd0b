// snapshot.c (tables): copies the tables' contents at one moment, while the program runs.
//
// In-use is summed in the stacks' entries, so a snapshot needs one record per stack and no memory per live block.
//
// Threads: any. One at a time walks the tables (the reclaiming lock); several may hold a snapshot. The thread is marked busy meanwhile.
// Memory: mapped_buffer.h.

#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "loaded_code.h"
#include "peak.h"
#include "reclaim.h"
#include "statistics.h"

struct record *snapshot_add_record(struct cmemprof_snapshot *snapshot) {
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
    bool is_shown = stack->source != STACK_OF_THREADS && (samples != 0 || stack->inuse_objects != 0 || stack_alloc_objects(stack) != 0);
    struct record *record = is_shown ? snapshot_add_record(snapshot) : NULL;
    if (record) {
        *record = (struct record){.stack = stack,
                                  .source = stack->source,
                                  .alloc_objects = stack_alloc_objects(stack),
                                  .alloc_bytes = stack_alloc_bytes(stack),
                                  .inuse_objects = stack->inuse_objects,
                                  .inuse_bytes = stack->inuse_bytes,
                                  .samples = samples};
        snapshot->emitted_samples += samples;
        snapshot->live_bytes += stack->source == STACK_OF_BLOCKS ? stack->inuse_bytes : 0;
    }
}

static void add_evicted(struct cmemprof_snapshot *snapshot, enum stack_source source) {
    const struct stack_totals *evicted = &snapshot->of->stacks.evicted[source];
    struct record *record = evicted->samples != 0 || evicted->objects != 0 ? snapshot_add_record(snapshot) : NULL;
    if (record) {
        *record = (struct record){.source = source,
                                  .alloc_objects = (double)evicted->objects,
                                  .alloc_bytes = (double)evicted->bytes,
                                  .samples = evicted->samples};
        snapshot->emitted_samples += evicted->samples;
    }
}

// ---- Losses ----

static unsigned percent(uint64_t part, uint64_t whole) {
    return whole != 0 && part <= whole ? (unsigned)((double)part / (double)whole * 100) : 0;
}

static unsigned larger_percent(uint64_t part, uint64_t whole, uint64_t part_before, uint64_t whole_before) {
    unsigned ever = percent(part, whole), lately = percent(part - part_before, whole - whole_before);
    return ever > lately ? ever : lately;
}

// Shares lost since the last profile and since the start, in percent of the samples; the larger is reported. The first shows a continuing
// loss, the second one that is over but whose blocks may be live.
static void compute_losses(struct cmemprof_snapshot *snapshot) {
    const struct cmemprof_stats *stats = &snapshot->stats;
    struct lost_samples *last = &snapshot->of->last_profile;
    struct lost_samples now = {stats->samples, snapshot->emitted_samples, stats->lost_live, stats->lost_stacks + stats->lost_shards};
    struct lost_samples before = now.samples >= last->samples ? *last : (struct lost_samples){0}; // otherwise forked since
    snapshot->unfollowed_percent = larger_percent(now.lost_live, now.followable, before.lost_live, before.followable);
    snapshot->dropped_percent = larger_percent(now.dropped, now.samples, before.dropped, before.samples);
    *last = now;
}

// ---- All ----

// Flushes pending allocations. Retries, since a thread may be preempted inside a sample.
static void flush_shards(struct profiler *self) {
    uint64_t left = SHARDS_ALL;
    for (int i = 0; i < 4 && left != 0; i++) {
        left = shards_settle(&self->shards, left, shard_flush);
    }
}

static void read_tables(struct profiler *self, struct cmemprof_snapshot *snapshot) {
    uint64_t live = reclaim_sum_live(self);
    // Slightly more than there are, so that it rarely grows.
    mapped_buffer_reserve(&snapshot->record_memory, (atomic_load(&self->stacks.count) + 64) * sizeof(struct record));
    add_evicted(snapshot, STACK_OF_BLOCKS);
    add_evicted(snapshot, STACK_OF_MAPPINGS);
    flush_shards(self);
    stack_table_each(&self->stacks, visit_stack, snapshot);
    statistics_count(self, &snapshot->stats);
    statistics_add_mappings(self, &snapshot->stats);
    snapshot->stats.live = live;
    // Threads keep sampling, so counters read after the tables include later samples. The total is therefore computed from what was found.
    // It misses no earlier sample, since shards were waited for.
    snapshot->stats.samples = snapshot->emitted_samples + snapshot->stats.lost_stacks + snapshot->stats.lost_shards;
    compute_losses(snapshot);
    peak_of_snapshot(self, snapshot->live_bytes);
}

static void fill(struct profiler *self, struct cmemprof_snapshot *snapshot) {
    snapshot->of = self;
    profiler_advance_clock(self);
    reclaim_lock(self);
    snapshot->time_ns = (int64_t)clock_ns(CLOCK_REALTIME);
    snapshot->generation = loaded_code_generation(self);
    snapshot->interval_bytes = atomic_load(&self->last_interval_bytes);
    if (atomic_load(&self->open)) {
        read_tables(self, snapshot);
    } else {
        statistics_read(self, &snapshot->stats);
    }
    reclaim_snapshot_begins(self);
    reclaim_unlock(self);
    snapshot->failed |= !snapshot_collect_addresses(snapshot);
}

// ---- Peaks ----

static void visit_live_peak(const struct stack *stack, void *context) {
    struct record *record = snapshot_add_record(context);
    if (record) {
        *record = (struct record){.stack = stack, .inuse_objects = stack->inuse_objects, .inuse_bytes = stack->inuse_bytes};
    }
}

static void visit_rss_peak(const struct stack *stack, void *context) {
    struct record *record = snapshot_add_record(context);
    if (record) {
        *record = (struct record){.stack = stack, .alloc_objects = stack->inuse_objects, .alloc_bytes = stack->inuse_bytes};
    }
}

// A stack may have a record of each peak; readers add them up.
static void fill_from_peaks(struct profiler *self, struct cmemprof_snapshot *snapshot) {
    const struct peak *live = &snapshot->live_peak, *rss = &snapshot->rss_peak;
    snapshot->of = self;
    snapshot->is_of_peaks = true;
    reclaim_lock(self);
    snapshot->generation = loaded_code_generation(self);
    snapshot->interval_bytes = atomic_load(&self->last_interval_bytes);
    statistics_count(self, &snapshot->stats);
    snapshot->unfollowed_percent = percent(snapshot->stats.lost_live, snapshot->stats.samples);
    snapshot->dropped_percent = percent(snapshot->stats.lost_stacks + snapshot->stats.lost_shards, snapshot->stats.samples);
    snapshot->failed |= !peak_copy(&self->peaks.live, &snapshot->live_peak) || !peak_copy(&self->peaks.rss, &snapshot->rss_peak);
    reclaim_snapshot_begins(self);
    reclaim_unlock(self);
    snapshot->time_ns = live->time_ns;
    struct record *others = live->other_objects + rss->other_objects != 0 ? snapshot_add_record(snapshot) : NULL;
    if (others) {
        *others = (struct record){.alloc_objects = rss->other_objects,
                                  .alloc_bytes = rss->other_bytes,
                                  .inuse_objects = live->other_objects,
                                  .inuse_bytes = live->other_bytes};
    }
    peak_visit(rss, visit_rss_peak, snapshot);
    peak_visit(live, visit_live_peak, snapshot);
    snapshot->failed |= !snapshot_collect_addresses(snapshot);
}

static struct cmemprof_snapshot *take(struct profiler *self, void (*fill_it)(struct profiler *, struct cmemprof_snapshot *)) {
    profiler_enter(&thread_state);
    struct cmemprof_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot) {
        fill_it(self, snapshot);
        if (snapshot->failed) {
            cmemprof_snapshot_free(snapshot);
            snapshot = NULL;
        }
    }
    profiler_leave(&thread_state);
    return snapshot;
}

struct cmemprof_snapshot *snapshot_of(struct profiler *self) {
    return take(self, fill);
}

struct cmemprof_snapshot *snapshot_of_peaks(struct profiler *self) {
    return take(self, fill_from_peaks);
}

struct cmemprof_snapshot *cmemprof_snapshot_take(void) {
    return snapshot_of(&profiler);
}

struct cmemprof_snapshot *cmemprof_snapshot_take_peaks(void) {
    return snapshot_of_peaks(&profiler);
}

void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot) {
    if (snapshot) {
        profiler_enter(&thread_state);
        reclaim_snapshot_ends(snapshot->of);
        profiler_leave(&thread_state);
        mapped_buffer_free(&snapshot->record_memory);
        mapped_buffer_free(&snapshot->address_memory);
        mapped_buffer_free(&snapshot->go_pc_memory);
        mapped_buffer_free(&snapshot->slot_memory);
        mapped_buffer_free(&snapshot->profile);
        mapped_buffer_free(&snapshot->live_peak.memory);
        mapped_buffer_free(&snapshot->rss_peak.memory);
        free(snapshot);
    }
}

size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs) {
    *pcs = snapshot->go_pcs;
    return snapshot->go_pc_count;
}
