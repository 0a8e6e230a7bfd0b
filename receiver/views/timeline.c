// timeline.c: values in columns of time (timeline.h).
#include "timeline.h"
#include "../../base/vector.h"
#include "timeline_sums.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct timeline *timeline_new(const struct timeline_question *question) {
    struct timeline *timeline = calloc(1, sizeof *timeline);
    if (timeline) {
        timeline->question = question;
        timeline->seed = intern_seed();
        timeline->others = timeline->rows[0].values = calloc(question->columns, sizeof *timeline->others);
        timeline->warnings = profile_new();
    }
    if (timeline && (!timeline->others || !timeline->warnings)) {
        timeline_free(timeline);
        return NULL;
    }
    return timeline;
}

void timeline_free(struct timeline *timeline) {
    for (uint32_t id = 1; timeline && id <= timeline->count; id++) {
        free(timeline->rows[id].name);
        free(timeline->rows[id].label);
        free(timeline->rows[id].values);
        for (size_t state = 0; state < THREAD_SUMS; state++) {
            free(timeline->rows[id].states[state]);
        }
    }
    if (timeline) {
        intern_free(&timeline->ids);
        free(timeline->others);
        free(timeline->spans);
        profile_free(timeline->warnings);
    }
    free(timeline);
}

static bool is_possible(const struct listed_upload *upload) {
    return upload->start_ms >= TIMELINE_FIRST_MS && upload->end_ms <= TIMELINE_LAST_MS && upload->end_ms >= upload->start_ms &&
           upload->end_ms - upload->start_ms <= TIMELINE_LONGEST_MS;
}

size_t timeline_leave_out(struct upload_list *list) {
    size_t kept = 0, all = list->count;
    for (size_t i = 0; i < all; i++) {
        if (is_possible(&list->uploads[i])) {
            list->uploads[kept++] = list->uploads[i];
        }
    }
    list->count = kept;
    return all - kept;
}

_Static_assert((int)UPLOAD_LIST_FILES <= (int)TIMELINE_MAX_ROWS, "a group of uploads may be beyond the rows, and so have no mean");

enum receiver_error timeline_range(const struct upload_list *list, int64_t selected_to_ms, struct timeline_question *question) {
    int64_t from = INT64_MAX, to = INT64_MIN, longest = 1;
    for (size_t i = 0; i < list->count; i++) {
        const struct listed_upload *upload = &list->uploads[i];
        int64_t length = upload->end_ms - upload->start_ms;
        from = upload->start_ms < from ? upload->start_ms : from;
        to = upload->end_ms > to ? upload->end_ms : to;
        longest = length > longest ? length : longest;
    }
    if (list->count == 0) {
        return RECEIVER_BAD_UPLOAD;
    }
    to = selected_to_ms < to ? selected_to_ms : to;
    question->from_ms = from;
    question->to_ms = to > from ? to : from + 1;
    question->longest_ms = longest;
    return RECEIVER_OK;
}

void timeline_narrow(struct timeline_question *question) {
    for (size_t i = 0; i < question->filter->label_count; i++) {
        const struct tree_label *label = &question->filter->labels[i];
        int64_t from_ns, to_ns;
        bool is_range = strcmp(label->key, VIEW_TIME_LABEL) == 0 && sscanf(label->text, "%19" SCNd64 "..%19" SCNd64, &from_ns, &to_ns) == 2;
        if (is_range && from_ns / 1000000 >= TIMELINE_FIRST_MS && to_ns / 1000000 <= TIMELINE_LAST_MS && to_ns - from_ns >= 1000000) {
            question->from_ms = from_ns / 1000000;
            question->to_ms = to_ns / 1000000;
        }
    }
}

bool timeline_is_finer(const struct timeline_question *question) {
    return timeline_column_ms(question) < (double)question->longest_ms;
}

// ---- Rows ----

struct row_key {
    const char *name, *file;
};

static bool same_row(const void *context, uint32_t id, const void *wanted) {
    const struct row *row = &((const struct timeline *)context)->rows[id];
    const struct row_key *key = wanted;
    return strcmp(row->name, key->name) == 0 && strcmp(row->file, key->file) == 0;
}

