// analysis_versions.c: what a service does more of since its version changed (analysis_rules.h).
//
// A change is where uploads of a new version begin. It compares uploads of half an hour before and after, since load changes over a day, or
// of two hours if there are fewer than five. First the measures of all changes; then the stacks, site by site, of the changes with the
// strongest difference in measures: where the additional CPU time, allocation or memory is, and sites that a total hides.
//
// More means: the medians differ by at least a quarter and by enough to matter, and three of four uploads after the change are above three
// of four before it. Memory in use is compared only if it is level on both sides: growth has its own finding, and a new process starts with
// less than an old one had.
#include "analysis_rules.h"
#include "../../base/vector.h"
#include "analysis_sentence.h"
#include "../views/site.h"
#include "overview.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_SIDE = 60,      // for measures, per side
    MAX_READ = 4,       // changes whose stacks are compared
    SIDE_PROFILES = 10, // to read, per side
    MIN_PROFILES = 3,   // of these
    NAMED_SITES = 3
};
#define MINUTES_MS(minutes) ((int64_t)(minutes)*60000)
#define MORE 1.25

// ---- Two sides ----

struct quartiles {
    double low, median, high;
};

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

// values must be sorted.
static struct quartiles quartiles_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return (struct quartiles){values[count / 4], trend_median(values, count), values[count - 1 - count / 4]};
}

struct comparison {
    struct quartiles before, after;
};

// min_difference: the smallest difference that matters.
static bool is_more(const struct comparison *comparison, double min_difference) {
    double before = comparison->before.median, after = comparison->after.median;
    return after >= MORE * before && after - before >= min_difference && comparison->after.low > comparison->before.high;
}

// The ratio. A value below what matters counts as that much.
static double times_of(const struct comparison *comparison, double min_difference) {
    return comparison->after.median / fmax(comparison->before.median, min_difference);
}

// ---- What is compared ----

struct compared {
    enum measure measure;
    double min_difference;   // smallest difference that matters
    enum file_use use;       // where its stacks are
    const char *verb, *noun; // "holds", " of C memory"
    bool level;              // a gauge
};
static const struct compared all_compared[] = {
    {MEASURE_CPU_CORES, 0.05, FILES_OF_CPU, "uses", "", false},
    {MEASURE_ALLOC_BYTES_PER_S, 1e6, FILES_OF_ALLOCATION, "allocates", "", false},
    {MEASURE_C_LIVE_BYTES, 16 << 20, FILES_OF_MEMORY, "holds", " of C memory", true},
    {MEASURE_HEAP_LIVE_BYTES, 32 << 20, FILES_OF_MEMORY, "holds", " of heap", true},
};
enum { COMPARED = sizeof all_compared / sizeof *all_compared };

static const char *compared_amount(enum measure measure, double value, char text[FINDING_AMOUNT_BYTES]) {
    char bytes[FINDING_AMOUNT_BYTES];
    if (measure == MEASURE_CPU_CORES) {
        snprintf(text, FINDING_AMOUNT_BYTES, "%.3g cores", value);
    } else {
        snprintf(text, FINDING_AMOUNT_BYTES, "%.18s%s", finding_bytes(value, bytes),
                 measure == MEASURE_ALLOC_BYTES_PER_S ? " a second" : "");
    }
    return text;
}

struct side {
    const struct overview_upload *uploads[MAX_SIDE]; // by time
    size_t count;
};
struct change {
    uint32_t service, before_version, after_version;
    struct side before, after;
    struct comparison comparisons[COMPARED];
    bool more[COMPARED];
    double weight; // the largest times_of
};

// Changes by less than a fifth from the first third to the last.
static bool is_level(const double *values, size_t count) {
    double first[MAX_SIDE], last[MAX_SIDE];
    size_t third = count / 3;
    memcpy(first, values, third * sizeof *first);
    memcpy(last, values + count - third, third * sizeof *last);
    double a = trend_median(first, third), b = trend_median(last, third);
    return third > 0 && b <= 1.2 * a && a <= 1.2 * b;
}

static size_t values_of(const struct side *side, enum measure measure, double *values) {
    size_t count = 0;
    for (size_t i = 0; i < side->count; i++) {
        double value = side->uploads[i]->measures.values[measure];
        if (isfinite(value)) {
            values[count++] = value;
        }
    }
    return count;
}

