// timeline.c: values in columns of time (timeline.h).
#include "timeline.h"
#include "../../base/vector.h"
#include "../../merge/intern.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char time_label[] = "end_timestamp_ns";

struct row {
    char *name, *file; // one allocation; file is "" of what is no function
    char kind[16];
    uint32_t group; // of uploads, that the row is of; 0: it is of all
    double *values; // by column
    double untimed; // of the profile that is being added: what has no time of its own, which is spread at its end
    bool is_touched;
    char *label; // of a lane: how its samples are chosen, "KEY:VALUE"; else NULL
};

struct span {
    double from_ms, to_ms; // of an upload
};
struct grouped_span {
    struct span span;
    uint32_t group;
};

struct timeline {
    const struct timeline_question *question;
    struct row rows[TIMELINE_MAX_ROWS + 1]; // by id, from 1
    uint32_t count;
    struct intern ids;
    uint64_t seed;
    uint32_t touched[TIMELINE_MAX_ROWS + 1], touched_count; // rows with something untimed
    double *others;                                         // rows[0].values: of rows beyond the most
    struct grouped_span *spans;                             // of a gauge: of the uploads that have it
    size_t span_count, span_capacity;
    bool has_means;     // the values are a gauge's means
    size_t profiles;    // with the type
    int64_t timed, all; // samples: with a time of their own, and all
    int64_t outside;    // samples with a time that is in none of the columns
    char unit[100];
};

