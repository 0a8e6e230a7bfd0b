// analysis_load.c: costs that do not grow: allocation, locks, fragmentation (analysis_rules.h). Uses medians over all profiles or over the
// newest third, so that one busy period makes no finding. What is not seen is judged by sums: one period with many losses makes all
// incomplete.
#include "analysis_rules.h"
#include "../views/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The median of all points, or of the newest third if higher: what began an hour ago shows in a day's series too.
double load_now(const struct series_point *points, size_t count) {
    double *values = malloc((count + 1) * sizeof *values), load = 0;
    size_t newest = count >= 9 ? count / 3 : count;
    for (int part = 0; values && part < 2; part++) {
        size_t used = part == 0 ? count : newest;
        for (size_t i = 0; i < used; i++) {
            values[i] = points[count - used + i].value;
        }
        double median = trend_median(values, used);
        load = median > load ? median : load;
    }
    free(values);
    return load;
}

// 0: none.
static double load_of(const struct metrics_series *series) {
    return series ? load_now(series->points, series->count) : 0;
}

static void set_series(struct finding *finding, const struct metrics_series *series, const char *unit, const struct upload_list *list) {
    finding->unit = unit;
    // The newest ones if there are more than a finding holds.
    size_t skip = series->count > TREND_MAX_POINTS ? series->count - TREND_MAX_POINTS : 0;
    finding->point_count = series->count - skip;
    memcpy(finding->points, series->points + skip, finding->point_count * sizeof *finding->points);
    if (list && list->count > 0) {
        finding->first_upload = list->uploads[0].id;
        finding->last_upload = list->uploads[list->count - 1].id;
    }
}

// Names the stack with the most of the type, and sets it in the finding.
static void name_largest(struct finding *finding, const struct stacks *stacks, const char *type, char *text, size_t text_size) {
    double share;
    struct profile_sample_view sample;
    int64_t largest = stacks ? stacks_largest(stacks, type, &share) : -1;
    if (largest >= 0 && profile_sample_at(stacks->profile, (size_t)largest, &sample) == MERGE_OK) {
        snprintf(text, text_size, ", %.0f %% of it at one place in %.200s", 100 * share, site_of_stack(&sample, NULL)->function);
        finding_set_stack(finding, &sample, site_of_stack(&sample, NULL)->function);
    }
}

// ---- Allocation ----

// From 100 MB per second on, and only if the whole live heap (at least 16 MiB: small heaps are collected quickly) is allocated anew every
// second: at Go's default setting that is a collection per second or more, which shows in CPU time.
bool analysis_churn(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const struct heap *heap) {
    const struct metrics_series *series = metrics_find(metrics, "alloc_bytes_per_s");
    series = series ? series : metrics_find(metrics, "go_alloc_bytes_per_sec");
    double rate = load_of(series), live = load_of(metrics_find(metrics, "heap_live_bytes"));
    live = live > 16 << 20 ? live : 16 << 20;
    if (rate < CHURN_BYTES_PER_S || rate < live) {
        return true;
    }
    struct finding *finding =
        findings_add(findings, "allocation_churn", MEASURE_ALLOC_BYTES_PER_S, rate >= 1e9 ? SEVERITY_MEDIUM : SEVERITY_LOW, rate);
    char amount[FINDING_AMOUNT_BYTES], heap_size[FINDING_AMOUNT_BYTES], site[280] = "";
    if (!finding) {
        return true;
    }
    if (heap && heap->attachment) {
        const char *type = strcmp(heap->type, "heap-space") == 0 ? "alloc-space" : "alloc_space";
        name_largest(finding, stacks, type, site, sizeof site);
        snprintf(finding->attachment, sizeof finding->attachment, "%s", heap->attachment);
        finding->type = type;
    }
    snprintf(finding->title, sizeof finding->title, "%s are allocated per second%s", finding_bytes(rate, amount), site);
    snprintf(finding->evidence, sizeof finding->evidence,
             "The median of all profiles (%zu), or of the newest third. The live heap is %s: as much is allocated %.1f times a second, and "
             "the collector runs as often.",
             series->count, finding_bytes(live, heap_size), rate / live);
    set_series(finding, series, "bytes/s", NULL);
    if (stacks && stacks->profile_count > 0) {
        finding->first_upload = stacks->ids[0];
        finding->last_upload = stacks->ids[stacks->profile_count - 1];
    }
    return true;
}

// ---- Locks ----

// Half a second waited per second: on average half a goroutine is blocked. Less is not worth reporting.
bool analysis_locks(struct findings *findings, const struct metrics *metrics, const struct stacks *stacks, const char *attachment) {
    const struct metrics_series *series = metrics_find(metrics, "lock_seconds_per_s");
    double rate = load_of(series);
    if (rate < CONTENTION_SECONDS_PER_S) {
        return true;
    }
    struct finding *finding = findings_add(findings, "lock_contention", MEASURE_LOCK_SECONDS_PER_S,
                                           rate >= 10  ? SEVERITY_HIGH
                                           : rate >= 2 ? SEVERITY_MEDIUM
                                                       : SEVERITY_LOW,
                                           rate * 1e8);
    char site[280] = "";
    if (!finding) {
        return true;
    }
    set_series(finding, series, "s/s", NULL);
    if (stacks && stacks->profile_count > 0) {
        name_largest(finding, stacks, stacks->type_name, site, sizeof site);
        snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
        finding->type = stacks->type_name;
        finding->first_upload = stacks->ids[0];
        finding->last_upload = stacks->ids[stacks->profile_count - 1];
    }
    snprintf(finding->title, sizeof finding->title, "%.3g seconds per second are spent waiting for locks%s", rate, site);
    snprintf(finding->evidence, sizeof finding->evidence,
             "The median of all profiles (%zu), or of the newest third: that many threads or goroutines are blocked on average.",
             series->count);
    return true;
}

