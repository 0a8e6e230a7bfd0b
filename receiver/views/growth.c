// growth.c: slopes of a selection's call tree (growth.h).
#include "growth.h"
#include "../../base/vector.h"
#include "../index/measures.h"
#include "growth_export.h"
#include "growth_processes.h"
#include "growth_tree.h"
#include "merge_export.h"
#include "merge_uploads.h"
#include "rollup_sweep.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_FILES = 2000,    // of all processes; of each as many as it has stretches at least
    MAX_STACKS = 250000, // of a process
    VALUE_BYTES = 300,   // of a label's value, as the name of a group
};
#define FROM_HOURS_MS (INT64_C(4) * HOUR_MS)
#define FROM_DAYS_MS (INT64_C(5) * DAY_MS)

// ---- Reading one process ----

// What one thread makes. All from `profile` on is of the process at hand.
struct part {
    const struct growth_question *question;
    struct growth_tree tree;
    struct sweep_report report, one; // of all so far; of the process at hand
    size_t with_type, processes, too_short, skipped;
    struct profile *warnings; // its comments
    char unit[TOTALS_MAX_NAME];
    struct profile *profile;
    int type;
    int64_t first_ms, span_ms;
    int open; // the stretch that profiles are read of; -1: none
    double *values[GROWTH_POINTS], ms[GROWTH_POINTS];
    size_t sizes[GROWTH_POINTS], capacities[GROWTH_POINTS], profiles[GROWTH_POINTS];
    int64_t *sums; // by stack
    size_t stacks, sum_capacity, counted_bytes;
};

static size_t own_bytes(const struct part *part) {
    size_t bytes = part->sum_capacity * sizeof *part->sums;
    for (size_t i = 0; i < GROWTH_POINTS; i++) {
        bytes += part->capacities[i] * sizeof *part->values[i];
    }
    return bytes;
}

// What vectors have grown by.
static bool count_bytes(struct part *part, size_t before_bytes) {
    size_t more = own_bytes(part) - before_bytes;
    bool fits = merge_budget_take(more);
    part->counted_bytes += fits ? more : 0;
    return fits;
}

// The open stretch has what sums have risen by.
static bool close_stretch(struct part *part) {
    int at = part->open;
    size_t count = part->type >= 0 ? profile_sample_count(part->profile) : 0;
    part->open = -1;
    if (at < 0 || count == 0) {
        return true;
    }
    size_t before_bytes = own_bytes(part);
    bool fits = VECTOR_RESERVE(part->sums, part->sum_capacity, count) && VECTOR_RESERVE(part->values[at], part->capacities[at], count);
    if (!count_bytes(part, before_bytes) || !fits) {
        return false;
    }
    int64_t *sums = part->sums;
    double *values = part->values[at];
    for (size_t i = 0; i < count; i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(part->profile, i, &sample) != MERGE_OK) {
            return false;
        }
        int64_t now = sample.values[part->type], before = i < part->stacks ? sums[i] : 0;
        values[i] = (i < part->sizes[at] ? values[i] : 0) + ((double)now - (double)before);
        sums[i] = now;
    }
    part->stacks = part->sizes[at] = count;
    return true;
}