struct timeline *timeline_new(const struct timeline_question *question) {
    struct timeline *timeline = calloc(1, sizeof *timeline);
    if (timeline) {
        timeline->question = question;
        timeline->seed = intern_seed();
        timeline->others = timeline->rows[0].values = calloc(question->columns, sizeof *timeline->others);
    }
    if (timeline && (!timeline->others)) {
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
    }
    if (timeline) {
        intern_free(&timeline->ids);
        free(timeline->others);
        free(timeline->spans);
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
        bool is_range = strcmp(label->key, time_label) == 0 && sscanf(label->text, "%19" SCNd64 "..%19" SCNd64, &from_ns, &to_ns) == 2;
        if (is_range && from_ns / 1000000 >= TIMELINE_FIRST_MS && to_ns / 1000000 <= TIMELINE_LAST_MS && to_ns - from_ns >= 1000000) {
            question->from_ms = from_ns / 1000000;
            question->to_ms = to_ns / 1000000;
        }
    }
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
    if (timeline->count == TIMELINE_MAX_ROWS) {
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

static double column_ms(const struct timeline_question *question) {
    return (double)(question->to_ms - question->from_ms) / (double)question->columns;
}

// Spreads a value over the columns by how much of a time is in each. whole_ms: what the shares are of.
static void spread(const struct timeline_question *question, double from_ms, double to_ms, double value, double whole_ms, double *values) {
    double length = column_ms(question), start = (double)question->from_ms;
    double last = ceil((to_ms - start) / length), first = floor((from_ms - start) / length);
    size_t end = last >= (double)question->columns ? question->columns : last > 0 ? (size_t)last : 0;
    for (size_t i = first > 0 ? (size_t)first : 0; i < end; i++) {
        double left = start + (double)i * length, right = left + length;
        double inside = (to_ms < right ? to_ms : right) - (from_ms > left ? from_ms : left);
        values[i] += inside > 0 ? value * inside / whole_ms : 0;
    }
}

// The sample's own time in unix nanoseconds; 0: it has none.
static int64_t own_time(const struct profile_sample_view *sample) {
    for (size_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &sample->labels[i];
        if (!label->text && label->number > 0 && strcmp(label->key, time_label) == 0) {
            return label->number;
        }
    }
    return 0;
}

// ---- Adding ----

static uint32_t group_of(const struct timeline_question *question, const struct listed_upload *upload) {
    return question->label ? upload->group : 0;
}

// What has no time of its own is spread over the upload's time: by row, at the end of the profile (spread_untimed).
static void add_value(struct timeline *timeline, const struct profile_sample_view *sample, double value, struct row *row) {
    const struct timeline_question *question = timeline->question;
    int64_t time_ns = question->is_gauge ? 0 : own_time(sample);
    timeline->all++;
    if (time_ns == 0) {
        if (!row->is_touched) {
            row->is_touched = true;
            timeline->touched[timeline->touched_count++] = (uint32_t)(row - timeline->rows);
        }
        row->untimed += value;
        return;
    }
    timeline->timed++;
    double time_ms = (double)time_ns / 1e6, at = floor((time_ms - (double)question->from_ms) / column_ms(question));
    // The end itself is of the last column, as is what an upload's end lost when it was cut to milliseconds.
    at = at >= (double)question->columns && time_ms <= (double)question->to_ms + 1 ? (double)question->columns - 1 : at;
    if (at >= 0 && at < (double)question->columns) {
        row->values[(size_t)at] += value;
    } else {
        timeline->outside++;
    }
}

static void spread_untimed(struct timeline *timeline, struct span span) {
    const struct timeline_question *question = timeline->question;
    double whole_ms = question->is_gauge ? column_ms(question) : span.to_ms - span.from_ms;
    for (uint32_t i = 0; i < timeline->touched_count; i++) {
        struct row *row = &timeline->rows[timeline->touched[i]];
        spread(question, span.from_ms, span.to_ms, row->untimed, whole_ms, row->values);
        row->untimed = 0;
        row->is_touched = false;
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
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(question->filter, labels);
    struct span span = {(double)upload->start_ms, (double)(upload->end_ms > upload->start_ms ? upload->end_ms : upload->start_ms + 1)};
    if (timeline->profiles++ == 0) {
        snprintf(timeline->unit, sizeof timeline->unit, "%s", profile_sample_type_unit(profile, (size_t)type));
    }
    if (question->is_gauge && !add_span(timeline, (struct grouped_span){span, group_of(question, upload)})) {
        return RECEIVER_NO_MEMORY;
    }
    if (!question->label && question->filter->group_by && profile_group_by(profile, question->filter->group_by) != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (!tree_keeps(profile, &options, i)) {
            continue;
        }
        enum merge_error error =
            question->lanes ? profile_sample_without_frames(profile, i, &sample) : profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return RECEIVER_NO_MEMORY;
        }
        if (sample.values[type] == 0) {
            continue;
        }
        struct row *row = sample_row(timeline, &sample, upload);
        if (!row) {
            return RECEIVER_NO_MEMORY;
        }
        add_value(timeline, &sample, (double)sample.values[type], row);
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
    return true;
}

size_t timeline_profiles(const struct timeline *timeline) {
    return timeline->profiles;
}

// ---- Means of a gauge ----

// Where uploads of a group are current one after another or none is, 1; else how many at once, by how long each is.
static void find_at_once(const struct timeline_question *question, uint32_t group, double *covered, double *lies_in) {
    double end_ms = -INFINITY;
    for (size_t i = 0; i < question->list->count; i++) { // oldest first
        const struct listed_upload *upload = &question->list->uploads[i];
        double start_ms = (double)upload->start_ms, until_ms = (double)question->until_ms[i];
        if (group_of(question, upload) != group || until_ms <= start_ms) {
            continue;
        }
        spread(question, start_ms, until_ms, 1, 1, covered);
        double from_ms = start_ms > end_ms ? start_ms : end_ms;
        if (until_ms > from_ms) {
            spread(question, from_ms, until_ms, 1, 1, lies_in);
            end_ms = until_ms;
        }
    }
}

struct divisors {
    double *there;             // of each column: how much of it the group's uploads take
    double *covered, *lies_in; // the same of the time in which they are current, and of that in which any is
};

static void find_divisors(const struct timeline *timeline, uint32_t group, struct divisors divisors) {
    const struct timeline_question *question = timeline->question;
    for (size_t i = 0; i < question->columns; i++) {
        divisors.there[i] = divisors.covered[i] = divisors.lies_in[i] = 0;
    }
    for (size_t i = 0; i < timeline->span_count; i++) {
        const struct grouped_span *one = &timeline->spans[i];
        if (one->group == group) {
            spread(question, one->span.from_ms, one->span.to_ms, 1, column_ms(question), divisors.there);
        }
    }
    if (question->until_ms) {
        find_at_once(question, group, divisors.covered, divisors.lies_in);
    }
}

// NAN where no upload was there.
static void take_means(const struct timeline_question *question, struct divisors divisors, double *values) {
    for (size_t i = 0; i < question->columns; i++) {
        double lies_in = divisors.lies_in[i], at_once = lies_in > 0 && divisors.covered[i] > lies_in ? divisors.covered[i] / lies_in : 1;
        values[i] = divisors.there[i] > 0 ? values[i] / divisors.there[i] * at_once : NAN;
    }
}

// Of the values of all rows, once. False: no memory.
static bool make_means(struct timeline *timeline) {
    const struct timeline_question *question = timeline->question;
    size_t columns = question->columns;
    double *room = calloc(3 * columns, sizeof *room);
    if (!room) {
        return false;
    }
    struct divisors divisors = {room, room + columns, room + 2 * columns};
    if (!question->label) {
        find_divisors(timeline, 0, divisors);
    }
    take_means(question, divisors, timeline->others); // of groups there are none beyond the most: each has an upload
    for (uint32_t id = 1; id <= timeline->count; id++) {
        if (question->label) {
            find_divisors(timeline, timeline->rows[id].group, divisors);
        }
        take_means(question, divisors, timeline->rows[id].values);
    }
    free(room);
    return true;
}

// ---- Writing ----

struct sorted {
    const struct row *row;
    double total;
};

// What is added up of rows is NAN where all are.
static void add_shown(double *values, const double *more, size_t columns) {
    for (size_t i = 0; i < columns; i++) {
        values[i] = isnan(values[i]) ? more[i] : isnan(more[i]) ? values[i] : values[i] + more[i];
    }
}

static double total_of(const double *values, size_t columns) {
    double total = 0;
    for (size_t i = 0; i < columns; i++) {
        total += isnan(values[i]) ? 0 : values[i];
    }
    return total;
}

static int compare(const void *left, const void *right) {
    const struct sorted *a = left, *b = right;
    if (a->total != b->total) {
        return a->total > b->total ? -1 : 1;
    }
    int order = strcmp(a->row->name, b->row->name);
    return order != 0 ? order : strcmp(a->row->file, b->row->file);
}

static void write_values(const struct timeline *timeline, const double *values, struct json *json) {
    json_key(json, "values");
    json_array_begin(json);
    for (size_t i = 0; i < timeline->question->columns; i++) {
        json_real(json, values[i]);
    }
    json_array_end(json);
}

bool timeline_write(struct timeline *timeline, struct json *json) {
    const struct timeline_question *question = timeline->question;
    struct sorted *sorted = calloc(timeline->count + 1, sizeof *sorted);
    double *others = calloc(question->columns, sizeof *others);
    if (!sorted || !others || (question->is_gauge && !timeline->has_means && !make_means(timeline))) {
        free(sorted);
        free(others);
        return false;
    }
    timeline->has_means = true;
    uint32_t shown = timeline->count < TIMELINE_SHOWN_ROWS ? timeline->count : TIMELINE_SHOWN_ROWS;
    for (uint32_t i = 0; i < timeline->count; i++) {
        sorted[i] = (struct sorted){&timeline->rows[i + 1], total_of(timeline->rows[i + 1].values, question->columns)};
    }
    qsort(sorted, timeline->count, sizeof *sorted, compare);
    memcpy(others, timeline->others, question->columns * sizeof *others);
    for (uint32_t i = shown; i < timeline->count; i++) {
        add_shown(others, sorted[i].row->values, question->columns);
    }
    json_key(json, "type");
    json_text(json, timeline->profiles > 0 ? question->type : NULL);
    json_key(json, "unit");
    json_text(json, timeline->profiles > 0 ? timeline->unit : NULL);
    json_key(json, "gauge");
    json_bool(json, question->is_gauge);
    json_key(json, "from");
    json_number(json, question->from_ms);
    json_key(json, "to");
    json_number(json, question->to_ms);
    json_key(json, "longest_upload_ms");
    json_number(json, question->longest_ms);
    json_key(json, "columns");
    json_number(json, (int64_t)question->columns);
    json_key(json, "samples");
    json_number(json, timeline->all);
    json_key(json, "samples_with_time");
    json_number(json, timeline->timed);
    json_key(json, "samples_outside");
    json_number(json, timeline->outside);
    json_key(json, "rows");
    json_array_begin(json);
    for (uint32_t i = 0; i < shown; i++) {
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, sorted[i].row->name);
        json_key(json, "file");
        json_text(json, sorted[i].row->file);
        json_key(json, "kind");
        json_text(json, sorted[i].row->kind);
        if (sorted[i].row->label) {
            json_member_text(json, "label", sorted[i].row->label);
        }
        write_values(timeline, sorted[i].row->values, json);
        json_object_end(json);
    }
    json_array_end(json);
    json_key(json, "rows_left_out");
    json_number(json, timeline->count - shown);
    json_key(json, "others");
    json_object_begin(json);
    write_values(timeline, others, json);
    json_object_end(json);
    free(sorted);
    free(others);
    return true;
}