// The row of a name; one beyond the most is that of the others, rows[0]. label: of a lane; else NULL. NULL: no memory.
static struct row *row_of(struct timeline *timeline, const char *name, const char *file, const char *kind, uint32_t group,
                          const char *label) {
    const struct row_key key = {name, file};
    size_t size = strlen(name) + 1, file_size = strlen(file) + 1;
    uint64_t hash = intern_hash_bytes(intern_hash_bytes(timeline->seed, name, size), file, file_size);
    uint32_t id = intern_find(&timeline->ids, intern_hash_end(hash), same_row, timeline, &key);
    if (id != 0) {
        return &timeline->rows[id];
    }
    if (timeline->count == (timeline->question->lanes ? TIMELINE_MAX_LANES : TIMELINE_MAX_ROWS)) {
        timeline->is_limited = true;
        return &timeline->rows[0];
    }
    char *copy = malloc(size + file_size), *label_copy = label ? strdup(label) : NULL;
    double *values = calloc(timeline->question->columns, sizeof *values);
    if (!copy || !values || (label && !label_copy) || !intern_add(&timeline->ids, intern_hash_end(hash), timeline->count + 1)) {
        free(copy);
        free(label_copy);
        free(values);
        return NULL;
    }
    struct row *row = &timeline->rows[++timeline->count];
    row->name = memcpy(copy, name, size);
    row->file = memcpy(copy + size, file, file_size);
    row->values = values;
    row->group = group;
    row->label = label_copy;
    snprintf(row->kind, sizeof row->kind, "%s", kind);
    return row;
}

// ---- Time ----

// The sample's own time in unix nanoseconds; 0: it has none.
static int64_t own_time(const struct profile_sample_view *sample) {
    for (size_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &sample->labels[i];
        if (!label->text && label->number > 0 && strcmp(label->key, VIEW_TIME_LABEL) == 0) {
            return label->number;
        }
    }
    return 0;
}

// ---- Adding ----

static void touch(struct timeline *timeline, struct row *row) {
    if (!row->is_touched) {
        row->is_touched = true;
        timeline->touched[timeline->touched_count++] = (uint32_t)(row - timeline->rows);
    }
}

// What has no time of its own is spread over the upload's time: by row, at the end of the profile (spread_untimed).
static void add_value(struct timeline *timeline, int64_t time_ns, double value, struct row *row) {
    const struct timeline_question *question = timeline->question;
    timeline->all++;
    if (time_ns == 0) {
        touch(timeline, row);
        row->untimed += value;
        return;
    }
    timeline->timed++;
    double time_ms = (double)time_ns / 1e6, at = floor((time_ms - (double)question->from_ms) / timeline_column_ms(question));
    // The end itself is of the last column, as is what an upload's end lost when it was cut to milliseconds.
    at = at >= (double)question->columns && time_ms <= (double)question->to_ms + 1 ? (double)question->columns - 1 : at;
    if (at >= 0 && at < (double)question->columns) {
        row->values[(size_t)at] += value;
    } else {
        timeline->outside++;
    }
}

// ---- What threads did ----

// The columns of a state of a lane; NULL: no memory.
static double *columns_of(const struct timeline *timeline, struct row *row, enum thread_state state) {
    if (!row->states[state]) {
        row->states[state] = calloc(timeline->question->columns, sizeof *row->states[state]);
    }
    return row->states[state];
}

// A sample with a time of its own tells of the time before it, as long as its value; others of their upload's. None are kept of the rows
// beyond the most.
static bool add_states(struct timeline *timeline, const int64_t ns[THREAD_SUMS], int64_t time_ns, struct row *row) {
    for (enum thread_state state = 0; row != &timeline->rows[0] && state < THREAD_SUMS; state++) {
        double value = (double)ns[state], end_ms = (double)(time_ns - timeline->question->from_ms * 1000000) / 1e6;
        double *columns = ns[state] > 0 ? columns_of(timeline, row, state) : NULL;
        if (ns[state] > 0 && !columns) {
            return false;
        }
        if (columns && time_ns > 0) {
            timeline_spread_from_start(timeline->question, end_ms - value / 1e6, end_ms, value, value / 1e6, columns);
        } else if (columns) {
            row->untimed_states[state] += value;
            touch(timeline, row);
        }
    }
    return true;
}

