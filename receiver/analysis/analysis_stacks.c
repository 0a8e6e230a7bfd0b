// analysis_stacks.c: stacks over time (analysis_stacks.h).
#include "analysis_stacks.h"
#include "../../base/vector.h"
#include "../views/site.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Reading ----

// A stack's value in the profile read last is the increase of its sum.
static enum receiver_error add_row(struct stacks *stacks, const struct listed_upload *upload) {
    size_t samples = stacks->type >= 0 ? profile_sample_count(stacks->profile) : 0;
    stacks->left_out = samples > STACKS_MAX ? samples - STACKS_MAX : 0;
    samples = samples < STACKS_MAX ? samples : STACKS_MAX;
    int64_t *row = malloc((samples + 1) * sizeof *row), *sums = realloc(stacks->sums, (samples + 1) * sizeof *sums);
    stacks->sums = sums ? sums : stacks->sums;
    if (!row || !sums) {
        free(row);
        return RECEIVER_NO_MEMORY;
    }
    for (size_t i = 0; i < samples; i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(stacks->profile, i, &sample) != MERGE_OK) {
            free(row);
            return RECEIVER_NO_MEMORY;
        }
        int64_t before = i < stacks->sum_count ? sums[i] : 0, now = sample.values[stacks->type];
        row[i] = (int64_t)((uint64_t)now - (uint64_t)before);
        sums[i] = now;
    }
    stacks->sum_count = samples;
    stacks->rows[stacks->profile_count] = row;
    stacks->row_sizes[stacks->profile_count] = samples;
    stacks->ids[stacks->profile_count] = upload->id;
    stacks->measures[stacks->profile_count] = upload->measures;
    stacks->ms[stacks->profile_count++] = upload->end_ms;
    return RECEIVER_OK;
}

bool stacks_init(struct stacks *stacks, const char *type, const char *label) {
    const char *const kept_labels[] = {"memory", "owner", "part", label};
    *stacks = (struct stacks){.profile = profile_new(), .type_name = type, .type = -1};
    if (stacks->profile) {
        profile_keep_labels(stacks->profile, kept_labels, label ? 4 : 3);
        profile_allow_union(stacks->profile); // versions of a client may differ in their types
    }
    return stacks->profile;
}

