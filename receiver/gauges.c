// gauges.c: the uploads that a gauge's value comes of (gauges.h).
#include "gauges.h"
#include "measures.h"
#include "merged.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const gauges_names[] = {"mean", "last", "max", NULL};

// ---- Processes at once ----

double gauges_at_once(const struct merged_list *list) {
    double covered = 0, lies_in = 0;
    int64_t end_ms = INT64_MIN;
    for (size_t i = 0; i < list->count; i++) { // oldest first
        const struct merged_upload *upload = &list->uploads[i];
        if (upload->end_ms <= upload->start_ms) {
            continue;
        }
        int64_t from_ms = upload->start_ms > end_ms ? upload->start_ms : end_ms;
        covered += (double)(upload->end_ms - upload->start_ms);
        lies_in += upload->end_ms > from_ms ? (double)(upload->end_ms - from_ms) : 0;
        end_ms = upload->end_ms > end_ms ? upload->end_ms : end_ms;
    }
    return lies_in > 0 && covered > lies_in ? covered / lies_in : 1;
}

// ---- What each upload has ----

struct entry {
    size_t upload;
    char type[TOTALS_MAX_NAME];
    double total;
};
struct part {
    const struct merged_list *list;
    struct entry *entries;
    size_t count, capacity;
    struct totals one;
};
struct gauges_table {
    struct part parts[2];
    size_t uploads;
};

