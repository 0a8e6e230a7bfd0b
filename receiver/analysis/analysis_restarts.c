// analysis_restarts.c: processes of a service that follow each other on one host, each of which grows until it ends (analysis_rules.h): a
// pod that leaks and is killed. A single life may be too short to show growth.
//
// Lives have the same version, start after the previous one has ended, and fill two thirds of the time: a periodic job is no such process.
// At least three lives, and four of five, must grow by half and by 16 MiB from their first to their last upload.
#include "analysis_rules.h"
#include "analysis_sentence.h"
#include "../views/site.h"
#include "overview.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_LIVES = 3, MAX_LIVES_READ = 10, MAX_READ = 3 };
#define MIN_GROWTH (16.0 * (1 << 20))

struct life {
    const struct overview_upload *first, *last;
};

static int compare_lives(const void *left, const void *right) {
    const struct overview_upload *a = ((const struct life *)left)->first, *b = ((const struct life *)right)->first;
    if (a->service != b->service) {
        return a->service < b->service ? -1 : 1;
    }
    if (a->host != b->host) {
        return a->host < b->host ? -1 : 1;
    }
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

// Of all processes of the overview, whose uploads are sorted by process and time.
static struct life *lives_of(const struct overview *overview, size_t *count) {
    struct life *lives = malloc((overview->count + 1) * sizeof *lives);
    *count = 0;
    for (size_t i = 0; lives && i < overview->count; i++) {
        const struct overview_upload *upload = &overview->uploads[i];
        if (i == 0 || upload->process != upload[-1].process) {
            lives[(*count)++] = (struct life){upload, upload};
        }
        lives[*count - 1].last = upload;
    }
    if (lives && *count > 1) {
        qsort(lives, *count, sizeof *lives, compare_lives);
    }
    return lives;
}

static bool follows(const struct life *life, const struct life *before) {
    return life->first->service == before->first->service && life->first->host == before->first->host && life->first->host != 0 &&
           life->first->version == before->first->version && life->first->start_ms >= before->last->end_ms - 1000;
}

static double growth_of(const struct life *life, enum measure measure) {
    double first = life->first->measures.values[measure], last = life->last->measures.values[measure];
    return life->first != life->last && isfinite(first) && isfinite(last) && last >= 1.5 * first ? last - first : 0;
}

struct chain {
    const struct life *lives;
    size_t count, grown;
    enum measure measure;
    double growth; // median over those that grew
};

static bool is_steady(const struct life *lives, size_t count) {
    int64_t lived = 0, all = lives[count - 1].last->end_ms - lives[0].first->start_ms;
    for (size_t i = 0; i < count; i++) {
        lived += lives[i].last->end_ms - lives[i].first->start_ms;
    }
    return lived * 3 >= all * 2;
}

// The last one may have just started.
static bool look_at(struct chain *chain, enum measure measure) {
    double growths[64];
    size_t grown = 0, kept = 0;
    chain->measure = measure;
    for (size_t i = 0; i < chain->count; i++) {
        double growth = growth_of(&chain->lives[i], measure);
        if (growth >= MIN_GROWTH) {
            grown++;
            growths[kept] = growth;
            kept += kept + 1 < sizeof growths / sizeof *growths;
        }
    }
    chain->grown = grown;
    chain->growth = trend_median(growths, kept);
    return grown >= MIN_LIVES && grown * 5 >= (chain->count - 1) * 4;
}

// ---- The finding ----

// The site that has grown most over the lives that are read. uploads: alternately their first and last.
struct growing {
    const struct stacks *stacks;
    bool c;
    double max_growth;
    struct stack_site site;
};

static enum stacks_answer take_growth(void *context, struct stack_site *site) {
    struct growing *growing = context;
    double growth = 0;
    if (site->c != growing->c) {
        return STACKS_DONE;
    }
    for (size_t i = 0; i + 1 < growing->stacks->profile_count; i += 2) {
        growth += site->points[i + 1].value - site->points[i].value;
    }
    if (growth > growing->max_growth) {
        growing->max_growth = growth;
        growing->site = *site;
    }
    return STACKS_DONE;
}

static size_t pick(const struct chain *chain, struct listed_upload *uploads) {
    size_t count = 0;
    for (size_t i = chain->count; i > 0 && count < 2 * MAX_LIVES_READ; i--) {
        const struct life *life = &chain->lives[i - 1];
        const struct overview_upload *const ends[] = {life->first, life->last};
        for (size_t e = 0; e < 2 && life->first != life->last; e++) {
            uploads[count++] = overview_listed(ends[e]);
        }
    }
    return count;
}

static enum receiver_error name_site(struct finding *finding, struct store *store, const struct overview *overview,
                                     const struct chain *chain, struct compared_gaps *gaps) {
    struct listed_upload uploads[2 * MAX_LIVES_READ];
    struct upload_list list = {.uploads = uploads, .count = pick(chain, uploads), .flight = overview->flight};
    struct process_files *files = malloc(sizeof *files);
    struct stacks stacks = {0};
    struct sweep_report report = {0};
    enum receiver_error error = files ? files_find(store, &list, files) : RECEIVER_NO_MEMORY;
    const struct used_files *memory = files ? &files->uses[FILES_OF_MEMORY] : NULL;
    const char *attachment = error == RECEIVER_OK ? memory->attachment : NULL;
    if (attachment) {
        error = stacks_read(store, &list, memory->names, memory->count, memory->type, NULL, &stacks, &report);
        compared_count(gaps, &report);
    }
    if (error == RECEIVER_OK && attachment && report.uploads == list.count) {
        struct growing growing = {.stacks = &stacks, .c = chain->measure == MEASURE_C_LIVE_BYTES};
        struct profile_sample_view sample;
        error = stacks_sites(&stacks, take_growth, &growing) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        if (growing.max_growth > 0 && profile_sample_at(stacks.profile, growing.site.steepest, &sample) == MERGE_OK) {
            size_t used = strlen(finding->title);
            snprintf(finding->title + used, sizeof finding->title - used, ", most of it in %.200s", growing.site.function);
            finding_set_stack(finding, &sample, growing.site.function);
            snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
            finding->type = stacks.type_name;
        }
    }
    stacks_free(&stacks);
    free(files);
    return error;
}

static void set_points(struct finding *finding, const struct chain *chain) {
    size_t half = TREND_MAX_POINTS / 2, from = chain->count > half ? chain->count - half : 0;
    for (size_t i = from; i < chain->count; i++) {
        const struct overview_upload *const ends[] = {chain->lives[i].first, chain->lives[i].last};
        for (size_t e = 0; e < 2; e++) {
            double value = ends[e]->measures.values[chain->measure];
            if (isfinite(value) && (e == 0 || ends[1] != ends[0])) {
                finding->points[finding->point_count++] = (struct series_point){ends[e]->end_ms, value};
            }
        }
    }
    finding->unit = "bytes";
    finding->first_upload = chain->lives[0].first->id;
    finding->last_upload = chain->lives[chain->count - 1].last->id;
}

static struct finding *add_restarts(struct findings *findings, const struct overview *overview, const struct chain *chain) {
    struct finding *finding = findings_add(findings, "restarts", chain->measure, SEVERITY_HIGH, chain->growth);
    const struct overview_upload *newest = chain->lives[chain->count - 1].last;
    double seconds = (double)(newest->end_ms - chain->lives[0].first->start_ms) / 1000;
    char growth[FINDING_AMOUNT_BYTES], time[FINDING_AMOUNT_BYTES];
    if (!finding) {
        return NULL;
    }
    const char *what = chain->measure == MEASURE_C_LIVE_BYTES ? "C memory" : "its heap";
    snprintf(finding->title, sizeof finding->title, "%.100s on %.100s was started %zu times in %s, and %s grew by some %s each time",
             overview_text(overview, newest->service), overview_text(overview, newest->host), chain->count, finding_duration(seconds, time),
             what, finding_bytes(chain->growth, growth));
    snprintf(
        finding->evidence, sizeof finding->evidence,
        "%zu of %zu processes, each of which began after the one before had ended, grew by half and by 16 MiB at least from their first "
        "upload to their last: it may be killed for its memory.",
        chain->grown, chain->count);
    finding->service = overview_text(overview, newest->service);
    finding->host = overview_text(overview, newest->host);
    finding->processes = chain->count;
    set_points(finding, chain);
    return finding;
}

enum receiver_error analysis_restarts(struct findings *findings, struct store *store, const struct overview *overview,
                                      struct compared_gaps *gaps) {
    size_t count, read = 0;
    struct life *lives = lives_of(overview, &count);
    enum receiver_error error = lives ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    for (size_t from = 0, to; from < count && error == RECEIVER_OK; from = to) {
        for (to = from + 1; to < count && follows(&lives[to], &lives[to - 1]); to++) {
        }
        struct chain chain = {.lives = lives + from, .count = to - from};
        bool found = chain.count >= MIN_LIVES && is_steady(chain.lives, chain.count) &&
                     (look_at(&chain, MEASURE_C_LIVE_BYTES) || look_at(&chain, MEASURE_HEAP_LIVE_BYTES));
        struct finding *finding = found ? add_restarts(findings, overview, &chain) : NULL;
        if (finding && read++ < MAX_READ) {
            error = name_site(finding, store, overview, &chain, gaps);
        }
    }
    free(lives);
    return error;
}
