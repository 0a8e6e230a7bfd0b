// analysis_verdict.c: memory by cause: findings of verdicts, the limit, and what is unexplained (analysis_rules.h).
#include "analysis_rules.h"
#include "analysis_sentence.h"
#include "../views/site.h"
#include "analysis_work.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GIB 1073741824.0

// ---- Words ----

// Of figures that grow.
struct words {
    const char *part, *kind, *subject, *advice; // part: the label in memory.pprof
};
static const struct words words[MEMORY_FIGURE_COUNT] = {
    [MEMORY_MAPPED] = {"mapped", "mapping_growth", "Memory that C maps by itself",
                       "Find what maps it and does not unmap it. The stack of an inner allocator's mapping (DuckDB, Arrow, V8) is of "
                       "whoever needed more, not of who holds the memory."},
    [MEMORY_FILES] = {"files", "mapped_file_growth", "What is in memory of mapped files",
                      "The kernel takes pages of files back before it kills a process, unless they were written to or are locked."},
    [MEMORY_SHARED] = {"shared_memory", "shared_memory_growth", "Shared memory (memfd, /dev/shm, System V)",
                       "Nobody but its users can free it: it counts against the limit, and outlives the process if it has a name."},
    [MEMORY_THREAD_STACKS] = {"thread_stacks", "thread_stack_growth", "The memory of thread stacks",
                              "Threads are made and do not end. A goroutine that is blocked in C holds one thread."},
    [MEMORY_NOT_SEEN] =
        {"mapped_not_seen", "unseen_mapping_growth", "Memory that was mapped without the profiler's seeing it",
         "It is mapped by a raw system call, by libc itself, or since before sampling began: strace -k -e trace=mmap has the "
         "stacks."},
    [MEMORY_UNEXPLAINED] = {"unexplained", "unknown_memory_growth", "Memory of an unknown owner",
                            "What could not be looked at is said with the profile (memory_incomplete, and a warning in memory.pprof)."},
};
static const char not_returned_advice[] = "debug.FreeOSMemory() gives back about %s at once. Go does so by itself within minutes, and "
                                          "keeps what the next cycle is expected to need: a lower GOGC or a GOMEMLIMIT keeps less.";
static const char trim_advice[] = "malloc_trim(0) gives back about %s at once. M_TRIM_THRESHOLD, M_ARENA_MAX (MALLOC_ARENA_MAX=2) or "
                                  "jemalloc keep it from coming back.";
static const char other_allocator_advice[] = "A call or a setting gives back what of it is whole pages: glibc's malloc_trim, jemalloc's "
                                             "dirty_decay_ms, tcmalloc's ReleaseFreeMemory, mimalloc's mi_collect. How much that is, is "
                                             "not known.";
static const char pinned_advice[] = "malloc_trim(0) gives back at least %s, and not much more if live blocks lie in between. Allocate what "
                                    "lives long apart from what does not, or use an allocator that separates sizes, such as jemalloc.";
// Of small blocks only their count is known, not how much of the memory is in few large ones.
static const char small_advice[] =
    "malloc_trim(0) gives back at least %s. How much more depends on the sizes of the free blocks, of which only "
    "the mean is known: call it once and look at RSS. If little comes back, allocate what lives long apart from "
    "what does not, or use an allocator that separates sizes, such as jemalloc.";
static const char page_cache_advice[] = "The kernel takes it back before it kills anything. It is no memory of the process: look at the "
                                        "working set, not at the usage.";

// ---- Series ----

static struct memory_series series_of(const struct metrics *metrics, enum memory_figure figure) {
    const struct metrics_series *series = metrics_find(metrics, memory_figure_name(figure));
    size_t skip = series && series->count > TREND_MAX_POINTS ? series->count - TREND_MAX_POINTS : 0;
    return series ? (struct memory_series){series->points + skip, series->count - skip} : (struct memory_series){0};
}

static void set_points(struct finding *finding, const struct memory_series *series, const struct upload_list *list) {
    finding->unit = "bytes";
    finding->point_count = series->count;
    memcpy(finding->points, series->points, series->count * sizeof *series->points);
    if (list->count > 0) {
        finding->first_upload = list->uploads[0].id;
        finding->last_upload = list->uploads[list->count - 1].id;
    }
}

