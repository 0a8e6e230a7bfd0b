// metrics_labels.c: reads the files of metrics by labels (metrics_labels.h).
#include "metrics_labels.h"
#include "label_series.h"
#include "labels.h"
#include "timeline.h"
#include "upload_types.h"

#include <stdlib.h>
#include <string.h>

// Reads each attachment that has profiles of the uploads of a list. The report counts files, not uploads, and their failures.
static enum receiver_error sweep_all(struct store *store, const struct selection *selection, const struct upload_list *list,
                                     sweep_take take, void *const parts[2], struct sweep_report *report) {
    struct upload_names *names = malloc(sizeof *names);
    enum receiver_error error = names ? upload_types_read_names(store_catalog(store), selection, names) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; error == RECEIVER_OK && i < names->count; i++) {
        struct sweep_report one = {0};
        struct upload_list having = {0};
        if (!names->names[i].pprof && !catalog_is_recording(names->names[i].text)) {
            continue;
        }
        error = upload_list_read(store_catalog(store), selection, names->names[i].text, list->count, &having);
        having.flight = list->flight;
        having.stop = list->stop;
        error = error == RECEIVER_OK ? sweep_uploads(store, &having, names->names[i].text, take, parts, &one) : error;
        sweep_report_add(report, &one);
        upload_list_free(&having);
    }
    free(names);
    return error;
}

// ---- Series ----

static enum receiver_error take_series(void *part, struct sweep_file *file) {
    return label_series_add(part, file->upload->id, file->name, file->bytes, file->size, file->text, sizeof file->text);
}

// The newest of a list, at possible times.
static bool copy_newest(const struct upload_list *list, struct upload_list *newest) {
    const struct upload_list from = upload_list_newest(list);
    *newest = upload_list_like(list, from.count);
    if (newest->uploads && from.count > 0) {
        memcpy(newest->uploads, from.uploads, from.count * sizeof *from.uploads);
    }
    newest->count = from.count;
    newest->left_out = from.left_out;
    return newest->uploads;
}

static enum receiver_error read_series(struct store *store, const struct selection *selection, const struct upload_list *list,
                                       struct label_series *one, struct label_series *two, struct sweep_report *report) {
    void *const parts[2] = {one, two};
    enum receiver_error error = one && two ? sweep_all(store, selection, list, take_series, parts, report) : RECEIVER_NO_MEMORY;
    return error == RECEIVER_OK && !label_series_merge(one, two) ? RECEIVER_NO_MEMORY : error;
}

static enum receiver_error write_series(struct store *store, const struct selection *selection, const struct upload_list *list,
                                        const char *key, bool summed, struct json *json) {
    struct label_times times;
    struct sweep_report report = {0};
    enum receiver_error error = label_times_of(list, &times);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct label_series *one = label_series_new(key, &times), *two = label_series_new(key, &times);
    error = read_series(store, selection, list, one, two, &report);
    if (error == RECEIVER_OK) {
        report.uploads = list->count; // their files are counted as failures alone
        report.processes = sweep_count_processes(list);
        report.left_out = list->left_out;
        json_object_begin(json);
        sweep_report_write(&report, json);
        error = label_series_write(one, summed, json) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        json_object_end(json);
    }
    label_series_free(one);
    label_series_free(two);
    label_times_free(&times);
    return error;
}

enum receiver_error metrics_write_labels(struct store *store, const struct selection *selection, const struct upload_list *list,
                                         const char *key, bool summed, struct json *json) {
    struct upload_list newest;
    enum receiver_error error = copy_newest(list, &newest) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        newest.left_out += timeline_leave_out(&newest);
        error = write_series(store, selection, &newest, key, summed, json);
    }
    upload_list_free(&newest);
    return error;
}

// ---- Keys ----

static enum receiver_error take_keys(void *part, struct sweep_file *file) {
    struct profile *profile;
    enum receiver_error error = view_open(file->bytes, file->size, &profile, file->text, sizeof file->text);
    if (error == RECEIVER_OK) {
        error = labels_add_profile(part, profile) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        profile_free(profile);
    }
    return error;
}

enum receiver_error metrics_write_label_keys(struct store *store, const struct selection *selection, const struct upload_list *list,
                                             struct json *json) {
    struct sweep_report report = {0};
    struct labels *labels = labels_new(""), *second = labels_new("");
    void *const parts[2] = {labels, second};
    enum receiver_error error = labels && second ? sweep_all(store, selection, list, take_keys, parts, &report) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK && !labels_add_labels(labels, second)) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        json_member_number(json, "uploads_looked_at", (int64_t)list->count);
        json_member_number(json, "failed_count", (int64_t)report.failed_count);
        labels_write_keys(labels, json);
        json_object_end(json);
    }
    labels_free(labels);
    labels_free(second);
    return error;
}
