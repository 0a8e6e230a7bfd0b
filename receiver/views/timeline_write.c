// timeline_write.c: a timeline as JSON, with the means of gauges (timeline_write.h).
#include "timeline_write.h"
#include "timeline_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Means of a gauge ----

// Where uploads of a group are current one after another or none is, 1; else how many at once, by how long each is.
static void find_at_once(const struct timeline_question *question, uint32_t group, double *covered, double *lies_in) {
    double end_ms = -INFINITY;
    for (size_t i = 0; i < question->list->count; i++) { // oldest first
        const struct listed_upload *upload = &question->list->uploads[i];
        double start_ms = (double)upload->start_ms, until_ms = (double)question->until_ms[i];
        if (timeline_group_of(question, upload) != group || until_ms <= start_ms) {
            continue;
        }
        timeline_spread(question, start_ms, until_ms, 1, 1, covered);
        double from_ms = start_ms > end_ms ? start_ms : end_ms;
        if (until_ms > from_ms) {
            timeline_spread(question, from_ms, until_ms, 1, 1, lies_in);
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
            timeline_spread(question, one->span.from_ms, one->span.to_ms, 1, timeline_column_ms(question), divisors.there);
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

// ---- What threads did ----

// The sums of a lane become states; one that it was never in is none.
static void settle_states(struct row *row, size_t columns) {
    bool was_in[THREAD_SUMS] = {false};
    double *states[THREAD_STATES];
    memcpy(states, row->states, sizeof states);
    if (!states[THREAD_LOCK]) { // without events, the columns of blocked wall time become those of locks
        states[THREAD_LOCK] = row->states[THREAD_BLOCKED_WALL];
    }
    for (size_t i = 0; i < columns; i++) {
        double ns[THREAD_SUMS];
        for (size_t sum = 0; sum < THREAD_SUMS; sum++) {
            ns[sum] = row->states[sum] ? row->states[sum][i] : 0;
        }
        thread_states_settle(ns);
        for (size_t state = 0; state < THREAD_STATES; state++) {
            if (states[state]) {
                states[state][i] = ns[state];
                was_in[state] |= ns[state] > 0;
            }
        }
    }
    if (!row->states[THREAD_LOCK]) {
        row->states[THREAD_LOCK] = states[THREAD_LOCK];
        row->states[THREAD_BLOCKED_WALL] = NULL;
    }
    for (size_t sum = 0; sum < THREAD_SUMS; sum++) {
        if (!was_in[sum]) {
            free(row->states[sum]);
            row->states[sum] = NULL;
        }
    }
}

// Once, when all is added up. False: no memory.
static bool settle(struct timeline *timeline) {
    if (timeline->is_settled) {
        return true;
    }
    if (timeline->question->is_gauge && !make_means(timeline)) {
        return false;
    }
    for (uint32_t id = 1; id <= timeline->count; id++) {
        settle_states(&timeline->rows[id], timeline->question->columns);
    }
    timeline->is_settled = true;
    return true;
}

// ---- Writing ----

struct sorted {
    const struct row *row;
    double total, states; // states: of all states, for what has nothing of the type
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
    if (a->states != b->states) {
        return a->states > b->states ? -1 : 1;
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

static bool has_state(const struct row *row) {
    size_t state = 0;
    while (state < THREAD_STATES && !row->states[state]) {
        state++;
    }
    return state < THREAD_STATES;
}

static void write_states(const struct timeline *timeline, const struct row *row, struct json *json) {
    json_key(json, "states");
    json_object_begin(json);
    for (enum thread_state state = 0; state < THREAD_STATES; state++) {
        if (!row->states[state]) {
            continue;
        }
        json_key(json, thread_state_name(state));
        json_array_begin(json);
        for (size_t i = 0; i < timeline->question->columns; i++) {
            json_real(json, row->states[state][i]);
        }
        json_array_end(json);
    }
    json_object_end(json);
}

// The rows by size, without lanes of which nothing is in any column. Returns their count.
static uint32_t sort_rows(const struct timeline *timeline, struct sorted *sorted) {
    size_t columns = timeline->question->columns;
    uint32_t count = 0;
    for (uint32_t id = 1; id <= timeline->count; id++) {
        const struct row *row = &timeline->rows[id];
        struct sorted *one = &sorted[count];
        *one = (struct sorted){row, total_of(row->values, columns), 0};
        for (size_t state = 0; state < THREAD_STATES; state++) {
            one->states += row->states[state] ? total_of(row->states[state], columns) : 0;
        }
        count += one->total != 0 || one->states > 0 || !timeline_has_states(timeline->question);
    }
    qsort(sorted, count, sizeof *sorted, compare);
    return count;
}

bool timeline_write(struct timeline *timeline, struct json *json) {
    const struct timeline_question *question = timeline->question;
    struct sorted *sorted = calloc(timeline->count + 1, sizeof *sorted);
    double *others = calloc(question->columns, sizeof *others);
    if (!sorted || !others || !settle(timeline)) {
        free(sorted);
        free(others);
        return false;
    }
    uint32_t count = sort_rows(timeline, sorted), shown = count < TIMELINE_SHOWN_ROWS ? count : TIMELINE_SHOWN_ROWS;
    memcpy(others, timeline->others, question->columns * sizeof *others);
    for (uint32_t i = shown; i < count; i++) {
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
    view_write_warnings(timeline->warnings, json);
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
        if (has_state(sorted[i].row)) {
            write_states(timeline, sorted[i].row, json);
        }
        json_object_end(json);
    }
    json_array_end(json);
    json_key(json, "rows_left_out");
    json_number(json, count - shown);
    json_key(json, "rows_limited");
    json_bool(json, timeline->is_limited);
    json_key(json, "others");
    json_object_begin(json);
    write_values(timeline, others, json);
    json_object_end(json);
    free(sorted);
    free(others);
    return true;
}