static double now(const struct memory_series *series) {
    return series->count > 0 ? series->points[series->count - 1].value : NAN;
}

// ---- One verdict ----

static enum severity severity_of(const struct memory_verdict *verdict) {
    switch (verdict->kind) {
    case VERDICT_PLATEAU:
    case VERDICT_CACHE_FULL:
    case VERDICT_PAGE_CACHE:
        return SEVERITY_LOW;
    case VERDICT_RETENTION:
    case VERDICT_FRAGMENTATION:
    case VERDICT_GO_NOT_RETURNED:
        return verdict->bytes >= GIB ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    default:
        return memory_severity(&verdict->shape, true);
    }
}

static void name_site(struct finding *finding, const struct stacks *parts, const char *attachment, const char *part) {
    double share;
    char site[240];
    struct profile_sample_view sample;
    int64_t steepest = parts && parts->profile_count > 0 ? stacks_steepest(parts, part, &share) : -1;
    if (steepest < 0 || profile_sample_at(parts->profile, (size_t)steepest, &sample) != MERGE_OK) {
        return;
    }
    const char *function = site_of_stack(&sample, NULL)->function;
    snprintf(site, sizeof site, ", %.0f %% of it at %.180s", 100 * share, function);
    strncat(finding->title, site, sizeof finding->title - strlen(finding->title) - 1);
    finding_set_stack(finding, &sample, function);
    snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
    finding->type = "resident_space";
}

// What grows, or rose and stayed.
static void add_growth(struct findings *findings, const struct memory_verdict *verdict, const struct memory_series *series,
                       const struct upload_list *list, const struct stacks *parts, const char *attachment) {
    const struct shape *shape = &verdict->shape;
    const struct words *text = &words[verdict->figure];
    const char *kind = shape_goes_on(shape) ? text->kind : shape_name(shape->kind);
    struct finding *finding = findings_add(findings, kind, MEASURE_COUNT, severity_of(verdict), verdict->bytes);
    char sentence[300];
    if (!finding) {
        return;
    }
    set_points(finding, series, list);
    shape_sentence(shape, finding->points, "bytes", sentence, sizeof sentence);
    snprintf(finding->title, sizeof finding->title, "%s %s", text->subject, sentence);
    shape_evidence(shape, finding->points, finding->point_count, "bytes", text->subject, finding->evidence, sizeof finding->evidence);
    if (shape->kind == SHAPE_GROWS) {
        finding->slope_bytes_per_minute = 60 * shape->trend.slope_per_s;
    }
    if (shape_goes_on(shape)) {
        snprintf(finding->advice, sizeof finding->advice, "%s", text->advice);
    }
    name_site(finding, parts, attachment, text->part);
}

struct kept_words {
    const char *kind, *title, *advice; // title: amount, share; advice: what it gives back
};

static struct kept_words kept_words_of(const struct memory_verdict *verdict) {
    bool known = !isnan(verdict->gives_back);
    switch (verdict->kind) {
    case VERDICT_FRAGMENTATION:
        return (struct kept_words){"fragmentation", "%s of the C heap (%.0f %% of the resident memory) are free in small pieces",
                                   verdict->block_bytes < 4096 ? small_advice : pinned_advice};
    case VERDICT_GO_NOT_RETURNED:
        return (struct kept_words){"go_not_returned", "Go keeps %s that are free (%.0f %% of the resident memory)", not_returned_advice};
    case VERDICT_PAGE_CACHE:
        return (struct kept_words){"page_cache", "%s of what the container is charged for are pages of files (%.0f %% of the usage)",
                                   page_cache_advice};
    default:
        return (struct kept_words){"retention", "The C allocator keeps %s that are free (%.0f %% of the resident memory)",
                                   known ? trim_advice : other_allocator_advice};
    }
}

