// analysis_goroutines.c: goroutines that increase and never end, those that pile up, and those that can never run again (analysis_rules.h).
#include "analysis_rules.h"
#include "analysis_sentence.h"
#include "../views/site.h"
#include "analysis_work.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SITES = 40, MAX_LEAKS = 20 };

bool goroutines_matter(const struct shape *shape) {
    double rise = shape->to - shape->from;
    if (shape->kind == SHAPE_GROWS) {
        return rise >= 20 && rise >= shape->to / 3;
    }
    return rise >= (shape->from_start ? 1000 : 100) && shape->to >= 2 * shape->from;
}

static bool goroutine_site_matters(const struct stacks *stacks, const struct stack_site *site) {
    return goroutines_matter(&site->shape) && !work_explains(stacks->measures, stacks->profile_count, &site->shape);
}

static void add_goroutine_growth(struct findings *findings, const struct stacks *stacks, const struct stack_site *site,
                                 const char *attachment) {
    struct profile_sample_view sample;
    const struct shape *shape = &site->shape;
    bool grows = shape->kind == SHAPE_GROWS;
    char sentence[300];
    if (profile_sample_at(stacks->profile, site->steepest, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = findings_add(findings, grows ? "goroutine_growth" : "goroutine_plateau", MEASURE_GOROUTINES,
                                           shape->to >= 1000 ? SEVERITY_HIGH : SEVERITY_MEDIUM, (shape->to - shape->from) * 8192);
    if (!finding) {
        return;
    }
    shape_sentence(shape, site->points, "count", sentence, sizeof sentence);
    snprintf(finding->title, sizeof finding->title, "The number of goroutines of %.200s %s", site->function, sentence);
    shape_evidence(shape, site->points, stacks->profile_count, "count", "Their number", finding->evidence, sizeof finding->evidence);
    finding->type = "goroutine";
    finding->unit = "count";
    finding_set_stack(finding, &sample, site->function);
    finding_set_series(finding, stacks, site->points, attachment);
}

static void points_of(const struct stacks *stacks, uint32_t stack, struct series_point points[TREND_MAX_POINTS]) {
    for (size_t i = 0; i < stacks->profile_count; i++) {
        int64_t value = stack < stacks->row_sizes[i] ? stacks->rows[i][stack] : 0;
        points[i] = (struct series_point){stacks->ms[i], (double)value};
    }
}

// A thousand goroutines at one site: a pool or a blocked queue, possibly by design. Reported once, with low weight below 10,000.
static void add_pile_up(struct findings *findings, const struct stacks *stacks, const char *attachment) {
    size_t last = stacks->profile_count - 1;
    uint32_t largest = 0;
    struct profile_sample_view sample;
    struct series_point points[TREND_MAX_POINTS];
    for (uint32_t i = 0; i < stacks->row_sizes[last]; i++) {
        largest = stacks->rows[last][i] > stacks->rows[last][largest] ? i : largest;
    }
    int64_t count = stacks->row_sizes[last] > 0 ? stacks->rows[last][largest] : 0;
    if (count < GOROUTINES_PILED_UP || profile_sample_at(stacks->profile, largest, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = findings_add(findings, "goroutine_pile_up", MEASURE_GOROUTINES,
                                           count >= 10000 ? SEVERITY_MEDIUM : SEVERITY_LOW, (double)count * 8192);
    if (!finding) {
        return;
    }
    const char *site = site_of_stack(&sample, NULL)->function;
    snprintf(finding->title, sizeof finding->title, "%lld goroutines have the same stack in %.200s", (long long)count, site);
    snprintf(finding->evidence, sizeof finding->evidence,
             "The newest goroutine profile has %lld with this stack; each has 2 KiB of stack at least, and work that waits.",
             (long long)count);
    finding->type = "goroutine";
    finding->unit = "count";
    finding_set_stack(finding, &sample, site);
    points_of(stacks, largest, points);
    finding_set_series(finding, stacks, points, attachment);
}

bool analysis_goroutines(struct findings *findings, const struct stacks *stacks, const char *attachment) {
    struct stack_site *sites;
    size_t count;
    if (stacks->profile_count == 0) {
        return true;
    }
    if (!stacks_shapes(stacks, 20, goroutine_site_matters, &sites, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (i < MAX_SITES) {
            add_goroutine_growth(findings, stacks, &sites[i], attachment);
        } else {
            findings->left_out++;
        }
    }
    free(sites);
    add_pile_up(findings, stacks, attachment);
    return true;
}

// ---- Leaked ----

static void add_leak(struct findings *findings, const struct stacks *stacks, uint32_t stack, int64_t count, const char *attachment) {
    struct profile_sample_view sample;
    struct series_point points[TREND_MAX_POINTS];
    char since[FINDING_AMOUNT_BYTES];
    if (profile_sample_at(stacks->profile, stack, &sample) != MERGE_OK) {
        return;
    }
    const char *site = site_of_stack(&sample, NULL)->function;
    points_of(stacks, stack, points);
    size_t first = 0;
    while (first < stacks->profile_count - 1 && points[first].value == 0) {
        first++;
    }
    bool grows = points[first].value < (double)count;
    struct finding *finding =
        findings_add(findings, "goroutine_leak", MEASURE_COUNT,
                     count >= GOROUTINES_PILED_UP || (grows && count >= 20) ? SEVERITY_HIGH : SEVERITY_MEDIUM, (double)count * 8192);
    if (!finding) {
        return;
    }
    snprintf(finding->title, sizeof finding->title, "%lld %s of %.200s can never run again", (long long)count,
             count == 1 ? "goroutine" : "goroutines", site);
    snprintf(finding->evidence, sizeof finding->evidence,
             "Go's collector found that nothing which still runs can reach what they wait for (newest goroutine leak profile). "
             "There were %.0f with this stack in the first profile looked at that had any, of %s.",
             points[first].value, finding_time(points[first].ms, since));
    snprintf(finding->advice, sizeof finding->advice,
             "Such a goroutine keeps its stack, and all that it refers to, for ever. Close the channel or send to it on every path, also "
             "after an error; give a channel that is answered once a buffer of one; end waits with a context.");
    finding->type = "goroutineleak";
    finding->unit = "count";
    finding_set_stack(finding, &sample, site);
    finding_set_series(finding, stacks, points, attachment);
}

struct leak {
    uint32_t stack;
    int64_t count;
};

// The largest first, else in the order of the stacks.
static int by_count(const void *left, const void *right) {
    const struct leak *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count) - (a->count > b->count) : (a->stack > b->stack) - (a->stack < b->stack);
}

bool analysis_leaked_goroutines(struct findings *findings, const struct stacks *stacks, const char *attachment) {
    if (stacks->profile_count == 0) {
        return true;
    }
    size_t last = stacks->profile_count - 1, count = 0;
    struct leak *leaks = malloc((stacks->row_sizes[last] + 1) * sizeof *leaks);
    if (!leaks) {
        return false;
    }
    for (uint32_t i = 0; i < stacks->row_sizes[last]; i++) {
        if (stacks->rows[last][i] > 0) {
            leaks[count++] = (struct leak){i, stacks->rows[last][i]};
        }
    }
    qsort(leaks, count, sizeof *leaks, by_count);
    for (size_t i = 0; i < count && i < MAX_LEAKS; i++) {
        add_leak(findings, stacks, leaks[i].stack, leaks[i].count, attachment);
    }
    findings->left_out += count > MAX_LEAKS ? count - MAX_LEAKS : 0;
    free(leaks);
    return true;
}
