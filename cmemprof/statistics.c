// statistics.c (sample): adds up the counters of the tables and of all shards.

#include "statistics.h"

#include "mapped_ranges.h"
#include "page_residency.h"

static uint64_t read_count(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_shard(struct cmemprof_stats *stats, const struct shard *shard) {
    stats->samples += read_count(&shard->samples);
    stats->lost_stacks += read_count(&shard->lost_stacks);
    stats->lost_live += read_count(&shard->lost_live);
    stats->sampling_ns += read_count(&shard->sampling_ns);
    stats->labels_left_out += read_count(&shard->labels_left_out);
    stats->lost_labels += read_count(&shard->lost_labels);
    stats->cut_no_rule += read_count(&shard->ends[UNWIND_NO_RULE]);
    stats->cut_unsupported += read_count(&shard->ends[UNWIND_UNSUPPORTED]);
    stats->cut_unreadable += read_count(&shard->ends[UNWIND_UNREADABLE]);
    stats->cut_depth += read_count(&shard->ends[UNWIND_TOO_DEEP]);
}

void statistics_count(struct profiler *self, struct cmemprof_stats *stats) {
    uint64_t unsharded = read_count(&self->unsharded_samples);
    *stats = (struct cmemprof_stats){
        .interval_bytes = read_count(&self->interval_bytes),
        .samples = unsharded,
        .stacks = read_count(&self->stacks.count),
        .label_sets = read_count(&self->labels.table.count),
        .own_bytes = atomic_load(&self->budget.used_bytes) + page_residency(self, sizeof *self, sizeof *self),
        .limit_bytes = atomic_load(&self->budget.limit_bytes),
        .before_start_bytes = atomic_load(&self->before_start_bytes),
        .lost_shards = unsharded,
        .unsampled_nested = read_count(&self->unsampled_nested),
        .reclaimed_stacks = read_count(&self->reclaimed_stacks),
        .reclaimed_samples = read_count(&self->reclaimed_samples),
        .unwind_fallbacks = read_count(&self->unwinder.fallbacks),
    };
    const struct shard *last = NULL;
    size_t used_bytes = 0;
    for (struct shard *next; atomic_load(&self->open) && (next = shards_next(&self->shards, last)); last = next) {
        add_shard(stats, next);
        used_bytes += read_count(&next->samples) != 0 ? SHARD_USED_BYTES : 0;
    }
    stats->own_bytes += last ? page_residency(self->shards.items, (size_t)(last + 1 - self->shards.items) * sizeof *last, used_bytes) : 0;
    stats->own_bytes += python_names_bytes(&self->python.names);
}

void statistics_add_mappings(struct profiler *self, struct cmemprof_stats *stats) {
    struct mapping_stats mapped;
    mapped_ranges_read_stats(self, &mapped);
    stats->mappings = mapped.ranges;
    stats->mapped_bytes = mapped.bytes;
    stats->lost_mappings = mapped.lost;
    stats->nameless_mappings = mapped.nameless;
}

void statistics_read(struct profiler *self, struct cmemprof_stats *stats) {
    statistics_count(self, stats);
    stats->live = live_table_count(&self->live);
    statistics_add_mappings(self, stats);
}

void cmemprof_get_stats(struct cmemprof_stats *stats) {
    statistics_read(&profiler, stats);
}
