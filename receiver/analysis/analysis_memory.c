// analysis_memory.c: live memory that grows, or rose and stayed: C's, and that of the language's own heap (analysis_rules.h).
#include "analysis_age.h"
#include "analysis_rules.h"
#include "analysis_sentence.h"
#include "../views/site.h"
#include "analysis_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SITES = 40, MIB = 1 << 20 };

// ---- Limits ----

// Live memory is an estimate: a level of V bytes sampled every P bytes has a standard deviation of sqrt(V P). Three of them are required:
// at the default of 512 KiB that is 4.7 MB from nothing, 14 MB at a level of 42 MB. Below 64 KiB there is no finding, even if every block
// is sampled.
static bool is_beyond_sampling(const struct shape *shape, double period) {
    double rise = shape->to - shape->from;
    period = period >= 1 ? period : 524288;
    return rise >= 65536 && rise * rise >= 9 * shape->to * period;
}

// A rise that has stopped, or goes on in steps, is reported when it matters: C memory from 16 MiB on, since only the program frees it;
// collected memory from 64 MiB on. A rise at the first profile may be a warm-up as well as a leak that has stopped: 256 and 512 MiB, and
// twice the level before. C memory that rose linearly until it stopped is less likely a warm-up: 128 MiB.
bool memory_matters(const struct shape *shape, bool c, double period) {
    double rise = shape->to - shape->from;
    if (!is_beyond_sampling(shape, period)) {
        return false;
    }
    if (shape->kind == SHAPE_GROWS) {
        return true;
    }
    if (shape->from_start) {
        double limit = !c ? 512 : shape->linear ? 128 : 256;
        return rise >= limit * MIB && shape->to >= 2 * shape->from;
    }
    return rise >= (c ? 16.0 : 64.0) * MIB;
}

static bool site_matters(const struct stacks *stacks, const struct stack_site *site) {
    const struct shape *shape = &site->shape;
    // One site of a heap that does not grow as a whole: uncollected garbage goes up and down.
    bool small = !site->c && shape->kind == SHAPE_GROWS && shape->to - shape->from < 32.0 * MIB;
    return !small && memory_matters(shape, site->c, (double)profile_period(stacks->profile)) &&
           !work_explains(stacks->measures, stacks->profile_count, shape);
}

// A leak of a gigabyte per day ends most processes within days, one of 100 MB per day within weeks. A rise in steps will go on.
enum severity memory_severity(const struct shape *shape, bool c) {
    double rise = shape->to - shape->from, day = 86400 * shape->trend.slope_per_s;
    bool goes_on = shape->kind == SHAPE_DOUBLES || shape->kind == SHAPE_STEPS;
    double weight = shape->kind == SHAPE_GROWS ? day : goes_on ? 4 * rise : rise;
    enum severity severity = weight >= 1e9                                          ? SEVERITY_HIGH
                             : weight >= (shape->kind == SHAPE_GROWS ? 1e8 : 2.5e8) ? SEVERITY_MEDIUM
                                                                                    : SEVERITY_LOW;
    // Collected memory may be a cache that fills, and so may a rise from the start: one severity less.
    return severity > SEVERITY_LOW && (!c || shape->from_start) ? severity - 1 : severity;
}

static const char turnover_advice[] =
    "Look for load that rises, a queue that gets longer or a cache whose entries are replaced, rather than "
    "for a missing free.";

static void set_memory(struct finding *finding, const struct stacks *stacks, const struct heap *heap, const struct shape *shape,
                       const struct kept *kept, const struct series_point *points, const char *what) {
    shape_evidence(shape, points, stacks->profile_count, "bytes", what, finding->evidence, sizeof finding->evidence);
    age_evidence(kept, finding->evidence, sizeof finding->evidence);
    if (age_turns_over(kept)) {
        snprintf(finding->advice, sizeof finding->advice, "%s", turnover_advice);
    }
    if (shape->kind == SHAPE_GROWS) {
        finding->slope_bytes_per_minute = 60 * shape->trend.slope_per_s;
    }
    finding->type = heap->type;
    finding->unit = "bytes";
    finding_set_series(finding, stacks, points, heap->attachment);
}

// ---- Sites ----

const char *memory_kind(const struct shape *shape, bool c) {
    return shape->kind != SHAPE_GROWS ? shape_name(shape->kind) : c ? "c_leak" : "go_heap_growth";
}

static enum measure memory_measure(bool c) {
    return c ? MEASURE_C_LIVE_BYTES : MEASURE_HEAP_LIVE_BYTES;
}

static struct finding *add_memory(struct findings *findings, const struct shape *shape, bool c, enum severity severity,
                                  const struct kept *kept) {
    bool turns_over = age_turns_over(kept);
    const char *kind = turns_over && shape->kind == SHAPE_GROWS ? "c_growth" : memory_kind(shape, c);
    severity = turns_over && severity > SEVERITY_LOW ? severity - 1 : severity;
    return findings_add(findings, kind, memory_measure(c), severity, shape->to - shape->from);
}

