// memory_verdict.c: verdicts on a process's memory (memory_verdict.h).
#include "memory_verdict.h"

#include <math.h>
#include <stdlib.h>

#include "../base/extremes.h"

#define MIB ((double)(1 << 20))
static const double min_rise = 16 * MIB, min_level = 64 * MIB, min_share = 0.2;

static const char *const figure_names[MEMORY_FIGURE_COUNT] = {
    [MEMORY_RSS] = "memory_rss_bytes",
    [MEMORY_GO_LIVE] = "memory_go_live_bytes",
    [MEMORY_GO_FREE] = "memory_go_free_bytes",
    [MEMORY_MALLOC_LIVE] = "memory_malloc_live_bytes",
    [MEMORY_MALLOC_FREE] = "memory_malloc_free_bytes",
    [MEMORY_MALLOC_TRIM] = "memory_malloc_trim_bytes",
    [MEMORY_MALLOC_BLOCKS] = "memory_malloc_free_blocks",
    [MEMORY_MAPPED] = "memory_mapped_bytes",
    [MEMORY_THREAD_STACKS] = "memory_thread_stacks_bytes",
    [MEMORY_THREADS] = "memory_threads",
    [MEMORY_FILES] = "memory_files_bytes",
    [MEMORY_SHARED] = "memory_shared_memory_bytes",
    [MEMORY_NOT_SEEN] = "memory_mapped_not_seen_bytes",
    [MEMORY_UNEXPLAINED] = "memory_unexplained_bytes",
    [MEMORY_CGROUP] = "memory_cgroup_bytes",
    [MEMORY_CGROUP_LIMIT] = "memory_cgroup_limit_bytes",
    [MEMORY_CGROUP_FILE] = "memory_cgroup_file_bytes",
    [MEMORY_CGROUP_INACTIVE_FILE] = "memory_cgroup_inactive_file_bytes",
    [MEMORY_LIMIT] = "memory_limit_bytes",
    [MEMORY_LIMIT_USED] = "memory_limit_used_bytes",
};

const char *memory_figure_name(enum memory_figure figure) {
    return figure_names[figure];
}

const char *memory_verdict_name(enum memory_verdict_kind kind) {
    static const char *const names[VERDICT_KIND_COUNT] = {
        [VERDICT_NONE] = "none",
        [VERDICT_LEAK] = "leak",
        [VERDICT_GO_GROWTH] = "go_growth",
        [VERDICT_MAPPING] = "mapping",
        [VERDICT_MAPPED_FILE] = "mapped_file",
        [VERDICT_SHARED_MEMORY] = "shared_memory",
        [VERDICT_THREAD_STACKS] = "thread_stacks",
        [VERDICT_UNKNOWN_GROWTH] = "unknown_growth",
        [VERDICT_RETENTION] = "retention",
        [VERDICT_FRAGMENTATION] = "fragmentation",
        [VERDICT_GO_NOT_RETURNED] = "go_not_returned",
        [VERDICT_PAGE_CACHE] = "page_cache",
        [VERDICT_PLATEAU] = "plateau",
        [VERDICT_CACHE_FULL] = "cache_full",
    };
    return names[kind];
}

// ---- Levels ----

// The lowest of the last quarter: a peak that is there for a moment is no level. 0 if the figure is not known.
static double level_of(const struct memory_series *series) {
    size_t count = series->count / 4 < 3 ? 3 : series->count / 4;
    count = count > series->count ? series->count : count;
    double lowest = count > 0 ? INFINITY : 0;
    for (size_t i = series->count - count; i < series->count; i++) {
        lowest = extremes_min(lowest, series->points[i].value);
    }
    return lowest;
}

static bool is_large(const struct memory_series series[MEMORY_FIGURE_COUNT], double level) {
    return level >= min_level && level >= min_share * level_of(&series[MEMORY_RSS]);
}

// ---- What grows, or rose and stayed ----