static bool add_entry(struct part *part, size_t upload, const struct totals_type *type) {
    if (part->count == part->capacity) {
        size_t capacity = part->capacity ? 2 * part->capacity : 64;
        struct entry *grown = realloc(part->entries, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        part->entries = grown;
        part->capacity = capacity;
    }
    struct entry *entry = &part->entries[part->count++];
    *entry = (struct entry){.upload = upload, .total = (double)type->total};
    memcpy(entry->type, type->name, sizeof entry->type);
    return true;
}

static enum receiver_error take_gauges(void *state, struct merged_file *file) {
    struct part *part = state;
    enum merge_error error = totals_read(file->bytes, file->size, NULL, &part->one, NULL);
    if (error != MERGE_OK) {
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD; // has no value; who shows it says why
    }
    for (size_t i = 0; i < part->one.type_count; i++) {
        if (measure_is_gauge(part->one.types[i].name) &&
            !add_entry(part, (size_t)(file->upload - part->list->uploads), &part->one.types[i])) {
            return RECEIVER_NO_MEMORY;
        }
    }
    return RECEIVER_OK;
}

struct gauges_table *gauges_table_read(struct store *store, const struct merged_list *list, const char *attachment) {
    struct gauges_table *table = calloc(1, sizeof *table);
    struct merged_report report;
    if (!table) {
        return NULL;
    }
    table->uploads = list->count;
    table->parts[0].list = table->parts[1].list = list;
    void *parts[2] = {&table->parts[0], &table->parts[1]};
    if (merged_sweep(store, list, attachment, take_gauges, parts, &report) != RECEIVER_OK) {
        gauges_table_free(table);
        return NULL;
    }
    return table;
}

void gauges_table_free(struct gauges_table *table) {
    if (table) {
        free(table->parts[0].entries);
        free(table->parts[1].entries);
    }
    free(table);
}

// Of each upload; NAN: it has none.
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

// ---- Choice ----

// The newest upload of each process, as one goes through the list.
struct newest {
    size_t *uploads; // index in the list, by process
    size_t *process; // of each upload
    size_t count;    // of processes
};

static int compare_processes(const void *left, const void *right, void *context) {
    const struct merged_list *list = context;
    uint64_t a = list->uploads[*(const size_t *)left].process, b = list->uploads[*(const size_t *)right].process;
    return a < b ? -1 : a > b;
}

static bool newest_start(struct newest *newest, const struct merged_list *list) {
    size_t *order = malloc((list->count + 1) * sizeof *order);
    *newest = (struct newest){malloc((list->count + 1) * sizeof *newest->uploads), malloc((list->count + 1) * sizeof *newest->process), 0};
    bool ok = order && newest->uploads && newest->process;
    for (size_t i = 0; ok && i < list->count; i++) {
        order[i] = i;
    }
    if (ok) {
        qsort_r(order, list->count, sizeof *order, compare_processes, (void *)list);
    }
    for (size_t i = 0; ok && i < list->count; i++) {
        newest->count += i == 0 || list->uploads[order[i]].process != list->uploads[order[i - 1]].process;
        newest->process[order[i]] = newest->count - 1;
        newest->uploads[newest->count - 1] = SIZE_MAX;
    }
    free(order);
    return ok;
}

static void newest_free(struct newest *newest) {
    free(newest->uploads);
    free(newest->process);
}

// Whether the upload is the newest of its process, and there at the start of a later one.
static bool is_there(const struct merged_list *list, const struct newest *newest, size_t upload, size_t later) {
    const struct merged_upload *one = &list->uploads[upload], *other = &list->uploads[later];
    return newest->uploads[newest->process[upload]] == upload && (one->end_ms > other->start_ms || one->start_ms == other->start_ms);
}

static void go_to(struct newest *newest, size_t upload) {
    newest->uploads[newest->process[upload]] = upload;
}

static size_t largest_upload(const struct merged_list *list, const double *values) {
    size_t best = list->count - 1;
    for (size_t i = list->count; i-- > 0;) {
        if (!isnan(values[i]) && (isnan(values[best]) || values[i] > values[best])) {
            best = i;
        }
    }
    return best;
}

// The upload at whose start all that are there have most together.
static size_t largest_moment(const struct merged_list *list, struct newest *newest, const double *values) {
    size_t best = list->count - 1;
    double most = -INFINITY;
    for (size_t at = 0; at < list->count; at++) {
        double sum = 0;
        go_to(newest, at);
        for (size_t i = 0; i < newest->count; i++) {
            size_t upload = newest->uploads[i];
            sum += upload != SIZE_MAX && is_there(list, newest, upload, at) && !isnan(values[upload]) ? values[upload] : 0;
        }
        if (sum >= most) {
            most = sum;
            best = at;
        }
    }
    return best;
}

static void pick_moment(const struct merged_list *list, struct newest *newest, size_t at, struct merged_list *picked) {
    memset(newest->uploads, 0xFF, newest->count * sizeof *newest->uploads); // SIZE_MAX
    for (size_t i = 0; i <= at; i++) {
        go_to(newest, i);
    }
    for (size_t i = 0; i <= at; i++) {
        if (is_there(list, newest, i, at)) {
            picked->uploads[picked->count++] = list->uploads[i];
        }
    }
}

static void pick_all(const struct merged_list *list, struct merged_list *picked) {
    for (size_t i = 0; i < list->count; i++) {
        picked->uploads[picked->count++] = list->uploads[i];
    }
}

enum receiver_error gauges_pick(const struct merged_list *list, struct gauges gauges, const struct gauges_table *table, const char *type,
                                struct merged_list *picked) {
    *picked = (struct merged_list){malloc((list->count + 1) * sizeof *picked->uploads), 0, list->left_out};
    struct newest newest;
    double *values = table ? malloc((list->count + 1) * sizeof *values) : NULL;
    bool ok = newest_start(&newest, list) && picked->uploads && (values || !table);
    if (ok && values) {
        read_values(table, type, values);
    }
    if (ok && (gauges.value == GAUGES_MEAN || list->count == 0)) {
        pick_all(list, picked);
    } else if (ok && gauges.value == GAUGES_MAX && !gauges.summed) {
        picked->uploads[picked->count++] = list->uploads[largest_upload(list, values)];
    } else if (ok) {
        pick_moment(list, &newest, gauges.value == GAUGES_MAX ? largest_moment(list, &newest, values) : list->count - 1, picked);
    }
    newest_free(&newest);
    free(values);
    if (!ok) {
        merged_list_free(picked);
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