// Whether any of its time is in the columns: of a stretch of time that is asked for, samples without a time have none.
static bool reaches_columns(const struct timeline_question *question, const int64_t ns[THREAD_SUMS], int64_t time_ns) {
    int64_t end_ns = time_ns - question->from_ms * 1000000, longest = 0;
    for (size_t sum = 0; sum < THREAD_SUMS; sum++) {
        longest = ns[sum] > longest ? ns[sum] : longest;
    }
    return time_ns > 0 ? end_ns > 0 && end_ns - longest < (question->to_ms - question->from_ms) * 1000000
                       : !view_asks_time(question->filter);
}

static void spread_untimed(struct timeline *timeline, struct span span) {
    const struct timeline_question *question = timeline->question;
    double whole_ms = question->is_gauge ? timeline_column_ms(question) : span.to_ms - span.from_ms;
    for (uint32_t i = 0; i < timeline->touched_count; i++) {
        struct row *row = &timeline->rows[timeline->touched[i]];
        timeline_spread(question, span.from_ms, span.to_ms, row->untimed, whole_ms, row->values);
        row->untimed = 0;
        row->is_touched = false;
        for (size_t state = 0; state < THREAD_SUMS; state++) {
            if (row->untimed_states[state] > 0) {
                timeline_spread(question, span.from_ms, span.to_ms, row->untimed_states[state], whole_ms, row->states[state]);
                row->untimed_states[state] = 0;
            }
        }
    }
    timeline->touched_count = 0;
}

// ---- Lanes ----

enum { LANE_BYTES = 300 };

static const struct profile_label *label_of(const struct profile_sample_view *sample, const char *key, const char *otlp_key) {
    for (size_t i = 0; i < sample->label_count; i++) {
        if (strcmp(sample->labels[i].key, key) == 0 || strcmp(sample->labels[i].key, otlp_key) == 0) {
            return &sample->labels[i];
        }
    }
    return NULL;
}

static void print_value(const struct profile_label *label, char *text, size_t size) {
    if (label->text) {
        snprintf(text, size, "%s", label->text);
    } else {
        snprintf(text, size, "%" PRId64, label->number);
    }
}

// "worker-1 · 4711". Its samples are those of the id, which tells threads of one name apart; where there is none, of the name.
static struct row *lane_of(struct timeline *timeline, const struct profile_sample_view *sample) {
    const struct profile_label *name = label_of(sample, "thread name", "thread.name"), *id = label_of(sample, "thread id", "thread.id");
    const struct profile_label *by = id ? id : name;
    char text[LANE_BYTES] = "", number[LANE_BYTES / 2] = "", lane[2 * LANE_BYTES], label[2 * LANE_BYTES];
    if (!by) {
        return row_of(timeline, "(no thread)", "", "label", 0, NULL);
    }
    if (name) {
        print_value(name, text, sizeof text);
    }
    if (id) {
        print_value(id, number, sizeof number);
    }
    snprintf(lane, sizeof lane, "%s%s%s", text, *text && *number ? " \u00b7 " : "", number);
    snprintf(label, sizeof label, "%s:%s", by->key, id ? number : text);
    return row_of(timeline, lane, "", "label", 0, label);
}

static struct row *sample_row(struct timeline *timeline, const struct profile_sample_view *sample, const struct listed_upload *upload) {
    const struct timeline_question *question = timeline->question;
    char buffer[VIEW_NAME_BYTES];
    if (question->label) {
        return row_of(timeline, upload_label_text(question->label, upload), "", "label", upload->group, NULL);
    }
    if (question->lanes) {
        return lane_of(timeline, sample);
    }
    if (sample->frame_count == 0) {
        return row_of(timeline, "(no frames)", "", "label", 0, NULL);
    }
    const struct profile_frame *frame = &sample->frames[question->filter->group_by ? sample->frame_count - 1 : 0];
    if (question->filter->group_by) {
        return row_of(timeline, frame->function, "", "label", 0, NULL);
    }
    return row_of(timeline, view_frame_name(frame, buffer), frame->file, view_frame_kind(frame), 0, NULL);
}

// What a thread did in a stretch of time is also told by samples that end after it: the columns cut it, not the filter.
static struct tree_options without_time(const struct tree_options *options, struct tree_label *labels) {
    struct tree_options rest = *options;
    rest.labels = labels;
    rest.label_count = 0;
    for (size_t i = 0; i < options->label_count; i++) {
        if (strcmp(options->labels[i].key, VIEW_TIME_LABEL) != 0) {
            labels[rest.label_count++] = options->labels[i];
        }
    }
    return rest;
}