struct growth_rule {
    enum memory_figure figure;
    enum memory_verdict_kind grows;
    bool stays;    // a rise that has stopped is a verdict, too
    bool estimate; // from samples: a level of V bytes sampled every P bytes has a standard deviation of sqrt(V P)
};
static const struct growth_rule growth_rules[] = {
    {MEMORY_MALLOC_LIVE, VERDICT_LEAK, true, true},         {MEMORY_GO_LIVE, VERDICT_GO_GROWTH, true, true},
    {MEMORY_MAPPED, VERDICT_MAPPING, true, false},          {MEMORY_FILES, VERDICT_MAPPED_FILE, false, false},
    {MEMORY_SHARED, VERDICT_SHARED_MEMORY, true, false},    {MEMORY_THREAD_STACKS, VERDICT_THREAD_STACKS, true, false},
    {MEMORY_NOT_SEEN, VERDICT_UNKNOWN_GROWTH, true, false}, {MEMORY_UNEXPLAINED, VERDICT_UNKNOWN_GROWTH, true, false},
};

static bool is_noise(const struct shape *shape) {
    double rise = shape->to - shape->from, interval = 512 * 1024;
    return rise * rise < 9 * shape->to * interval;
}

static enum memory_verdict_kind kind_of(const struct growth_rule *rule, const struct shape *shape) {
    if (shape->kind == SHAPE_NONE) {
        return VERDICT_NONE;
    }
    if (shape_goes_on(shape)) {
        return rule->grows;
    }
    bool warm_up = shape->from_start && !shape->linear;
    return !rule->stays ? VERDICT_NONE : warm_up ? VERDICT_CACHE_FULL : VERDICT_PLATEAU;
}

// Stacks grow without new threads where threads go deeper once: no leak.
static bool threads_explain(const struct memory_series series[MEMORY_FIGURE_COUNT]) {
    const struct memory_series *threads = &series[MEMORY_THREADS];
    return threads->count == 0 || shape_of(threads->points, threads->count, 8).kind != SHAPE_NONE;
}

static bool judge_growth(const struct growth_rule *rule, const struct memory_series series[MEMORY_FIGURE_COUNT],
                         struct memory_verdict *verdict) {
    const struct memory_series *of = &series[rule->figure];
    // Thread stacks: a few pages a thread.
    double rise = rule->figure == MEMORY_THREAD_STACKS ? MIB : min_rise;
    struct shape shape = shape_of(of->points, of->count, rise);
    enum memory_verdict_kind kind = kind_of(rule, &shape);
    if (kind == VERDICT_NONE || (rule->estimate && is_noise(&shape)) ||
        (rule->figure == MEMORY_THREAD_STACKS && !threads_explain(series))) {
        return false;
    }
    *verdict = (struct memory_verdict){kind, rule->figure, shape, shape.to - shape.from, NAN, NAN};
    return true;
}

// ---- What is kept free ----

static const double page = 4096;

// The allocator is asked seldom: what it says counts at the moments at which the free memory is known, too.
struct asked {
    double free, trim, blocks; // NAN: it did not say
};

static double value_at(const struct memory_series *series, int64_t ms) {
    for (size_t i = 0; i < series->count; i++) {
        if (series->points[i].ms == ms) {
            return series->points[i].value;
        }
    }
    return NAN;
}

static struct asked asked_at(const struct memory_series series[MEMORY_FIGURE_COUNT], size_t i) {
    const struct series_point *free = &series[MEMORY_MALLOC_FREE].points[i];
    return (struct asked){free->value, value_at(&series[MEMORY_MALLOC_TRIM], free->ms), value_at(&series[MEMORY_MALLOC_BLOCKS], free->ms)};
}

// Whether what was said then holds for the level now: it was about as much.
static bool is_of_level(const struct asked *asked, double level) {
    return asked->free > 0.8 * level && asked->free < 1.25 * level;
}

// What of the level is whole pages, and how many blocks it has, as the allocator said last at this level. NAN: it has not.
static struct asked asked_last(const struct memory_series series[MEMORY_FIGURE_COUNT], double level) {
    for (size_t i = series[MEMORY_MALLOC_FREE].count; i > 0; i--) {
        struct asked asked = asked_at(series, i - 1);
        if (!isnan(asked.trim) && is_of_level(&asked, level)) {
            return asked;
        }
    }
    return (struct asked){NAN, NAN, NAN};
}