// site->function is in the title; kept: of C's sites.
static void add_site(struct findings *findings, const struct stacks *stacks, const struct stack_site *site, const struct kept *kept,
                     const struct heap *heap) {
    struct profile_sample_view sample;
    const struct shape *shape = &site->shape;
    char sentence[300], what[80];
    if (profile_sample_at(stacks->profile, site->steepest, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = add_memory(findings, shape, site->c, memory_severity(shape, site->c), kept);
    if (!finding) {
        return;
    }
    const char *leaf = site_leaf(&sample)->function;
    bool two = strcmp(leaf, site->function) != 0;
    shape_sentence(shape, site->points, "bytes", sentence, sizeof sentence);
    snprintf(finding->title, sizeof finding->title, "%smemory allocated in %.130s%s%.130s %s%s", site->c ? "C " : heap->language, leaf,
             two ? " for " : "", two ? site->function : "", sentence,
             site->c && shape->kind == SHAPE_GROWS && !age_turns_over(kept) ? " and is not freed" : "");
    snprintf(what, sizeof what, "%smemory in use there", site->c ? "C " : heap->language);
    finding_set_stack(finding, &sample, site->function);
    set_memory(finding, stacks, heap, shape, kept, site->points, what);
}

// ---- All ----

static bool total_matters(const struct stacks *stacks, bool c, struct series_point *points, struct shape *shape) {
    stacks_total(stacks, c, points);
    *shape = shape_of(points, stacks->profile_count, 65536);
    return shape->kind != SHAPE_NONE && memory_matters(shape, c, (double)profile_period(stacks->profile)) &&
           !work_explains(stacks->measures, stacks->profile_count, shape);
}

// What no site explains: many small ones. For collected memory, names the steepest of the growing sites; it may be NULL.
static void add_total(struct findings *findings, const struct stacks *stacks, const struct heap *heap, bool c,
                      const struct stack_site *site, const struct kept *kept) {
    struct series_point points[TREND_MAX_POINTS];
    struct profile_sample_view sample;
    struct shape shape;
    char sentence[300], what[80], rate[FINDING_AMOUNT_BYTES], more[280] = ", at no single place";
    if (!total_matters(stacks, c, points, &shape)) {
        return;
    }
    enum severity severity = memory_severity(&shape, c);
    severity = c && severity > SEVERITY_LOW ? severity - 1 : severity;
    struct finding *finding = add_memory(findings, &shape, c, severity, kept);
    if (!finding) {
        return;
    }
    if (site && profile_sample_at(stacks->profile, site->steepest, &sample) == MERGE_OK) {
        snprintf(more, sizeof more, ", %s of it allocated by %.200s", finding_rate(site->shape.trend.slope_per_s, rate), site->function);
        finding_set_stack(finding, &sample, site->function);
    }
    shape_sentence(&shape, points, "bytes", sentence, sizeof sentence);
    if (c) {
        snprintf(finding->title, sizeof finding->title, "C memory %s%s", sentence, more);
        snprintf(what, sizeof what, "All C memory in use");
    } else {
        snprintf(finding->title, sizeof finding->title, "The %sheap %s%s", heap->language, sentence, more);
        snprintf(what, sizeof what, "The live heap");
    }
    set_memory(finding, stacks, heap, &shape, kept, points, what);
}

struct shown { // what findings are made of
    const struct stack_site *sites[MAX_SITES], *c_sites[MAX_SITES];
    size_t count, c_count;
    struct kept kept[MAX_SITES], all_kept; // of C's sites, and of all C memory
};

// The largest first. Growth of collected memory at several sites is one finding, of which the steepest site is told.
static const struct stack_site *choose_sites(const struct stack_site *sites, size_t count, bool heap_grows, struct findings *findings,
                                             struct shown *shown) {
    const struct stack_site *steepest = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct stack_site *site = &sites[i];
        if (!site->c && heap_grows && site->shape.kind == SHAPE_GROWS) {
            steepest = steepest ? steepest : site;
        } else if (shown->count == MAX_SITES) {
            findings->left_out++;
        } else {
            shown->sites[shown->count++] = site;
            if (site->c) {
                shown->c_sites[shown->c_count++] = site;
            }
        }
    }
    return steepest;
}

static bool add_sites(struct findings *findings, const struct stacks *stacks, const struct ages *ages, const struct heap *heap,
                      const struct stack_site *sites, size_t count) {
    static const struct kept unknown;
    struct series_point points[TREND_MAX_POINTS];
    struct shape heap_shape;
    struct shown shown = {.count = 0};
    bool heap_grows = total_matters(stacks, false, points, &heap_shape) && heap_shape.kind == SHAPE_GROWS;
    const struct stack_site *steepest = choose_sites(sites, count, heap_grows, findings, &shown);
    if (!age_kept(ages, stacks, shown.c_sites, shown.c_count, shown.kept, &shown.all_kept)) {
        return false;
    }
    for (size_t i = 0, c = 0; i < shown.count; i++) {
        const struct stack_site *site = shown.sites[i];
        add_site(findings, stacks, site, site->c ? &shown.kept[c++] : &unknown, heap);
    }
    if (shown.c_count == 0) {
        add_total(findings, stacks, heap, true, NULL, &shown.all_kept);
    }
    if (heap_grows || shown.c_count == shown.count) {
        add_total(findings, stacks, heap, false, steepest, &unknown);
    }
    return true;
}

bool analysis_live_memory(struct findings *findings, const struct stacks *stacks, const struct ages *ages, const struct heap *heap) {
    struct stack_site *sites;
    size_t count;
    if (stacks->profile_count == 0) {
        return true;
    }
    if (!stacks_shapes(stacks, 65536, site_matters, &sites, &count)) {
        return false;
    }
    bool ok = add_sites(findings, stacks, ages, heap, sites, count);
    free(sites);
    return ok;
}