// True: one side lacks something that the other has.
static bool compare_change(struct change *change) {
    bool one_sided = false;
    for (size_t i = 0; i < COMPARED; i++) {
        const struct compared *compared = &all_compared[i];
        double before[MAX_SIDE], after[MAX_SIDE];
        size_t before_count = values_of(&change->before, compared->measure, before);
        size_t after_count = values_of(&change->after, compared->measure, after);
        bool few_before = before_count < COMPARED_MIN_UPLOADS, few_after = after_count < COMPARED_MIN_UPLOADS;
        if (few_before != few_after) {
            one_sided |= trend_median(few_before ? after : before, few_before ? after_count : before_count) >= compared->min_difference;
        }
        if (few_before || few_after || (compared->level && !(is_level(before, before_count) && is_level(after, after_count)))) {
            continue;
        }
        struct comparison *comparison = &change->comparisons[i];
        *comparison = (struct comparison){quartiles_of(before, before_count), quartiles_of(after, after_count)};
        change->more[i] = is_more(comparison, compared->min_difference);
        double times = times_of(comparison, compared->min_difference);
        change->weight = fmax(change->weight, change->more[i] ? 1000 + times : times);
    }
    return one_sided;
}

// ---- Finding changes ----

struct changes {
    struct change *list;
    size_t count, capacity;
    struct compared_gaps *gaps;
};

static int compare_uploads(const void *left, const void *right) {
    const struct overview_upload *a = *(const struct overview_upload *const *)left, *b = *(const struct overview_upload *const *)right;
    if (a->service != b->service) {
        return a->service < b->service ? -1 : 1;
    }
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool is_of(const struct overview_upload *upload, uint32_t version, int64_t from_ms, int64_t to_ms) {
    return upload->version == version && upload->start_ms >= from_ms && upload->start_ms < to_ms;
}

// Those of the version in [from_ms, to_ms), at most MAX_SIDE, evenly spaced.
static void take_side(struct side *side, const struct overview_upload *const *uploads, size_t count, uint32_t version, int64_t from_ms,
                      int64_t to_ms) {
    size_t all = 0, passed = 0;
    for (size_t i = 0; i < count; i++) {
        all += is_of(uploads[i], version, from_ms, to_ms);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_of(uploads[i], version, from_ms, to_ms)) {
            if (all <= MAX_SIDE || passed * MAX_SIDE / all != (passed + 1) * MAX_SIDE / all) {
                side->uploads[side->count++] = uploads[i];
            }
            passed++;
        }
    }
}

static bool add_change(struct changes *changes, const struct overview_upload *const *uploads, size_t count, uint32_t before, uint32_t after,
                       int64_t at_ms) {
    if (!VECTOR_RESERVE(changes->list, changes->capacity, changes->count + 1)) {
        return false;
    }
    struct change *change = &changes->list[changes->count];
    *change = (struct change){.service = uploads[0]->service, .before_version = before, .after_version = after};
    // A process behaves differently in its first minutes.
    int64_t last_ms = at_ms, warm_ms;
    for (size_t i = 0; i < count; i++) {
        last_ms = uploads[i]->version == after ? uploads[i]->start_ms : last_ms;
    }
    warm_ms = (last_ms - at_ms) / 10 < MINUTES_MS(5) ? (last_ms - at_ms) / 10 : MINUTES_MS(5);
    static const int64_t stretches_ms[] = {MINUTES_MS(30), MINUTES_MS(120)};
    for (size_t i = 0; i < 2 && (change->before.count < COMPARED_MIN_UPLOADS || change->after.count < COMPARED_MIN_UPLOADS); i++) {
        change->before.count = change->after.count = 0;
        take_side(&change->before, uploads, count, before, at_ms - stretches_ms[i], at_ms);
        take_side(&change->after, uploads, count, after, at_ms + warm_ms, at_ms + warm_ms + stretches_ms[i]);
    }
    if (change->before.count >= COMPARED_MIN_UPLOADS && change->after.count >= COMPARED_MIN_UPLOADS) {
        changes->gaps->one_sided += compare_change(change);
        changes->count++;
    } else {
        changes->gaps->short_sides++;
    }
    return true;
}