static bool add_span(struct timeline *timeline, struct grouped_span span) {
    if (!VECTOR_RESERVE(timeline->spans, timeline->span_capacity, timeline->span_count + 1)) {
        return false;
    }
    timeline->spans[timeline->span_count++] = span;
    return true;
}

enum receiver_error timeline_add(struct timeline *timeline, struct profile *profile, const struct listed_upload *upload) {
    const struct timeline_question *question = timeline->question;
    int type = profile_sample_type_chosen(profile, question->type);
    if (type < 0) {
        return RECEIVER_OK;
    }
    struct tree_label labels[VIEW_MAX_LABELS + 2], untimed_labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(question->filter, labels);
    const struct tree_options at_any_time = without_time(&options, untimed_labels);
    struct span span = {(double)upload->start_ms, (double)(upload->end_ms > upload->start_ms ? upload->end_ms : upload->start_ms + 1)};
    struct thread_states states;
    bool has_states = timeline_has_states(question);
    thread_states_start(&states, profile);
    if (timeline->profiles++ == 0) {
        snprintf(timeline->unit, sizeof timeline->unit, "%s", profile_sample_type_unit(profile, (size_t)type));
    }
    view_copy_warnings(profile, timeline->warnings);
    if (profile_status(timeline->warnings) != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    if (question->is_gauge && !add_span(timeline, (struct grouped_span){span, timeline_group_of(question, upload)})) {
        return RECEIVER_NO_MEMORY;
    }
    if (!question->label && question->filter->group_by && profile_group_by(profile, question->filter->group_by) != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (!tree_keeps(profile, has_states ? &at_any_time : &options, i)) {
            continue;
        }
        enum merge_error error =
            question->lanes ? profile_sample_without_frames(profile, i, &sample) : profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
        int64_t ns[THREAD_SUMS], time_ns = question->is_gauge ? 0 : own_time(&sample);
        bool tells_state = has_states && thread_states_of(&states, &sample, ns) && reaches_columns(question, ns, time_ns);
        bool has_value = sample.values[type] != 0 && (!has_states || tree_keeps(profile, &options, i));
        if (!has_value && !tells_state) {
            continue;
        }
        struct row *row = sample_row(timeline, &sample, upload);
        if (!row || (tells_state && !add_states(timeline, ns, time_ns, row))) {
            return RECEIVER_NO_MEMORY;
        }
        if (has_value) {
            add_value(timeline, time_ns, (double)sample.values[type], row);
        }
    }
    spread_untimed(timeline, span);
    return RECEIVER_OK;
}

static void add_values(double *values, const double *more, size_t columns) {
    for (size_t i = 0; i < columns; i++) {
        values[i] += more[i];
    }
}

bool timeline_merge(struct timeline *timeline, const struct timeline *other) {
    size_t columns = timeline->question->columns;
    for (uint32_t id = 1; id <= other->count; id++) {
        const struct row *row = &other->rows[id];
        struct row *sum = row_of(timeline, row->name, row->file, row->kind, row->group, row->label);
        if (!sum) {
            return false;
        }
        add_values(sum->values, row->values, columns);
        for (enum thread_state state = 0; state < THREAD_SUMS && sum != &timeline->rows[0]; state++) {
            double *of = row->states[state] ? columns_of(timeline, sum, state) : NULL;
            if (row->states[state] && !of) {
                return false;
            }
            if (of) {
                add_values(of, row->states[state], columns);
            }
        }
    }
    add_values(timeline->others, other->others, columns);
    for (size_t i = 0; i < other->span_count; i++) {
        if (!add_span(timeline, other->spans[i])) {
            return false;
        }
    }
    if (timeline->profiles == 0) {
        memcpy(timeline->unit, other->unit, sizeof timeline->unit);
    }
    timeline->profiles += other->profiles;
    timeline->timed += other->timed;
    timeline->all += other->all;
    timeline->outside += other->outside;
    timeline->is_limited |= other->is_limited;
    view_copy_warnings(other->warnings, timeline->warnings);
    return profile_status(timeline->warnings) == MERGE_OK;
}

size_t timeline_profiles(const struct timeline *timeline) {
    return timeline->profiles;
}