// What is kept free, or cached.
static void add_kept(struct findings *findings, const struct memory_verdict *verdict, const struct memory_series *series,
                     const struct upload_list *list, double whole) {
    struct kept_words text = kept_words_of(verdict);
    struct finding *finding = findings_add(findings, text.kind, MEASURE_COUNT, severity_of(verdict), verdict->bytes);
    char amount[FINDING_AMOUNT_BYTES], back[FINDING_AMOUNT_BYTES], sentence[300];
    if (!finding) {
        return;
    }
    set_points(finding, series, list);
    finding_bytes(verdict->bytes, amount);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" // each is a literal above
    snprintf(finding->title, sizeof finding->title, text.title, amount, whole > 0 ? 100 * verdict->bytes / whole : 0.0);
    snprintf(finding->advice, sizeof finding->advice, text.advice, finding_bytes(verdict->gives_back, back));
#pragma GCC diagnostic pop
    snprintf(finding->evidence, sizeof finding->evidence, "At least that much in the last quarter of %zu profiles.", series->count);
    if (verdict->kind == VERDICT_FRAGMENTATION && verdict->block_bytes > 0) {
        size_t length = strlen(finding->evidence);
        snprintf(finding->evidence + length, sizeof finding->evidence - length, " A free block has %s on average.",
                 finding_bytes(verdict->block_bytes, amount));
    }
    if (shape_goes_on(&verdict->shape)) {
        shape_sentence(&verdict->shape, finding->points, "bytes", sentence, sizeof sentence);
        size_t length = strlen(finding->evidence);
        snprintf(finding->evidence + length, sizeof finding->evidence - length, " It %s.", sentence);
    }
}

// ---- The limit ----

// Only what grows by the rules of a trend is extrapolated. At the limit, it need not grow any more.
static void add_limit(struct findings *findings, const struct memory_series series[MEMORY_FIGURE_COUNT], const struct upload_list *list) {
    struct series_point counted[TREND_MAX_POINTS];
    const struct memory_series used = {counted, memory_counted(series, counted)};
    struct memory_outlook outlook = memory_outlook_of(counted, used.count, now(memory_limit_series(series)));
    double seconds = outlook.seconds;
    if (!(seconds < 7 * 86400.0)) {
        return;
    }
    enum severity severity = seconds < 3600 ? SEVERITY_HIGH : seconds < 86400 ? SEVERITY_MEDIUM : SEVERITY_LOW;
    struct finding *finding = findings_add(findings, "memory_limit", MEASURE_COUNT, severity, now(&used));
    char amounts[2][FINDING_AMOUNT_BYTES], time[FINDING_AMOUNT_BYTES];
    if (!finding) {
        return;
    }
    set_points(finding, &used, list);
    finding->limit_seconds = seconds;
    finding->limit_from_ms = used.count > 0 ? counted[used.count - 1].ms : 0;
    finding_bytes(now(memory_limit_series(series)), amounts[0]);
    if (seconds > 0) {
        snprintf(finding->title, sizeof finding->title, "The memory limit of %s is reached in %s if usage goes on as now", amounts[0],
                 finding_duration(seconds, time));
        finding->slope_bytes_per_minute = 60 * outlook.slope_per_s;
    } else {
        snprintf(finding->title, sizeof finding->title, "The memory limit of %s is reached", amounts[0]);
    }
    snprintf(finding->evidence, sizeof finding->evidence,
             "The container uses %s. Pages of files that the kernel takes back first are not counted. The slope is the median of those "
             "between all pairs of the newest %zu of %zu profiles.",
             finding_bytes(now(&used), amounts[1]), used.count - (seconds > 0 ? outlook.from : 0), used.count);
    snprintf(finding->advice, sizeof finding->advice,
             "At the limit the kernel kills the process (SIGKILL), and nothing of it runs. The other findings say what grows.");
}

// ---- What is not explained ----

