// gauges.c: the uploads that a gauge's value is taken from (gauges.h).
#include "gauges.h"
#include "../../base/vector.h"
#include "../index/measures.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const gauges_names[] = {"mean", "last", "max", NULL};

// ---- How long an upload is current ----

// An event may be shorter than the period (Go's clients send the length of the CPU profile), so its end does not tell when the process
// ended. An upload is current until the next one of its process starts. The last one has no next: it is current after its end for as long
// as the process's usual silence between uploads.
struct standing {
    size_t *process; // of each upload, from 0
    int64_t *until_ms;
    size_t processes;
};

static int compare_processes(const void *left, const void *right, void *context) {
    const struct upload_list *list = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    uint64_t one = list->uploads[a].process, other = list->uploads[b].process;
    return one != other ? (one < other ? -1 : 1) : a < b ? -1 : a > b;
}

static int compare_times(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

// 0: none.
static int64_t median(int64_t *times, size_t count) {
    if (count > 1) {
        qsort(times, count, sizeof *times, compare_times);
    }
    return count > 0 ? times[(count - 1) / 2] : 0;
}

// The uploads of one process, and the silence before each but the first. Returns the count of silences.
static size_t stand_one(const struct upload_list *list, const size_t *order, size_t count, int64_t *silences, struct standing *standing) {
    for (size_t i = 0; i + 1 < count; i++) {
        int64_t end_ms = list->uploads[order[i]].end_ms, next_ms = list->uploads[order[i + 1]].start_ms;
        standing->until_ms[order[i]] = next_ms;
        silences[i] = next_ms > end_ms ? next_ms - end_ms : 0;
    }
    return count - 1;
}

static void stand_all(const struct upload_list *list, const size_t *order, int64_t *silences, struct standing *standing) {
    size_t all = 0;
    for (size_t from = 0, to; from < list->count; from = to) {
        for (to = from; to < list->count && list->uploads[order[to]].process == list->uploads[order[from]].process; to++) {
            standing->process[order[to]] = standing->processes;
        }
        size_t count = stand_one(list, order + from, to - from, silences + all, standing), last = order[to - 1];
        standing->until_ms[last] = count > 0 ? list->uploads[last].end_ms + median(silences + all, count) : INT64_MIN;
        standing->processes++;
        all += count;
    }
    int64_t usual_ms = median(silences, all); // of a process with a single upload: as the others
    for (size_t i = 0; i < list->count; i++) {
        if (standing->until_ms[i] == INT64_MIN) {
            standing->until_ms[i] = list->uploads[i].end_ms + usual_ms;
        }
    }
}

static void standing_free(struct standing *standing) {
    free(standing->process);
    free(standing->until_ms);
}

// Returns false without memory.
static bool standing_make(struct standing *standing, const struct upload_list *list) {
    size_t *order = malloc((list->count + 1) * sizeof *order);
    int64_t *silences = malloc((list->count + 1) * sizeof *silences);
    *standing = (struct standing){malloc((list->count + 1) * sizeof(size_t)), malloc((list->count + 1) * sizeof(int64_t)), 0};
    bool ok = order && silences && standing->process && standing->until_ms;
    for (size_t i = 0; ok && i < list->count; i++) {
        order[i] = i;
    }
    if (ok && list->count > 0) {
        qsort_r(order, list->count, sizeof *order, compare_processes, (void *)list);
        stand_all(list, order, silences, standing);
    }
    free(order);
    free(silences);
    if (!ok) {
        standing_free(standing);
    }
    return ok;
}

// ---- Concurrent processes ----

double gauges_at_once(const struct upload_list *list) {
    struct standing standing;
    double covered = 0, lies_in = 0;
    int64_t end_ms = INT64_MIN;
    if (!standing_make(&standing, list)) {
        return 0;
    }
    for (size_t i = 0; i < list->count; i++) { // oldest first
        int64_t start_ms = list->uploads[i].start_ms, until_ms = standing.until_ms[i];
        if (until_ms <= start_ms) {
            continue;
        }
        int64_t from_ms = start_ms > end_ms ? start_ms : end_ms;
        covered += (double)(until_ms - start_ms);
        lies_in += until_ms > from_ms ? (double)(until_ms - from_ms) : 0;
        end_ms = until_ms > end_ms ? until_ms : end_ms;
    }
    standing_free(&standing);
    return lies_in > 0 && covered > lies_in ? covered / lies_in : 1;
}

int64_t *gauges_current_until(const struct upload_list *list) {
    struct standing standing;
    if (!standing_make(&standing, list)) {
        return NULL;
    }
    free(standing.process);
    return standing.until_ms;
}

// ---- Values of each upload ----

struct entry {
    size_t upload;
    char type[TOTALS_MAX_NAME];
    double total;
};
struct part {
    const struct upload_list *list;
    struct entry *entries;
    size_t count, capacity;
    struct totals one;
};
struct gauges_table {
    struct part parts[2];
    size_t uploads;
};

static bool add_entry(struct part *part, size_t upload, const struct totals_type *type) {
    if (!VECTOR_RESERVE(part->entries, part->capacity, part->count + 1)) {
        return false;
    }
    struct entry *entry = &part->entries[part->count++];
    *entry = (struct entry){.upload = upload, .total = (double)type->total};
    memcpy(entry->type, type->name, sizeof entry->type);
    return true;
}

static enum receiver_error take_gauges(void *state, struct sweep_file *file) {
    struct part *part = state;
    enum merge_error error = totals_read(file->bytes, file->size, NULL, &part->one, NULL);
    if (error != MERGE_OK) {
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD; // has no value; the view reports why
    }
    static const struct totals_type was_read = {0};
    size_t upload = (size_t)(file->upload - part->list->uploads);
    bool ok = add_entry(part, upload, &was_read);
    for (size_t i = 0; ok && i < part->one.type_count; i++) {
        ok = !measure_is_gauge(part->one.types[i].name) || add_entry(part, upload, &part->one.types[i]);
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void table_free(struct gauges_table *table) {
    if (table) {
        free(table->parts[0].entries);
        free(table->parts[1].entries);
    }
    free(table);
}

static struct gauges_table *table_read(struct store *store, const struct upload_list *list, const char *attachment) {
    struct gauges_table *table = calloc(1, sizeof *table);
    struct sweep_report report;
    if (!table) {
        return NULL;
    }
    table->uploads = list->count;
    table->parts[0].list = table->parts[1].list = list;
    void *parts[2] = {&table->parts[0], &table->parts[1]};
    if (sweep_uploads(store, list, attachment, take_gauges, parts, &report) != RECEIVER_OK) {
        table_free(table);
        return NULL;
    }
    return table;
}

void gauges_source_free(struct gauges_source *source) {
    table_free(source->table);
    source->table = NULL;
}

// One value per upload; NAN: it lacks the type. The type "" is in all that were read.
static void read_values(const struct gauges_table *table, const char *type, double *values) {
    for (size_t i = 0; i < table->uploads; i++) {
        values[i] = NAN;
    }
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < table->parts[p].count; i++) {
            const struct entry *entry = &table->parts[p].entries[i];
            if (strncmp(entry->type, type, TOTALS_MAX_NAME - 1) == 0) {
                values[entry->upload] = entry->total;
            }
        }
    }
}

size_t gauges_having(const struct gauges_source *source, const char *type) {
    size_t count = 0;
    for (size_t p = 0; source->table && p < 2; p++) {
        const struct part *part = &source->table->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            count += strncmp(part->entries[i].type, type, TOTALS_MAX_NAME - 1) == 0;
        }
    }
    return count;
}

