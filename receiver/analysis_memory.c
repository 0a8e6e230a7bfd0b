// analysis_memory.c: what grows: live memory of C and of the language's own heap, goroutines (analysis_rules.h).
#include "analysis_rules.h"
#include "analysis_site.h"
#include "analysis_stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEAKS = 10 };

// Live memory is an estimate: a level of V bytes, sampled each P bytes, has a deviation of sqrt(V P). Three of them: at the usual 512 KiB
// that is 4.7 MB for what began at nothing, 14 MB at a level of 42 MB. Below 64 KiB nothing is worth a finding, also where every block is
// sampled.
static bool enough_bytes(const struct stacks *stacks, double growth, double level) {
    double period = (double)profile_period(stacks->profile);
    period = period >= 1 ? period : 524288;
    return growth >= 65536 && growth * growth >= 9 * level * period;
}

static bool enough_goroutines(const struct stacks *stacks, double growth, double level) {
    (void)stacks;
    return growth >= 20 && growth >= level / 3;
}

// A leak of a gigabyte a day ends most processes within days, one of 100 MB a day within weeks.
static enum severity severity_of(double bytes_per_s) {
    return bytes_per_s * 86400 >= 1e9 ? SEVERITY_HIGH : bytes_per_s * 86400 >= 1e8 ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static void set_series(struct finding *finding, const struct stacks *stacks, const struct metrics_point *points) {
    memcpy(finding->points, points, stacks->profile_count * sizeof *points);
    finding->point_count = stacks->profile_count;
    finding->first_upload = stacks->ids[0];
    finding->last_upload = stacks->ids[stacks->profile_count - 1];
}

static double seconds_of(const struct stacks *stacks) {
    return (double)(stacks->ms[stacks->profile_count - 1] - stacks->ms[0]) / 1000;
}

static void write_growth(struct finding *finding, const struct stacks *stacks, const struct trend *trend, const char *what) {
    char first[FINDING_AMOUNT_BYTES], last[FINDING_AMOUNT_BYTES], time[FINDING_AMOUNT_BYTES];
    snprintf(finding->evidence, sizeof finding->evidence,
             "%s rose from %s to %s (medians of the first and the last third) over %zu profiles in %s. "
             "%.0f %% of the pairs of profiles that differ rise, and the last half goes on as the first.",
             what, finding_bytes(trend->first, first), finding_bytes(trend->last, last), stacks->profile_count,
             finding_duration(seconds_of(stacks), time), 100 * trend->rising);
}

// Bytes that grow.
static void set_growth(struct finding *finding, const struct stacks *stacks, const struct heap *heap, const struct trend *trend,
                       const struct metrics_point *points, const char *what) {
    write_growth(finding, stacks, trend, what);
    finding->slope_bytes_per_s = trend->slope_per_s;
    finding->attachment = heap->attachment;
    finding->type = heap->type;
    set_series(finding, stacks, points);
}

// ---- C ----

static void add_leak(struct findings *findings, const struct stacks *stacks, const struct stack_site *site, const struct heap *heap) {
    struct profile_sample_view sample;
    char rate[FINDING_AMOUNT_BYTES];
    double slope = site->trend.slope_per_s;
    struct finding *finding = findings_add(findings, "c_leak", severity_of(slope), slope);
    if (!finding || profile_sample_at(stacks->profile, site->steepest, &sample) != MERGE_OK) {
        return;
    }
    const char *leaf = analysis_leaf(&sample)->function;
    bool two = strcmp(leaf, site->function) != 0;
    snprintf(finding->title, sizeof finding->title, "C memory allocated in %.200s%s%.200s grows by %s and is not freed", leaf,
             two ? " for " : "", two ? site->function : "", finding_rate(slope, rate));
    set_growth(finding, stacks, heap, &site->trend, site->points, "C memory in use there");
    finding_set_stack(finding, &sample);
    findings_settle(findings, site->function);
}

// Growth of all C memory that no site explains: many small ones.
static void add_total_leak(struct findings *findings, const struct stacks *stacks, const struct heap *heap) {
    struct metrics_point points[TREND_MAX_POINTS];
    char rate[FINDING_AMOUNT_BYTES];
    stacks_total(stacks, true, points);
    struct trend trend = trend_of(points, stacks->profile_count, 0);
    if (!trend.grows || !enough_bytes(stacks, trend.last - trend.first, trend.last)) {
        return;
    }
    enum severity severity = severity_of(trend.slope_per_s);
    struct finding *finding =
        findings_add(findings, "c_leak", severity == SEVERITY_HIGH ? SEVERITY_MEDIUM : SEVERITY_LOW, trend.slope_per_s);
    if (!finding) {
        return;
    }
    snprintf(finding->title, sizeof finding->title, "C memory grows by %s, at no single place", finding_rate(trend.slope_per_s, rate));
    set_growth(finding, stacks, heap, &trend, points, "All C memory in use");
    findings_settle(findings, NULL);
}

// ---- The language's heap ----

// site: the steepest of its sites that grow, or NULL.
static void add_heap_growth(struct findings *findings, const struct stacks *stacks, const struct stack_site *site,
                            const struct heap *heap) {
    struct metrics_point points[TREND_MAX_POINTS];
    struct profile_sample_view sample;
    char rate[FINDING_AMOUNT_BYTES], share[FINDING_AMOUNT_BYTES], more[280] = "";
    stacks_total(stacks, false, points);
    struct trend trend = trend_of(points, stacks->profile_count, 0);
    if (!trend.grows || !enough_bytes(stacks, trend.last - trend.first, trend.last)) {
        return;
    }
    // What a collector looks after may be a cache that fills as well: one step less than for C.
    enum severity severity = severity_of(trend.slope_per_s) == SEVERITY_HIGH ? SEVERITY_MEDIUM : SEVERITY_LOW;
    struct finding *finding = findings_add(findings, "go_heap_growth", severity, trend.slope_per_s);
    if (!finding) {
        return;
    }
    if (site && profile_sample_at(stacks->profile, site->steepest, &sample) == MERGE_OK) {
        snprintf(more, sizeof more, ", %s of it allocated by %.200s", finding_rate(site->trend.slope_per_s, share), site->function);
        finding_set_stack(finding, &sample);
    }
    snprintf(finding->title, sizeof finding->title, "The %sheap grows by %s%s", heap->language, finding_rate(trend.slope_per_s, rate),
             more);
    set_growth(finding, stacks, heap, &trend, points, "The live heap");
    findings_settle(findings, NULL);
}

bool analysis_live_memory(struct findings *findings, const struct stacks *stacks, const struct heap *heap) {
    struct stack_site *sites;
    size_t count, leaks = 0;
    const struct stack_site *own = NULL;
    if (!stacks_growing(stacks, enough_bytes, &sites, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (sites[i].c && leaks < MOST_LEAKS) {
            add_leak(findings, stacks, &sites[i], heap);
            leaks++;
        } else if (!sites[i].c && !own) {
            own = &sites[i];
        }
    }
    if (leaks == 0) {
        add_total_leak(findings, stacks, heap);
    }
    add_heap_growth(findings, stacks, own, heap);
    free(sites);
    return true;
}

// ---- Goroutines ----

static void add_goroutine_growth(struct findings *findings, const struct stacks *stacks, const struct stack_site *site) {
    struct profile_sample_view sample;
    double slope = site->trend.slope_per_s;
    struct finding *finding =
        findings_add(findings, "goroutine_growth", site->trend.last >= 1000 ? SEVERITY_HIGH : SEVERITY_MEDIUM, slope * 1e4);
    if (!finding || profile_sample_at(stacks->profile, site->steepest, &sample) != MERGE_OK) {
        return;
    }
    snprintf(finding->title, sizeof finding->title, "Goroutines of %.200s grow by %.3g a minute", site->function, slope * 60);
    snprintf(finding->evidence, sizeof finding->evidence,
             "Their number rose from %.0f to %.0f (medians of the first and the last third) over %zu profiles: they wait and do not end.",
             site->trend.first, site->trend.last, stacks->profile_count);
    finding->attachment = "goroutines.pprof";
    finding->type = "goroutine";
    finding_set_stack(finding, &sample);
    set_series(finding, stacks, site->points);
    findings_settle(findings, site->function);
}

// A thousand goroutines at one place: a pool or a queue that is stuck, or meant so; it is said once, with little weight below 10,000.
static void add_pile_up(struct findings *findings, const struct stacks *stacks) {
    size_t last = stacks->profile_count - 1;
    uint32_t most = 0;
    struct profile_sample_view sample;
    for (uint32_t i = 0; i < stacks->row_sizes[last]; i++) {
        most = stacks->rows[last][i] > stacks->rows[last][most] ? i : most;
    }
    int64_t count = stacks->row_sizes[last] > 0 ? stacks->rows[last][most] : 0;
    if (count < 1000 || profile_sample_at(stacks->profile, most, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = findings_add(findings, "goroutine_pile_up", count >= 10000 ? SEVERITY_MEDIUM : SEVERITY_LOW, (double)count);
    if (!finding) {
        return;
    }
    const char *site = analysis_site(&sample)->function;
    snprintf(finding->title, sizeof finding->title, "%lld goroutines stand at the same place in %.200s", (long long)count, site);
    snprintf(finding->evidence, sizeof finding->evidence,
             "The newest goroutine profile has %lld with this stack; each has 2 KiB of stack at least, and work that waits.",
             (long long)count);
    finding->attachment = "goroutines.pprof";
    finding->type = "goroutine";
    finding_set_stack(finding, &sample);
    for (size_t i = 0; i <= last; i++) {
        int64_t value = most < stacks->row_sizes[i] ? stacks->rows[i][most] : 0;
        finding->points[i] = (struct metrics_point){stacks->ms[i], (double)value};
    }
    finding->point_count = last + 1;
    finding->first_upload = stacks->ids[0];
    finding->last_upload = stacks->ids[last];
    findings_settle(findings, site);
}

bool analysis_goroutines(struct findings *findings, const struct stacks *stacks) {
    struct stack_site *sites;
    size_t count;
    if (stacks->profile_count == 0) {
        return true;
    }
    if (!stacks_growing(stacks, enough_goroutines, &sites, &count)) {
        return false;
    }
    for (size_t i = 0; i < count && i < MOST_LEAKS; i++) {
        add_goroutine_growth(findings, stacks, &sites[i]);
    }
    free(sites);
    add_pile_up(findings, stacks);
    return true;
}