static void add_unknown(struct findings *findings, const struct memory_series *series, double bytes, double rss, const char *what,
                        const struct upload_list *list) {
    struct finding *finding = findings_add(findings, "memory_unexplained", MEASURE_COUNT, SEVERITY_LOW, bytes);
    char amount[FINDING_AMOUNT_BYTES];
    if (!finding) {
        return;
    }
    set_points(finding, series, list);
    snprintf(finding->title, sizeof finding->title, "%s (%.0f %% of the resident memory) %s", finding_bytes(bytes, amount),
             100 * bytes / rss, what);
    snprintf(finding->evidence, sizeof finding->evidence,
             "Anonymous memory that is neither the C heap, nor Go's, nor a thread's stack, nor mapped through a function that the profiler "
             "sees: a growth in it has no stack here.");
}

static bool is_much(double bytes, double rss) {
    return bytes >= 64 << 20 && bytes >= 0.1 * rss;
}

// Of what is not explained and what was not seen, each that is much; else both together, if they are. One that is not known counts as 0.
static void add_unexplained(struct findings *findings, const struct memory_series series[MEMORY_FIGURE_COUNT],
                            const struct upload_list *list) {
    const struct memory_series *of_nobody = &series[MEMORY_UNEXPLAINED], *of_unseen = &series[MEMORY_NOT_SEEN];
    double unknown = fmax(now(of_nobody), 0), not_seen = fmax(now(of_unseen), 0), rss = now(&series[MEMORY_RSS]);
    if (is_much(unknown, rss)) {
        add_unknown(findings, of_nobody, unknown, rss, "belong to nobody that is known", list);
    }
    if (is_much(not_seen, rss)) {
        add_unknown(findings, of_unseen, not_seen, rss, "were mapped without the profiler's seeing it", list);
    }
    if (!is_much(unknown, rss) && !is_much(not_seen, rss) && is_much(unknown + not_seen, rss)) {
        add_unknown(findings, unknown > not_seen ? of_nobody : of_unseen, unknown + not_seen, rss,
                    "belong to nobody that is known, or were mapped without the profiler's seeing it", list);
    }
}

// ---- All ----

static bool is_kept(const struct memory_verdict *verdict) {
    return verdict->figure == MEMORY_MALLOC_FREE || verdict->figure == MEMORY_GO_FREE || verdict->figure == MEMORY_CGROUP_FILE;
}

// The rules for stacks judge live memory, by more.
static bool is_live(const struct memory_verdict *verdict) {
    return verdict->figure == MEMORY_MALLOC_LIVE || verdict->figure == MEMORY_GO_LIVE;
}

static bool explained_by_work(const struct upload_list *list, const struct memory_verdict *verdict, size_t points) {
    struct measures measures[TREND_MAX_POINTS];
    if (points != list->count || points > TREND_MAX_POINTS) {
        return false;
    }
    for (size_t i = 0; i < points; i++) {
        measures[i] = list->uploads[i].measures;
    }
    return work_explains(measures, points, &verdict->shape);
}

void verdict_judge(const struct metrics *metrics, struct judged_memory *judged) {
    for (int figure = 0; figure < MEMORY_FIGURE_COUNT; figure++) {
        judged->series[figure] = series_of(metrics, (enum memory_figure)figure);
    }
    judged->count = memory_verdicts(judged->series, judged->verdicts);
    judged->by_cause = judged->series[MEMORY_RSS].count > 0;
    judged->needs_stacks = false;
    for (size_t i = 0; i < judged->count; i++) {
        judged->needs_stacks |= !is_kept(&judged->verdicts[i]) && !is_live(&judged->verdicts[i]);
    }
}

void verdict_add(struct findings *findings, const struct judged_memory *judged, const struct upload_list *list, const struct stacks *parts,
                 const char *attachment) {
    for (size_t i = 0; i < judged->count; i++) {
        const struct memory_verdict *verdict = &judged->verdicts[i];
        const struct memory_series *of = &judged->series[verdict->figure];
        if (is_live(verdict)) {
            continue;
        }
        if (is_kept(verdict)) {
            add_kept(findings, verdict, of, list, now(&judged->series[verdict->kind == VERDICT_PAGE_CACHE ? MEMORY_CGROUP : MEMORY_RSS]));
        } else if (!explained_by_work(list, verdict, of->count)) {
            add_growth(findings, verdict, of, list, parts, attachment);
        }
    }
    add_limit(findings, judged->series, list);
    add_unexplained(findings, judged->series, list);
}