// ---- Choice ----

// The newest upload of each process so far, during a pass over the list.
struct newest {
    size_t *uploads; // index in the list, by process
    struct standing standing;
};

static void forget(struct newest *newest) {
    memset(newest->uploads, 0xFF, newest->standing.processes * sizeof *newest->uploads); // SIZE_MAX
}

static bool newest_start(struct newest *newest, const struct upload_list *list) {
    *newest = (struct newest){0};
    if (!standing_make(&newest->standing, list)) {
        newest->standing = (struct standing){0};
        return false;
    }
    newest->uploads = malloc((newest->standing.processes + 1) * sizeof *newest->uploads);
    if (newest->uploads) {
        forget(newest);
    }
    return newest->uploads;
}

static void newest_free(struct newest *newest) {
    free(newest->uploads);
    standing_free(&newest->standing);
}

// Whether the upload is the newest of its process, and current at the start of a later one.
static bool is_there(const struct upload_list *list, const struct newest *newest, size_t upload, size_t later) {
    int64_t start_ms = list->uploads[upload].start_ms, later_ms = list->uploads[later].start_ms;
    return newest->uploads[newest->standing.process[upload]] == upload &&
           (newest->standing.until_ms[upload] > later_ms || start_ms == later_ms);
}

static void go_to(struct newest *newest, size_t upload) {
    newest->uploads[newest->standing.process[upload]] = upload;
}

static size_t largest_upload(const struct upload_list *list, const double *values) {
    size_t best = list->count - 1;
    for (size_t i = list->count; i-- > 0;) {
        if (!isnan(values[i]) && (isnan(values[best]) || values[i] > values[best])) {
            best = i;
        }
    }
    return best;
}

// The upload at whose start the sum over all current ones is largest.
static size_t largest_moment(const struct upload_list *list, struct newest *newest, const double *values) {
    size_t best = list->count - 1;
    double highest = -INFINITY;
    for (size_t at = 0; at < list->count; at++) {
        double sum = 0;
        go_to(newest, at);
        for (size_t i = 0; i < newest->standing.processes; i++) {
            size_t upload = newest->uploads[i];
            sum += upload != SIZE_MAX && is_there(list, newest, upload, at) && !isnan(values[upload]) ? values[upload] : 0;
        }
        if (sum >= highest) {
            highest = sum;
            best = at;
        }
    }
    return best;
}