// What follows is of this moment.
static enum receiver_error open_stretch(struct part *part, int64_t ms) {
    int at = (int)((double)(ms - part->first_ms) * GROWTH_POINTS / (double)(part->span_ms + 1));
    bool ok = at == part->open || close_stretch(part);
    part->open = at;
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void count_profiles(struct part *part, int64_t ms, size_t profiles) {
    part->profiles[part->open] += profiles;
    part->ms[part->open] += (double)(ms - part->first_ms) * (double)profiles;
    part->with_type += profiles;
}

static bool is_full(const struct part *part, char *text, size_t size) {
    if (profile_sample_count(part->profile) <= MAX_STACKS) {
        return false;
    }
    snprintf(text, size, "left out: the profiles of the process before it have more than %d stacks already", MAX_STACKS);
    return true;
}

static enum receiver_error take_file(void *state, struct sweep_file *file) {
    struct part *part = state;
    struct merge_fault fault = {0};
    int64_t ms = file->upload->start_ms;
    if (is_full(part, file->text, sizeof file->text)) {
        return RECEIVER_TOO_LARGE;
    }
    if (open_stretch(part, ms) != RECEIVER_OK) {
        return RECEIVER_NO_MEMORY;
    }
    int64_t before_ns = profile_duration_ns(part->profile);
    merge_uploads_give(part->profile, part->question->given, file->upload);
    enum merge_error error = profile_decode(part->profile, file->bytes, file->size, NULL, NULL, &fault);
    file->duration_ns = profile_duration_ns(part->profile) - before_ns;
    if (error != MERGE_OK) {
        merge_uploads_fault(file, error, &fault);
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    part->type = profile_sample_type_index(part->profile, part->question->type);
    if (part->type >= 0 && profile_last_had_type(part->profile, (size_t)part->type)) {
        count_profiles(part, ms, 1);
    }
    return RECEIVER_OK;
}

static enum receiver_error take_rollup(void *state, struct rollup_taken *taken) {
    struct part *part = state;
    const struct rollup *rollup = taken->rollup;
    if (is_full(part, taken->text, sizeof taken->text)) {
        return RECEIVER_TOO_LARGE;
    }
    if (open_stretch(part, taken->mean_ms) != RECEIVER_OK) {
        return RECEIVER_NO_MEMORY;
    }
    merge_uploads_give(part->profile, part->question->given, taken->upload);
    enum receiver_error error = merge_uploads_decode(part->profile, rollup->profile, rollup->profile_size);
    if (error == RECEIVER_OK) {
        part->type = profile_sample_type_index(part->profile, part->question->type);
        count_profiles(part, taken->mean_ms, sweep_profiles_of(&rollup->report.counts, part->question->type));
    }
    return error;
}

// Those of the filter, and the one to group by.
static size_t label_keys(const struct part *part, const char **keys) {
    const struct view_filter *filter = part->question->filter;
    size_t count = 0;
    for (; count < filter->label_count; count++) {
        keys[count] = filter->labels[count].key;
    }
    if (filter->group_by) {
        keys[count++] = filter->group_by;
    }
    return count;
}

static enum receiver_error begin_process(struct part *part, const struct upload_list *list) {
    const char *keys[MERGE_UPLOADS_MAX_LABELS + 2] = {"memory", "owner"};
    size_t count = 2 + label_keys(part, keys + 2);
    part->profile = profile_new();
    if (!part->profile) {
        return RECEIVER_NO_MEMORY;
    }
    profile_keep_labels(part->profile, keys, count);
    profile_allow_union(part->profile);
    const struct receiver_symbols *symbols = store_symbols(part->question->store);
    if (symbols) {
        profile_set_namer(part->profile, &symbols->namer);
    }
    part->first_ms = list->uploads[0].start_ms;
    part->span_ms = list->uploads[list->count - 1].start_ms - part->first_ms;
    part->type = part->open = -1;
    return RECEIVER_OK;
}

static void end_process(struct part *part) {
    profile_free(part->profile);
    part->profile = NULL;
    for (size_t i = 0; i < GROWTH_POINTS; i++) {
        free(part->values[i]);
        part->values[i] = NULL;
        part->sizes[i] = part->capacities[i] = part->profiles[i] = 0;
        part->ms[i] = 0;
    }
    free(part->sums);
    part->sums = NULL;
    part->stacks = part->sum_capacity = 0;
    merge_budget_give(part->counted_bytes);
    part->counted_bytes = 0;
}

// ---- Slopes of one process ----

// The values of the label, as profile_group_by names them.
static const char *group_of(const struct profile_sample_view *sample, const char *key, char text[VALUE_BYTES]) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &sample->labels[i];
        if (strcmp(label->key, key) != 0 || length + 1 >= VALUE_BYTES) {
            continue;
        }
        const char *comma = length > 0 ? "," : "";
        bool is_empty = label->text ? !*label->text : label->number == 0 && !*label->unit;
        int more = is_empty      ? snprintf(text + length, VALUE_BYTES - length, "%s(empty)", comma)
                   : label->text ? snprintf(text + length, VALUE_BYTES - length, "%s%s", comma, label->text)
                                 : snprintf(text + length, VALUE_BYTES - length, "%s%lld%s%s", comma, (long long)label->number,
                                            *label->unit ? " " : "", label->unit);
        length += more > 0 ? (size_t)more : 0;
    }
    return *text ? text : MERGE_NO_LABEL;
}