// ---- Fragmentation ----

// ", of 62 periods: ...": if the allocator was too slow to be asked in each.
static void say_left_out(const struct metrics *metrics, size_t asked, char *text, size_t text_size) {
    const struct metrics_series *series = metrics_find(metrics, "c_allocator_left_out");
    *text = '\0';
    if (series && series->count > asked) {
        snprintf(text, text_size, ", in %zu periods: this allocator takes long to count and is asked seldom", series->count);
    }
}

// Half of the memory that the allocator holds is neither in use nor returned, and at least 64 MiB: small heaps always have slack.
bool analysis_fragmentation(struct findings *findings, const struct metrics *metrics, const struct upload_list *list) {
    const struct metrics_series *series = metrics_find(metrics, "c_allocator_fragmentation_bytes");
    double lost = load_of(series), resident = load_of(metrics_find(metrics, "c_allocator_resident_bytes"));
    double in_use = load_of(metrics_find(metrics, "c_allocator_in_use_bytes"));
    if (!series || lost < 64 << 20 || lost < resident / 2) {
        return true;
    }
    struct finding *finding = findings_add(findings, "fragmentation", MEASURE_COUNT, lost >= 1e9 ? SEVERITY_HIGH : SEVERITY_MEDIUM, lost);
    char amounts[3][FINDING_AMOUNT_BYTES], left_out[120];
    if (!finding) {
        return true;
    }
    say_left_out(metrics, series->count, left_out, sizeof left_out);
    snprintf(finding->title, sizeof finding->title, "Up to %s of C memory are lost to fragmentation", finding_bytes(lost, amounts[0]));
    snprintf(finding->evidence, sizeof finding->evidence,
             "Medians of all reports (%zu%s), or of the newest third: the allocator holds up to %s in memory, of which the program uses "
             "%s. Free blocks between live "
             "ones stay in memory; glibc gives back their whole pages when it is told to (malloc_trim).",
             series->count, left_out, finding_bytes(resident, amounts[1]), finding_bytes(in_use, amounts[2]));
    set_series(finding, series, "bytes", list);
    return true;
}

// ---- What is not seen ----

// From this share on, what was seen needs a warning.
#define MIN_SHARE 0.05

static double sum_of(const struct metrics *metrics, const char *name) {
    const struct metrics_series *series = metrics_find(metrics, name);
    double sum = 0;
    for (size_t i = 0; series && i < series->count; i++) {
        sum += series->points[i].value;
    }
    return sum;
}

static struct finding *add_loss(struct findings *findings, const char *kind, double share, const struct metrics_series *series,
                                const struct upload_list *list) {
    struct finding *finding = findings_add(findings, kind, MEASURE_COUNT, share >= 0.25 ? SEVERITY_HIGH : SEVERITY_MEDIUM, share);
    if (finding && series) {
        set_series(finding, series, "samples", list);
    }
    return finding;
}

bool analysis_lost_samples(struct findings *findings, const struct metrics *metrics, const struct upload_list *list) {
    const struct metrics_series *live = metrics_find(metrics, "c_samples_lost_live"),
                                *stacks = metrics_find(metrics, "c_samples_lost_stacks");
    double samples = sum_of(metrics, "c_samples"), lost_live = sum_of(metrics, "c_samples_lost_live");
    double dropped = sum_of(metrics, "c_samples_lost_stacks") + sum_of(metrics, "c_samples_lost_shards");
    double unfollowed = samples > dropped ? lost_live / (samples - dropped) : 0;
    if (unfollowed >= MIN_SHARE) {
        struct finding *finding = add_loss(findings, "in_use_incomplete", unfollowed, live, list);
        if (finding) {
            snprintf(finding->title, sizeof finding->title,
                     "C memory in use is incomplete: %.0f %% of the samples could not be followed; raise SetMemoryLimit", 100 * unfollowed);
            snprintf(finding->evidence, sizeof finding->evidence,
                     "%.0f of %.0f samples were counted as allocated and never as in use, as the profiler's tables were full: a leak among "
                     "them is not seen here.",
                     lost_live, samples - dropped);
        }
    }
    if (samples > 0 && dropped / samples >= MIN_SHARE) {
        struct finding *finding = add_loss(findings, "samples_dropped", dropped / samples, stacks, list);
        if (finding) {
            snprintf(finding->title, sizeof finding->title,
                     "Figures of C memory are too low: %.0f %% of the samples were dropped; raise SetMemoryLimit", 100 * dropped / samples);
            snprintf(finding->evidence, sizeof finding->evidence,
                     "%.0f of %.0f samples did not fit into the profiler's tables, or found no free shard: what they stood for is "
                     "missing here.",
                     dropped, samples);
        }
    }
    return true;
}