static void pick_moment(const struct upload_list *list, struct newest *newest, size_t at, struct upload_list *picked) {
    forget(newest);
    for (size_t i = 0; i <= at; i++) {
        go_to(newest, i);
    }
    for (size_t i = 0; i <= at; i++) {
        if (is_there(list, newest, i, at)) {
            picked->uploads[picked->count++] = list->uploads[i];
        }
    }
}

static void pick_all(const struct upload_list *list, struct upload_list *picked) {
    for (size_t i = 0; i < list->count; i++) {
        picked->uploads[picked->count++] = list->uploads[i];
    }
}

// Returns false without memory. values: one per upload; NULL: not for max.
static bool pick(const struct upload_list *list, struct gauges gauges, const double *values, struct upload_list *picked) {
    *picked = upload_list_like(list, list->count);
    picked->left_out = list->left_out;
    bool max = gauges.value == GAUGES_MAX && values;
    struct newest newest;
    bool ok = newest_start(&newest, list) && picked->uploads;
    if (ok && (gauges.value == GAUGES_MEAN || list->count == 0)) {
        pick_all(list, picked);
    } else if (ok && max && !gauges.summed) {
        picked->uploads[picked->count++] = list->uploads[largest_upload(list, values)];
    } else if (ok) {
        pick_moment(list, &newest, max ? largest_moment(list, &newest, values) : list->count - 1, picked);
    }
    newest_free(&newest);
    if (!ok) {
        upload_list_free(picked);
    }
    return ok;
}

static enum receiver_error take_type(void *type, struct sweep_file *file) {
    struct totals totals;
    enum merge_error error = totals_read(file->bytes, file->size, NULL, &totals, NULL);
    if (error == MERGE_OK) {
        return totals_find(&totals, type) ? RECEIVER_OK : RECEIVER_NOT_FOUND;
    }
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_OK;
}

// Of the readable ones.
static bool all_have(const struct gauges_source *source, const struct upload_list *picked, const char *type) {
    void *const parts[2] = {(void *)type, (void *)type};
    struct sweep_report report;
    return sweep_uploads(source->store, picked, source->attachment, take_type, parts, &report) == RECEIVER_OK && report.failed_count == 0;
}

// Those of the list, which the table is of, that have the type or cannot be read; all if none has the type. values has capacity for it.
static bool leave_out_lacking(const struct gauges_source *source, const struct upload_list *list, const char *type, double *values,
                              struct upload_list *having) {
    double *was_read = malloc((list->count + 1) * sizeof *was_read);
    *having = upload_list_like(list, list->count);
    having->left_out = list->left_out;
    bool ok = was_read && having->uploads, any = false;
    if (ok) {
        read_values(source->table, type, values);
        read_values(source->table, "", was_read);
    }
    for (size_t i = 0; ok && i < list->count; i++) {
        any |= !isnan(values[i]);
    }
    for (size_t i = 0; ok && i < list->count; i++) {
        if (!any || !isnan(values[i]) || isnan(was_read[i])) {
            having->uploads[having->count++] = list->uploads[i];
        }
    }
    free(was_read);
    return ok;
}

// If the newest ones have the type, as nearly always, no others are read.
static enum receiver_error pick_last(struct gauges_source *source, struct gauges gauges, const char *type, double *values,
                                     struct upload_list *picked) {
    struct upload_list having = {0};
    if (!pick(source->list, gauges, NULL, picked)) {
        return RECEIVER_NO_MEMORY;
    }
    if (!*type || all_have(source, picked, type)) {
        return RECEIVER_OK;
    }
    upload_list_free(picked);
    const struct upload_list newest = upload_list_newest(source->list);
    source->table = source->table ? source->table : table_read(source->store, &newest, source->attachment);
    bool ok = source->table && leave_out_lacking(source, &newest, type, values, &having) && pick(&having, gauges, NULL, picked);
    upload_list_free(&having);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

enum receiver_error gauges_pick(struct gauges_source *source, struct gauges gauges, const char *type, struct upload_list *picked) {
    double *values = calloc(source->list->count + 1, sizeof *values);
    enum receiver_error error = RECEIVER_NO_MEMORY;
    *picked = (struct upload_list){0};
    if (values && gauges.value == GAUGES_LAST) {
        error = pick_last(source, gauges, type, values, picked);
    } else if (values) {
        bool max = gauges.value == GAUGES_MAX;
        const struct upload_list newest = upload_list_newest(source->list);
        source->table = source->table || !max ? source->table : table_read(source->store, &newest, source->attachment);
        if (source->table) {
            read_values(source->table, type, values);
        }
        error = (source->table || !max) && pick(max ? &newest : source->list, gauges, values, picked) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    free(values);
    return error;
}