// The node of each stack.
static enum receiver_error find_leaves(struct part *part, uint32_t *leaves) {
    const struct view_filter *filter = part->question->filter;
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(filter, labels);
    for (size_t i = 0; i < part->stacks; i++) {
        struct profile_sample_view sample;
        char value[VALUE_BYTES];
        leaves[i] = GROWTH_NO_NODE;
        if (!tree_keeps(part->profile, &options, i)) {
            continue;
        }
        if (profile_sample_at(part->profile, i, &sample) != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
        const char *group = filter->group_by ? group_of(&sample, filter->group_by, value) : NULL;
        leaves[i] = growth_tree_stack(&part->tree, sample.frames, sample.frame_count, group, filter->group_by);
        if (leaves[i] == GROWTH_NO_NODE) {
            return part->tree.node_count == GROWTH_MAX_NODES ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
        }
    }
    return RECEIVER_OK;
}

// Sums of a stretch become means; those of stretches without some stacks are as long as the others.
static size_t make_points(struct part *part, double minutes[GROWTH_POINTS], const double *values[GROWTH_POINTS]) {
    size_t points = 0;
    for (size_t at = 0; at < GROWTH_POINTS; at++) {
        if (part->profiles[at] == 0) {
            continue;
        }
        size_t before_bytes = own_bytes(part);
        bool fits = VECTOR_RESERVE(part->values[at], part->capacities[at], part->stacks + 1);
        if (!count_bytes(part, before_bytes) || !fits) {
            return SIZE_MAX;
        }
        double *longer = part->values[at];
        for (size_t i = 0; i < part->stacks; i++) {
            longer[i] = i < part->sizes[at] ? longer[i] / (double)part->profiles[at] : 0;
        }
        part->sizes[at] = part->stacks;
        minutes[points] = part->ms[at] / (double)part->profiles[at] / 60000;
        values[points++] = longer;
    }
    return points;
}

static enum receiver_error add_slopes(struct part *part, double share) {
    double minutes[GROWTH_POINTS];
    const double *values[GROWTH_POINTS];
    size_t points = close_stretch(part) ? make_points(part, minutes, values) : SIZE_MAX;
    if (points == SIZE_MAX) {
        return RECEIVER_NO_MEMORY;
    }
    view_copy_warnings(part->profile, part->warnings);
    if (part->type >= 0) {
        snprintf(part->unit, sizeof part->unit, "%s", profile_sample_type_unit(part->profile, (size_t)part->type));
    }
    if (points < 2) {
        part->too_short++;
        return RECEIVER_OK;
    }
    part->processes++;
    uint32_t *leaves = malloc((part->stacks + 1) * sizeof *leaves);
    enum receiver_error error = leaves ? find_leaves(part, leaves) : RECEIVER_NO_MEMORY;
    const struct growth_process process = {minutes, points, leaves, values, part->stacks, share};
    error = error == RECEIVER_OK && !growth_tree_add(&part->tree, &process) ? RECEIVER_NO_MEMORY : error;
    free(leaves);
    return error;
}

static int64_t end_of(const struct listed_upload *upload) {
    return upload->end_ms > upload->start_ms ? upload->end_ms : upload->start_ms;
}

static enum receiver_error read_process(struct part *part, const struct upload_list *list, size_t most_files, double range_ms) {
    int64_t span_ms = list->uploads[list->count - 1].start_ms - list->uploads[0].start_ms;
    if (span_ms <= 0) {
        part->too_short++;
        part->report.uploads += list->count;
        return RECEIVER_OK;
    }
    const char *keys[MERGE_UPLOADS_MAX_LABELS];
    size_t count = label_keys(part, keys);
    const struct rollup_sweep sweep = {.store = part->question->store,
                                       .list = list,
                                       .attachment = part->question->attachment,
                                       .labels = keys,
                                       .label_count = count,
                                       .most = span_ms >= FROM_DAYS_MS ? ROLLUP_DAY : ROLLUP_HOUR,
                                       .only_files = span_ms < FROM_HOURS_MS || merge_uploads_only_files(part->question->given),
                                       .most_files = most_files,
                                       .spread = true};
    void *const parts[2] = {part, NULL};
    enum receiver_error error = begin_process(part, list);
    error = error == RECEIVER_OK ? rollup_sweep(&sweep, take_rollup, take_file, parts, &part->one) : error;
    if (error == RECEIVER_OK) {
        sweep_report_add(&part->report, &part->one);
        part->report.left_out += part->one.left_out;
        part->report.is_passing |= part->one.is_passing;
        part->skipped += part->one.skipped;
        profile_trim(part->profile);
        error = add_slopes(part, (double)(end_of(&list->uploads[list->count - 1]) - list->uploads[0].start_ms) / range_ms);
    }
    end_process(part);
    return error;
}

// ---- All processes ----

struct work {
    const struct growth_question *question;
    const struct growth_processes *processes;
    double range_ms;
    size_t most_files; // of each
    atomic_size_t next;
    atomic_bool failed;
};
struct worker {
    struct work *work;
    struct merge_budget *budget;
    struct part *part;
    enum receiver_error error;
};

// False: no memory.
static bool list_process(const struct work *work, const struct growth_life *process, struct upload_list *list) {
    const struct upload_list *all = work->question->list;
    const size_t *order = work->processes->order + process->first;
    *list = upload_list_like(all, process->count);
    for (size_t i = 0; list->uploads && i < process->count; i++) {
        list->uploads[list->count++] = all->uploads[order[i]];
    }
    return list->uploads;
}

static void *run(void *state) {
    struct worker *worker = state;
    struct work *work = worker->work;
    struct merge_budget *before = merge_use_budget(worker->budget);
    for (size_t at; worker->error == RECEIVER_OK && !work->failed && (at = work->next++) < work->processes->count;) {
        struct upload_list list;
        bool wanted = upload_list_is_wanted(work->question->list);
        bool ok = wanted && list_process(work, &work->processes->list[at], &list);
        worker->error = !wanted ? RECEIVER_CLIENT_GONE
                        : !ok   ? RECEIVER_NO_MEMORY
                                : read_process(worker->part, &list, work->most_files, work->range_ms);
        if (ok) {
            upload_list_free(&list);
        }
    }
    work->failed |= worker->error != RECEIVER_OK;
    merge_use_budget(before);
    return NULL;
}

static enum receiver_error read_all(struct work *work, struct part *parts) {
    struct worker workers[2];
    pthread_t thread;
    for (size_t i = 0; i < 2; i++) {
        parts[i].question = work->question;
        parts[i].warnings = profile_new();
        workers[i] = (struct worker){work, merge_budget_in_use(), &parts[i], RECEIVER_OK};
    }
    if (!parts[0].warnings || !parts[1].warnings) {
        return RECEIVER_NO_MEMORY;
    }
    bool started = work->processes->count > 1 && pthread_create(&thread, NULL, run, &workers[1]) == 0;
    run(&workers[0]);
    if (started) {
        pthread_join(thread, NULL);
    }
    enum receiver_error error = workers[0].error != RECEIVER_OK ? workers[0].error : workers[1].error;
    if (error == RECEIVER_OK && !growth_tree_join(&parts[0].tree, &parts[1].tree)) {
        error = parts[0].tree.node_count == GROWTH_MAX_NODES ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    if (error == RECEIVER_OK) {
        sweep_report_add(&parts[0].report, &parts[1].report);
        parts[0].report.left_out += parts[1].report.left_out;
        parts[0].report.is_passing |= parts[1].report.is_passing;
        parts[0].with_type += parts[1].with_type;
        parts[0].processes += parts[1].processes;
        parts[0].too_short += parts[1].too_short;
        parts[0].skipped += parts[1].skipped;
        if (!*parts[0].unit) {
            memcpy(parts[0].unit, parts[1].unit, sizeof parts[0].unit);
        }
        view_copy_warnings(parts[1].warnings, parts[0].warnings);
    }
    growth_tree_free(&parts[1].tree);
    return error;
}

static void free_parts(struct part *parts) {
    for (size_t i = 0; parts && i < 2; i++) {
        growth_tree_free(&parts[i].tree);
        profile_free(parts[i].warnings);
    }
    free(parts);
}

// ---- The answer ----

static void write_sum(const void *context, uint32_t node, struct json *json) {
    const struct growth_tree *tree = context;
    const struct growth_function *function = &tree->functions[tree->nodes[node].function];
    json_array_begin(json);
    json_real(json, function->self.slope);
    json_real(json, function->total.slope);
    json_real(json, sqrt(function->total.variance));
    json_array_end(json);
}

typedef enum receiver_error write_growth(const struct growth_question *question, const struct part *part, double range_ms, void *out);

static enum receiver_error write_answer(const struct growth_question *question, const struct part *part, double range_ms, void *out) {
    struct json *json = out;
    struct tree tree = {0};
    if (!growth_export_tree(&part->tree, &tree)) {
        return RECEIVER_NO_MEMORY;
    }
    json_object_begin(json);
    sweep_report_write(&part->report, json);
    json_key(json, "growth");
    json_object_begin(json);
    json_key(json, "minutes");
    json_real(json, range_ms / 60000);
    json_key(json, "processes");
    json_number(json, (int64_t)part->processes);
    json_key(json, "processes_too_short");
    json_number(json, (int64_t)part->too_short);
    json_key(json, "uploads_skipped");
    json_number(json, (int64_t)part->skipped);
    json_object_end(json);
    json_key(json, "type");
    json_text(json, question->type);
    json_key(json, "unit");
    json_text(json, part->unit);
    json_key(json, "gauge");
    json_bool(json, true);
    const struct view_slopes slopes = {GROWTH_EXPORT_FIXED, write_sum, &part->tree};
    enum receiver_error error = view_tree_write_slopes(&tree, &slopes, question->filter->below, json);
    view_write_warnings(part->warnings, json);
    json_object_end(json);
    growth_export_free(&part->tree, &tree);
    return error;
}

// The same as a profile.
static enum receiver_error write_profile(const struct growth_question *question, const struct part *part, double range_ms, void *out) {
    char text[VALUE_BYTES];
    struct profile *profile = profile_new();
    if (!profile) {
        return RECEIVER_NO_MEMORY;
    }
    bool is_bytes = strcmp(part->unit, "bytes") == 0; // of what is counted, a leak may be less than one a minute
    snprintf(text, sizeof text, "%.200s_per_%s", question->type, is_bytes ? "minute" : "day");
    profile_add_sample_type(profile, text, part->unit);
    view_copy_warnings(part->warnings, profile);
    merge_export_missing(profile, &part->report);
    snprintf(text, sizeof text, "cmemprof: growth of %zu uploads, %zu processes, in %.0f min", part->report.uploads, part->processes,
             range_ms / 60000);
    profile_add_comment(profile, text);
    if (!growth_export(&part->tree, is_bytes ? 1 : 24 * 60, profile)) {
        profile_free(profile);
        return RECEIVER_NO_MEMORY;
    }
    *(struct profile **)out = profile;
    return RECEIVER_OK;
}

// From the first upload's start to the last one's end, of the processes that are looked at.
static double range_of(const struct upload_list *list, const struct growth_processes *processes) {
    int64_t first_ms = INT64_MAX, last_ms = INT64_MIN;
    for (size_t i = 0; i < processes->count; i++) {
        const struct growth_life *life = &processes->list[i];
        int64_t start_ms = list->uploads[processes->order[life->first]].start_ms;
        int64_t end_ms = end_of(&list->uploads[processes->order[life->first + life->count - 1]]);
        first_ms = start_ms < first_ms ? start_ms : first_ms;
        last_ms = end_ms > last_ms ? end_ms : last_ms;
    }
    return processes->count > 0 ? (double)(last_ms - first_ms) : 0;
}

// Reads all, and hands it to `write`.
static enum receiver_error make(const struct growth_question *question, write_growth *write, void *out, bool *is_passing, char *text,
                                size_t text_size) {
    const struct upload_list *list = question->list;
    struct growth_processes processes;
    if (!measure_is_gauge(question->type)) {
        snprintf(text, text_size, "%.100s adds up over time: growth is of what is there at a moment, as memory in use", question->type);
        return RECEIVER_BAD_UPLOAD;
    }
    struct part *parts = calloc(2, sizeof *parts);
    if (!parts || !growth_processes_find(&processes, list)) {
        free(parts);
        return RECEIVER_NO_MEMORY;
    }
    double range_ms = range_of(list, &processes);
    size_t share = MAX_FILES / processes.count;
    struct work work = {
        .question = question, .processes = &processes, .range_ms = range_ms, .most_files = share > GROWTH_POINTS ? share : GROWTH_POINTS};
    enum receiver_error error = read_all(&work, parts);
    struct sweep_report *report = &parts[0].report;
    report->left_out += list->left_out + processes.left_out;
    report->processes = sweep_count_processes(list);
    report->with_type = parts[0].with_type;
    *is_passing |= report->is_passing;
    if (error == RECEIVER_TOO_LARGE) {
        snprintf(text, text_size, "the stacks of all processes have more than %d nodes", GROWTH_MAX_NODES);
    } else if (error == RECEIVER_OK && parts[0].with_type == 0 && report->failed_count > 0 && report->uploads == 0) {
        snprintf(text, text_size, "%s", report->failed[0].reason);
        error = RECEIVER_BAD_UPLOAD;
    } else if (error == RECEIVER_OK) {
        error = write(question, &parts[0], range_ms, out);
    }
    free_parts(parts);
    growth_processes_free(&processes);
    return error;
}

enum receiver_error growth_write(const struct growth_question *question, struct json *json, bool *is_passing, char *text,
                                 size_t text_size) {
    return make(question, write_answer, json, is_passing, text, text_size);
}

enum receiver_error growth_profile(const struct growth_question *question, struct profile **profile, bool *is_passing, char *text,
                                   size_t text_size) {
    *profile = NULL;
    return make(question, write_profile, profile, is_passing, text, text_size);
}