// uploads: of one service, by time. A version starts with its first upload; one that comes back is the same version.
static bool find_changes(struct changes *changes, const struct overview_upload *const *uploads, size_t count) {
    uint32_t versions[COMPARED_MAX_VERSIONS];
    int64_t since_ms[COMPARED_MAX_VERSIONS];
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        size_t v = 0;
        while (v < known && versions[v] != uploads[i]->version) {
            v++;
        }
        if (v < known || uploads[i]->version == 0) {
            continue;
        }
        if (known == COMPARED_MAX_VERSIONS) {
            memmove(versions, versions + 1, (COMPARED_MAX_VERSIONS - 1) * sizeof *versions);
            memmove(since_ms, since_ms + 1, (COMPARED_MAX_VERSIONS - 1) * sizeof *since_ms);
            known--;
            changes->gaps->older++;
        }
        versions[known] = uploads[i]->version;
        since_ms[known++] = uploads[i]->start_ms;
    }
    for (size_t v = 1; v < known; v++) {
        if (!add_change(changes, uploads, count, versions[v - 1], versions[v], since_ms[v])) {
            return false;
        }
    }
    return true;
}

static int compare_changes(const void *left, const void *right) {
    const struct change *a = left, *b = right;
    return a->weight > b->weight ? -1 : a->weight < b->weight;
}

static bool find_all_changes(struct changes *changes, const struct overview *overview) {
    const struct overview_upload **uploads = malloc((overview->count + 1) * sizeof *uploads);
    bool ok = uploads;
    for (size_t i = 0; ok && i < overview->count; i++) {
        uploads[i] = &overview->uploads[i];
    }
    if (ok && overview->count > 1) {
        qsort(uploads, overview->count, sizeof *uploads, compare_uploads);
    }
    for (size_t from = 0, to; ok && from < overview->count; from = to) {
        for (to = from + 1; to < overview->count && uploads[to]->service == uploads[from]->service; to++) {
        }
        ok = find_changes(changes, uploads + from, to - from);
    }
    free(uploads);
    if (ok && changes->count > 1) {
        qsort(changes->list, changes->count, sizeof *changes->list, compare_changes);
    }
    return ok;
}

// ---- Sites ----

struct risen {
    struct stack_site site;
    struct comparison comparison;
};
struct comparing {
    const struct stacks *stacks;
    const struct compared *compared;
    size_t before;                   // profiles
    struct risen risen[NAMED_SITES]; // by difference, largest first
    size_t count;
    double gone; // what sites had that have nothing now
};

static double difference_of(const struct comparison *comparison) {
    return comparison->after.median - comparison->before.median;
}

static enum stacks_answer take_risen(void *context, struct stack_site *site) {
    struct comparing *comparing = context;
    const struct stacks *stacks = comparing->stacks;
    enum measure measure = comparing->compared->measure;
    double values[2][SIDE_PROFILES];
    size_t counts[2] = {0};
    if ((measure == MEASURE_C_LIVE_BYTES && !site->c) || (measure == MEASURE_HEAP_LIVE_BYTES && site->c)) {
        return STACKS_DONE;
    }
    for (size_t i = 0; i < stacks->profile_count; i++) {
        size_t side = i >= comparing->before;
        double unit = comparing->compared->level ? 1 : stacks->seconds[i] * (measure == MEASURE_CPU_CORES ? 1e9 : 1);
        if (unit > 0 && counts[side] < SIDE_PROFILES) {
            values[side][counts[side]++] = site->points[i].value / unit;
        }
    }
    if (counts[0] < MIN_PROFILES || counts[1] < MIN_PROFILES) {
        return STACKS_DONE;
    }
    struct risen risen = {*site, {quartiles_of(values[0], counts[0]), quartiles_of(values[1], counts[1])}};
    comparing->gone += risen.comparison.after.median > 0 ? 0 : risen.comparison.before.median;
    if (!is_more(&risen.comparison, comparing->compared->min_difference)) {
        return STACKS_DONE;
    }
    size_t at = comparing->count < NAMED_SITES ? comparing->count++ : NAMED_SITES;
    while (at > 0 && difference_of(&comparing->risen[at - 1].comparison) < difference_of(&risen.comparison)) {
        if (at < NAMED_SITES) {
            comparing->risen[at] = comparing->risen[at - 1];
        }
        at--;
    }
    if (at < NAMED_SITES) {
        comparing->risen[at] = risen;
    }
    return STACKS_DONE;
}

// ---- Findings ----