enum receiver_error stacks_add(struct stacks *stacks, const struct listed_upload *upload, const void *bytes, size_t size, char *text) {
    struct merge_fault fault = {0};
    if (stacks->profile_count == TREND_MAX_POINTS) {
        return RECEIVER_OK;
    }
    if (profile_sample_count(stacks->profile) >= STACKS_MAX_READ) {
        snprintf(text, 160, "profiles before it have %d different stacks already", STACKS_MAX_READ);
        return RECEIVER_BAD_UPLOAD;
    }
    int64_t before_ns = profile_duration_ns(stacks->profile);
    enum merge_error error = profile_decode(stacks->profile, bytes, size, NULL, NULL, &fault);
    double seconds = (double)(profile_duration_ns(stacks->profile) - before_ns) / 1e9;
    stacks->seconds[stacks->profile_count] = seconds > 0 ? seconds : (double)(upload->end_ms - upload->start_ms) / 1000;
    if (error != MERGE_OK) {
        snprintf(text, 160, "not a readable profile: %.130s", *fault.text ? fault.text : merge_error_text(error));
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    stacks->type = profile_sample_type_index(stacks->profile, stacks->type_name);
    bool has = stacks->type >= 0 && profile_last_had_type(stacks->profile, (size_t)stacks->type);
    if (!has && !stacks->optional) {
        snprintf(text, 160, "has no sample type %.100s", stacks->type_name);
        return RECEIVER_BAD_UPLOAD;
    }
    return add_row(stacks, upload);
}

static enum receiver_error take_profile(void *context, struct sweep_file *file) {
    struct stacks *stacks = context;
    stacks->optional = catalog_is_recording(file->name);
    return stacks_add(stacks, file->upload, file->bytes, file->size, file->text);
}

enum receiver_error stacks_read(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                const char *type, const char *label, struct stacks *stacks, struct sweep_report *report) {
    void *parts[2] = {stacks, NULL};
    if (!stacks_init(stacks, type, label)) {
        return RECEIVER_NO_MEMORY;
    }
    const struct receiver_symbols *symbols = list->count > 0 ? store_symbols(store) : NULL;
    if (symbols) {
        profile_set_namer(stacks->profile, &symbols->namer);
    }
    enum receiver_error error = sweep_uploads_any(store, list, names, name_count, take_profile, parts, report);
    profile_trim(stacks->profile);
    if (error != RECEIVER_OK) {
        stacks_free(stacks);
    }
    return error;
}

void stacks_free(struct stacks *stacks) {
    for (size_t i = 0; i < stacks->profile_count; i++) {
        free(stacks->rows[i]);
    }
    free(stacks->sums);
    profile_free(stacks->profile);
    *stacks = (struct stacks){0};
}

// ---- Series ----

static double value_at(const struct stacks *stacks, size_t profile, uint32_t sample) {
    return sample < stacks->row_sizes[profile] ? (double)stacks->rows[profile][sample] : 0;
}

static void add_series(const struct stacks *stacks, uint32_t sample, struct series_point points[TREND_MAX_POINTS]) {
    for (size_t i = 0; i < stacks->profile_count; i++) {
        points[i].ms = stacks->ms[i];
        points[i].value += value_at(stacks, i, sample);
    }
}

// Means are enough to find the steepest stack.
static double growth_of(const struct stacks *stacks, uint32_t sample) {
    size_t third = stacks->profile_count / 3;
    double growth = 0;
    for (size_t i = 0; i < third; i++) {
        growth += value_at(stacks, stacks->profile_count - 1 - i, sample) - value_at(stacks, i, sample);
    }
    return growth;
}

// ---- Sites ----

struct member {
    const char *function;
    bool c;
    uint32_t sample;
};

static int compare_members(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    if (a->c != b->c) {
        return a->c ? -1 : 1;
    }
    if (a->function != b->function) { // the profile stores equal strings once
        return a->function < b->function ? -1 : 1;
    }
    return a->sample < b->sample ? -1 : a->sample > b->sample;
}

static int compare_sites(const void *left, const void *right) {
    const struct shape *a = &((const struct stack_site *)left)->shape, *b = &((const struct stack_site *)right)->shape;
    double one = a->to - a->from, other = b->to - b->from;
    return one > other ? -1 : one < other;
}

// Memory that the profiler holds is not the program's leak.
bool stacks_want(const struct stacks *stacks, const struct profile_sample_view *sample) {
    bool left_out = stacks->without_mapped && profile_sample_has_label(sample, "memory", "mmap");
    return !left_out && profile_sample_is_own(sample) == (stacks->own_memory && profile_sample_is_c(sample));
}

static void fill_site(const struct stacks *stacks, const struct member *members, size_t count, struct stack_site *site) {
    *site = (struct stack_site){.function = members[0].function, .c = members[0].c, .steepest = members[0].sample};
    double largest = growth_of(stacks, site->steepest);
    for (size_t i = 0; i < count; i++) {
        double growth = growth_of(stacks, members[i].sample);
        add_series(stacks, members[i].sample, site->points);
        if (growth > largest) {
            largest = growth;
            site->steepest = members[i].sample;
        }
    }
}

static bool take_sites(const struct stacks *stacks, const struct member *members, size_t count, stacks_take *take, void *context) {
    for (size_t from = 0, to; from < count; from = to) {
        struct stack_site site;
        for (to = from + 1; to < count && members[to].c == members[from].c && members[to].function == members[from].function; to++) {
        }
        fill_site(stacks, members + from, to - from, &site);
        enum stacks_answer answer = take(context, &site);
        for (size_t i = from; answer == STACKS_ONE_BY_ONE && to - from > 1 && i < to; i++) {
            fill_site(stacks, members + i, 1, &site);
            answer = take(context, &site) == STACKS_NO_MEMORY ? STACKS_NO_MEMORY : answer;
        }
        if (answer == STACKS_NO_MEMORY) {
            return false;
        }
    }
    return true;
}

bool stacks_sites(const struct stacks *stacks, stacks_take *take, void *context) {
    struct member *members = malloc((stacks->sum_count + 1) * sizeof *members);
    size_t count = 0;
    struct site_memo memo = {0};
    bool ok = members;
    for (uint32_t i = 0; ok && i < stacks->sum_count; i++) {
        struct profile_sample_view sample;
        ok = profile_sample_at(stacks->profile, i, &sample) == MERGE_OK;
        if (ok && stacks_want(stacks, &sample)) {
            members[count++] = (struct member){site_of_stack(&sample, &memo)->function, profile_sample_is_c(&sample), i};
        }
    }
    if (ok && count > 0) {
        qsort(members, count, sizeof *members, compare_members);
        ok = take_sites(stacks, members, count, take, context);
    }
    free(members);
    return ok;
}

// ---- Shapes ----

struct finding_shapes {
    const struct stacks *stacks;
    double min_rise;
    stacks_enough *enough;
    struct stack_site *sites;
    size_t count, capacity;
};

static enum stacks_answer take_shape(void *context, struct stack_site *site) {
    struct finding_shapes *finding = context;
    site->shape = shape_of(site->points, finding->stacks->profile_count, finding->min_rise);
    if (site->shape.kind == SHAPE_NONE || !finding->enough(finding->stacks, site)) {
        return STACKS_ONE_BY_ONE;
    }
    if (!VECTOR_RESERVE(finding->sites, finding->capacity, finding->count + 1)) {
        return STACKS_NO_MEMORY;
    }
    finding->sites[finding->count++] = *site;
    return STACKS_DONE;
}

bool stacks_shapes(const struct stacks *stacks, double min_rise, stacks_enough *enough, struct stack_site **sites, size_t *count) {
    struct finding_shapes finding = {.stacks = stacks, .min_rise = min_rise, .enough = enough};
    bool ok = stacks_sites(stacks, take_shape, &finding);
    if (ok && finding.count > 0) {
        qsort(finding.sites, finding.count, sizeof *finding.sites, compare_sites);
    }
    *sites = finding.sites;
    *count = finding.count;
    return ok;
}

void stacks_total(const struct stacks *stacks, bool c, struct series_point points[TREND_MAX_POINTS]) {
    memset(points, 0, TREND_MAX_POINTS * sizeof *points);
    for (uint32_t i = 0; i < stacks->sum_count; i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(stacks->profile, i, &sample) == MERGE_OK && profile_sample_is_c(&sample) == c &&
            stacks_want(stacks, &sample)) {
            add_series(stacks, i, points);
        }
    }
}