// What of the free memory has come since least was free, but for the pages that the blocks which came with it may share. 0: not known.
static double came_whole(const struct memory_series series[MEMORY_FIGURE_COUNT], const struct asked *last) {
    struct asked least = {INFINITY, NAN, NAN};
    for (size_t i = 0; i < series[MEMORY_MALLOC_FREE].count; i++) {
        struct asked asked = asked_at(series, i);
        least = !isnan(asked.blocks) && asked.free < least.free ? asked : least;
    }
    double came = last->free - least.free - extremes_max(last->blocks - least.blocks, 0) * page;
    return isnan(last->blocks) || isnan(least.blocks) ? 0 : extremes_max(came, 0);
}

static bool judge_allocator(const struct memory_series series[MEMORY_FIGURE_COUNT], struct memory_verdict *verdict) {
    const struct memory_series *of = &series[MEMORY_MALLOC_FREE];
    double level = level_of(of);
    struct shape shape = shape_of(of->points, of->count, min_rise);
    if (!is_large(series, level) && (!shape_goes_on(&shape) || is_noise(&shape))) {
        return false;
    }
    struct asked last = asked_last(series, level);
    bool known = !isnan(last.trim);
    double trim = known ? extremes_max(last.trim, came_whole(series, &last)) : NAN;
    *verdict = (struct memory_verdict){known && trim < last.free / 2 ? VERDICT_FRAGMENTATION : VERDICT_RETENTION,
                                       MEMORY_MALLOC_FREE,
                                       shape,
                                       level,
                                       known ? extremes_min(trim, level) : NAN,
                                       last.blocks > 0 ? last.free / last.blocks : NAN};
    return true;
}

static bool judge_go(const struct memory_series series[MEMORY_FIGURE_COUNT], struct memory_verdict *verdict) {
    const struct memory_series *of = &series[MEMORY_GO_FREE];
    double level = level_of(of);
    if (!is_large(series, level)) {
        return false;
    }
    *verdict =
        (struct memory_verdict){VERDICT_GO_NOT_RETURNED, MEMORY_GO_FREE, shape_of(of->points, of->count, min_rise), level, level, NAN};
    return true;
}

static bool judge_page_cache(const struct memory_series series[MEMORY_FIGURE_COUNT], struct memory_verdict *verdict) {
    const struct memory_series *of = &series[MEMORY_CGROUP_FILE];
    double level = level_of(of), counted = level_of(&series[MEMORY_CGROUP]), limit = level_of(&series[MEMORY_CGROUP_LIMIT]);
    if (level < min_level || level < counted / 2 || limit <= 0 || counted < limit / 2) {
        return false;
    }
    double inactive = level_of(&series[MEMORY_CGROUP_INACTIVE_FILE]);
    *verdict = (struct memory_verdict){VERDICT_PAGE_CACHE,
                                       MEMORY_CGROUP_FILE,
                                       shape_of(of->points, of->count, min_rise),
                                       level,
                                       series[MEMORY_CGROUP_INACTIVE_FILE].count > 0 ? extremes_min(inactive, level) : NAN,
                                       NAN};
    return true;
}

// ---- All ----

int memory_verdict_rank(int kind) {
    switch (kind) {
    case VERDICT_PLATEAU:
    case VERDICT_CACHE_FULL:
        return 2;
    case VERDICT_PAGE_CACHE:
        return 3;
    case VERDICT_RETENTION:
    case VERDICT_FRAGMENTATION:
    case VERDICT_GO_NOT_RETURNED:
        return 1;
    default:
        return kind > VERDICT_NONE && kind < VERDICT_KIND_COUNT ? 0 : 4;
    }
}

static int by_importance(const void *a, const void *b) {
    const struct memory_verdict *left = a, *right = b;
    int order = memory_verdict_rank((int)left->kind) - memory_verdict_rank((int)right->kind);
    return order != 0 ? order : (left->bytes < right->bytes) - (left->bytes > right->bytes);
}

size_t memory_verdicts(const struct memory_series series[MEMORY_FIGURE_COUNT], struct memory_verdict verdicts[MEMORY_FIGURE_COUNT]) {
    size_t count = 0;
    for (size_t i = 0; i < sizeof growth_rules / sizeof *growth_rules; i++) {
        count += judge_growth(&growth_rules[i], series, &verdicts[count]);
    }
    count += judge_allocator(series, &verdicts[count]);
    count += judge_go(series, &verdicts[count]);
    count += judge_page_cache(series, &verdicts[count]);
    qsort(verdicts, count, sizeof *verdicts, by_importance);
    return count;
}