static enum severity severity_of(const struct comparison *comparison, double min_difference) {
    double times = times_of(comparison, min_difference);
    return times >= 2 ? SEVERITY_HIGH : times >= 1.5 ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

// "1.8 times what 1.0 did (0.5 cores)"
static void say_before(enum measure measure, const struct comparison *comparison, const char *version, char *text, size_t size) {
    char before[FINDING_AMOUNT_BYTES];
    double was = comparison->before.median;
    if (was > 0) {
        snprintf(text, size, "%.3g times what %.40s did (%s)", comparison->after.median / was, version,
                 compared_amount(measure, was, before));
    } else {
        snprintf(text, size, "where %.40s had none", version);
    }
}

static double weight_of(enum measure measure, const struct comparison *comparison) {
    return difference_of(comparison) * (measure == MEASURE_CPU_CORES ? 1e9 : measure == MEASURE_ALLOC_BYTES_PER_S ? 10 : 1);
}

static void set_points(struct finding *finding, const struct change *change, enum measure measure) {
    const struct side *const sides[] = {&change->before, &change->after};
    for (size_t s = 0; s < 2; s++) {
        size_t half = TREND_MAX_POINTS / 2, count = sides[s]->count;
        for (size_t i = 0; i < count && i < half; i++) {
            const struct overview_upload *upload = sides[s]->uploads[count <= half ? i : i * (count - 1) / (half - 1)];
            if (isfinite(upload->measures.values[measure])) {
                finding->points[finding->point_count++] = (struct series_point){upload->end_ms, upload->measures.values[measure]};
            }
        }
    }
    finding->first_upload = change->before.uploads[change->before.count - 1]->id;
    finding->last_upload = change->after.uploads[change->after.count - 1]->id;
}

// site NULL: the whole program.
static struct finding *add_regression(struct findings *findings, const struct overview *overview, const struct change *change,
                                      const struct compared *compared, const struct comparison *comparison, const char *site) {
    struct finding *finding = findings_add(findings, "regression", compared->measure, severity_of(comparison, compared->min_difference),
                                           weight_of(compared->measure, comparison));
    char before[120], after[FINDING_AMOUNT_BYTES], since[FINDING_AMOUNT_BYTES];
    const char *service = overview_text(overview, change->service);
    if (!finding) {
        return NULL;
    }
    say_before(compared->measure, comparison, overview_text(overview, change->before_version), before, sizeof before);
    compared_amount(compared->measure, comparison->after.median, after);
    snprintf(finding->title, sizeof finding->title, "Version %.40s of %.60s %s %s%s%s%.150s, %s",
             overview_text(overview, change->after_version), *service ? service : "the service", compared->verb, after, compared->noun,
             site ? " in " : "", site ? site : "", before);
    snprintf(
        finding->evidence, sizeof finding->evidence,
        "Medians of %zu uploads before %s and of %zu after; three of four after it are above three of four before it. More load would do "
        "that as well.",
        change->before.count, finding_time(change->after.uploads[0]->start_ms, since), change->after.count);
    finding->service = service;
    finding->host = "";
    finding->unit = measure_units[compared->measure];
    set_points(finding, change, compared->measure);
    return finding;
}

static void name_sites(struct finding *finding, const struct comparing *comparing, const char *attachment) {
    struct profile_sample_view sample;
    for (size_t i = 0; i < comparing->count; i++) {
        size_t used = strlen(finding->evidence);
        char before[FINDING_AMOUNT_BYTES], after[FINDING_AMOUNT_BYTES];
        snprintf(finding->evidence + used, sizeof finding->evidence - used, "%s %.100s, from %s to %s%s", i == 0 ? " Most of it:" : ";",
                 comparing->risen[i].site.function,
                 compared_amount(comparing->compared->measure, comparing->risen[i].comparison.before.median, before),
                 compared_amount(comparing->compared->measure, comparing->risen[i].comparison.after.median, after),
                 i + 1 == comparing->count ? "." : "");
    }
    if (comparing->count > 0 && profile_sample_at(comparing->stacks->profile, comparing->risen[0].site.steepest, &sample) == MERGE_OK) {
        finding_set_stack(finding, &sample, comparing->risen[0].site.function);
        snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
        finding->type = comparing->stacks->type_name;
    }
}

static size_t pick(const struct side *side, struct listed_upload *uploads) {
    size_t count = side->count < SIDE_PROFILES ? side->count : SIDE_PROFILES;
    for (size_t i = 0; i < count; i++) {
        const struct overview_upload *upload = side->uploads[count == side->count ? i : i * (side->count - 1) / (count - 1)];
        uploads[i] = overview_listed(upload);
    }
    return count;
}

struct comparing_change {
    struct findings *findings;
    struct store *store;
    const struct overview *overview;
    const struct change *change;
    struct compared_gaps *gaps;
};

// A new site may do what others did before under another name.
static bool is_new_name(const struct comparing *comparing, const struct risen *risen) {
    return risen->comparison.before.median <= 0 &&
           risen->comparison.after.median - comparing->gone < 2 * comparing->compared->min_difference;
}

// If the total did not regress, a site must double to be a regression.
static void add_findings(const struct comparing_change *of, size_t at, const struct comparing *comparing, const char *attachment) {
    const struct compared *compared = &all_compared[at];
    const struct comparison *whole = &of->change->comparisons[at];
    if (of->change->more[at]) {
        struct finding *finding = add_regression(of->findings, of->overview, of->change, compared, whole, NULL);
        if (finding && comparing) {
            name_sites(finding, comparing, attachment);
        }
        return;
    }
    for (size_t i = 0; comparing && i < comparing->count; i++) {
        const struct risen *risen = &comparing->risen[i];
        bool enough = times_of(&risen->comparison, compared->min_difference) >= 2 &&
                      difference_of(&risen->comparison) >= 2 * compared->min_difference && !is_new_name(comparing, risen);
        struct finding *finding =
            enough ? add_regression(of->findings, of->overview, of->change, compared, &risen->comparison, risen->site.function) : NULL;
        struct comparing just_this = *comparing;
        just_this.risen[0] = *risen;
        just_this.count = 1;
        if (finding) {
            finding->severity = risen->comparison.before.median > 0 ? finding->severity : SEVERITY_LOW;
            name_sites(finding, &just_this, attachment);
        }
    }
}

static enum receiver_error compare_stacks(const struct comparing_change *of) {
    struct listed_upload uploads[2 * SIDE_PROFILES];
    struct upload_list list = {.uploads = uploads, .flight = of->overview->flight};
    struct process_files *files = malloc(sizeof *files);
    size_t before = pick(&of->change->before, uploads);
    list.count = before + pick(&of->change->after, uploads + before);
    bool lacking = false;
    enum receiver_error error = files ? files_find(of->store, &list, files) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; i < COMPARED && error == RECEIVER_OK; i++) {
        const struct compared *compared = &all_compared[i];
        const struct used_files *used = &files->uses[compared->use];
        struct sweep_report report;
        struct stacks stacks;
        if (used->count == 0 || (compared->level && !of->change->more[i])) {
            add_findings(of, i, NULL, NULL);
            continue;
        }
        error = stacks_read(of->store, &list, used->names, used->count, used->type, NULL, &stacks, &report);
        if (error == RECEIVER_OK) {
            compared_count(of->gaps, &report);
            struct comparing comparing = {.stacks = &stacks, .compared = compared};
            while (comparing.before < stacks.profile_count && stacks.ms[comparing.before] < uploads[before].end_ms) {
                comparing.before++;
            }
            lacking = lacking || comparing.before < MIN_PROFILES || stacks.profile_count - comparing.before < MIN_PROFILES;
            error = stacks_sites(&stacks, take_risen, &comparing) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
            add_findings(of, i, &comparing, used->attachment);
            stacks_free(&stacks);
        }
    }
    of->gaps->by_measures += lacking;
    free(files);
    return error;
}

void compared_count(struct compared_gaps *gaps, const struct sweep_report *report) {
    if (gaps->unread == 0 && report->failed_count > 0) {
        snprintf(gaps->reason, sizeof gaps->reason, "%s", report->failed[0].reason);
    }
    gaps->unread += report->failed_count;
}

enum receiver_error analysis_versions(struct findings *findings, struct store *store, const struct overview *overview,
                                      struct compared_gaps *gaps) {
    struct changes changes = {.gaps = gaps};
    enum receiver_error error = find_all_changes(&changes, overview) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    gaps->by_measures += changes.count > MAX_READ ? changes.count - MAX_READ : 0;
    for (size_t i = 0; i < changes.count && error == RECEIVER_OK; i++) {
        struct comparing_change of = {findings, store, overview, &changes.list[i], gaps};
        if (i < MAX_READ) {
            error = compare_stacks(&of);
        } else {
            for (size_t at = 0; at < COMPARED; at++) {
                add_findings(&of, at, NULL, NULL);
            }
        }
    }
    free(changes.list);
    return error;
}