// "(no stack)" is no place.
static bool is_stand_in(const struct stacks *stacks, size_t index) {
    struct profile_sample_view sample;
    return profile_sample_at(stacks->profile, index, &sample) == MERGE_OK && sample.frame_count == 1 && *sample.frames[0].function == '(';
}

int64_t stacks_largest(const struct stacks *stacks, const char *type, double *share) {
    int index = profile_sample_type_index(stacks->profile, type);
    int64_t best = -1;
    double largest = 0, all = 0;
    for (size_t i = 0; index >= 0 && i < profile_sample_count(stacks->profile); i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(stacks->profile, i, &sample) != MERGE_OK) {
            return -1;
        }
        if (!stacks_want(stacks, &sample)) {
            continue;
        }
        double value = (double)sample.values[index];
        all += value;
        if (value > largest && !is_stand_in(stacks, i)) {
            largest = value;
            best = (int64_t)i;
        }
    }
    *share = all > 0 ? largest / all : 0;
    return best;
}

int64_t stacks_steepest(const struct stacks *stacks, const char *part, double *share) {
    int64_t best = -1;
    double largest = 0, all = 0;
    for (uint32_t i = 0; i < stacks->sum_count; i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(stacks->profile, i, &sample) != MERGE_OK) {
            return -1;
        }
        if (!profile_sample_has_label(&sample, "part", part) || !stacks_want(stacks, &sample)) {
            continue;
        }
        double growth = growth_of(stacks, i);
        all += growth;
        if (growth > largest) {
            largest = growth;
            best = i;
        }
    }
    *share = all > 0 ? fmin(largest / all, 1) : 0;
    return best;
}
