// sweep.c: reads the attachments of many uploads on two threads (sweep.h).
#include "sweep.h"
#include "../../base/saturated.h"
#include "../base/read_exact.h"
#include "../index/recording_conversion.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Fewer are read faster than a thread starts.
enum { MIN_FOR_TWO = 4 };

struct half {
    struct store *store;
    const struct upload_list *list; // the whole one
    const struct listed_upload *uploads;
    size_t count;
    const char *const *names;
    size_t name_count;
    sweep_take take;
    void *part;
    bool as_received;
    struct sweep_report report;
    enum receiver_error error;
    struct merge_budget *budget; // of the thread that calls
    char *bytes;                 // buffer for the attachment being read, reused
    size_t capacity;
};

static void drop_bytes(struct half *half) {
    free(half->bytes);
    half->bytes = NULL;
    merge_budget_give(half->capacity);
    half->capacity = 0;
}

static enum receiver_error read_all(struct half *half, int file, size_t size) {
    if (size + 1 > half->capacity) {
        drop_bytes(half);
        if (!merge_budget_take(size + 1)) {
            return RECEIVER_NO_MEMORY;
        }
        half->capacity = size + 1;
        if (!(half->bytes = malloc(size + 1))) {
            return RECEIVER_NO_MEMORY;
        }
    }
    return read_exact(file, half->bytes, size);
}

void sweep_report_cover(struct sweep_report *report, int64_t ns) {
    saturated_add(&report->covered_ns, ns);
    report->seconds = (double)report->covered_ns / 1e9;
}

void sweep_report_add_failures(struct sweep_report *report, int64_t id, size_t uploads, size_t name, const char *reason) {
    size_t at = 0;
    report->failed_count += uploads;
    while (at < report->reasons && (report->failed[at].name != name || strcmp(report->failed[at].reason, reason) != 0)) {
        at++;
    }
    if (at == SWEEP_MAX_FAILED) {
        return;
    }
    if (at == report->reasons) {
        report->reasons++;
        report->failed[at].id = id;
        report->failed[at].uploads = 0;
        report->failed[at].name = name;
        snprintf(report->failed[at].reason, sizeof report->failed[at].reason, "%s", reason);
    }
    report->failed[at].id = id < report->failed[at].id ? id : report->failed[at].id;
    report->failed[at].uploads += uploads;
}

// Damage stays; any other cause may pass.
static void note_unread(struct sweep_report *report, enum receiver_error error) {
    if (error != RECEIVER_OK && (error != RECEIVER_DAMAGED || report->unread == RECEIVER_OK)) {
        report->unread = error;
    }
}

// Go's clients send the length of the CPU profile as that of the event, which may be only a part of the period. So for a delta, as for the
// CPU profile, the profile's own duration is better; in other profiles it varies.
static int64_t covered_ns(const char *name, const struct sweep_file *file) {
    bool knows = strncmp(name, "delta-", 6) == 0 || strcmp(name, "cpu.pprof") == 0;
    if (knows && file->duration_ns > 0) {
        return file->duration_ns;
    }
    int64_t ns;
    bool is_long = __builtin_mul_overflow(file->upload->end_ms - file->upload->start_ms, 1000000, &ns);
    return file->upload->end_ms <= file->upload->start_ms ? 0 : is_long ? INT64_MAX : ns;
}

// The profile that is made of a recording.
static enum receiver_error take_recording(struct half *half, struct sweep_file *taken) {
    struct conversion recording;
    const struct conversion_key key = {taken->upload->id, taken->name, half->list->with_times ? CONVERSION_STEP_NS : 0};
    enum receiver_error error =
        conversion_of(store_conversions(half->store), &key, taken->bytes, taken->size, &recording, taken->text, sizeof taken->text);
    if (error == RECEIVER_OK) {
        taken->bytes = recording.profile;
        taken->size = recording.profile_size;
        error = half->take(half->part, taken);
        conversion_free(&recording);
    }
    return error;
}

static void take_one(struct half *half, const struct listed_upload *upload) {
    struct catalog_attachment attachment;
    struct sweep_file taken = {.upload = upload};
    int file = -1;
    size_t name = 0;
    enum receiver_error error = RECEIVER_NOT_FOUND;
    for (size_t i = 0; error == RECEIVER_NOT_FOUND && i < half->name_count; i++) {
        name = i;
        error = store_read(half->store, upload->id, half->names[i], false, &attachment, &file);
    }
    if (error == RECEIVER_NOT_FOUND) {
        return; // it has none, or retention has removed it
    }
    if (error == RECEIVER_OK) {
        error = read_all(half, file, (size_t)attachment.size_bytes);
        close(file);
    }
    note_unread(&half->report, error);
    if (error == RECEIVER_OK) {
        taken.name = half->names[name];
        taken.bytes = half->bytes;
        taken.size = (size_t)attachment.size_bytes;
        bool recording = !half->as_received && catalog_is_recording(half->names[name]);
        error = recording ? take_recording(half, &taken) : half->take(half->part, &taken);
    }
    if (error == RECEIVER_OK) {
        half->report.uploads++;
        sweep_report_cover(&half->report, covered_ns(half->names[name], &taken));
    } else if (error == RECEIVER_NO_MEMORY || error == RECEIVER_CLIENT_GONE) {
        half->error = error;
    } else {
        sweep_report_add_failures(&half->report, upload->id, 1, name, *taken.text ? taken.text : receiver_error_text(error));
    }
}

static void *run(void *state) {
    struct half *half = state;
    struct merge_budget *before = merge_use_budget(half->budget);
    for (size_t i = 0; i < half->count && half->error == RECEIVER_OK; i++) {
        if (upload_list_is_wanted(half->list)) {
            take_one(half, &half->uploads[i]);
        } else {
            half->error = RECEIVER_CLIENT_GONE;
        }
    }
    drop_bytes(half);
    merge_use_budget(before);
    return NULL;
}

void sweep_report_add(struct sweep_report *report, const struct sweep_report *other) {
    report->uploads += other->uploads;
    sweep_report_cover(report, other->covered_ns);
    note_unread(report, other->unread);
    size_t named = 0;
    for (size_t i = 0; i < other->reasons; i++) {
        named += other->failed[i].uploads;
        sweep_report_add_failures(report, other->failed[i].id, other->failed[i].uploads, other->failed[i].name, other->failed[i].reason);
    }
    report->failed_count += other->failed_count - named;
}

static int compare_processes(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

size_t sweep_count_processes(const struct upload_list *list) {
    uint64_t *processes = malloc((list->count + 1) * sizeof *processes);
    size_t count = 0;
    for (size_t i = 0; processes && i < list->count; i++) {
        processes[i] = list->uploads[i].process;
    }
    if (processes && list->count > 0) {
        qsort(processes, list->count, sizeof *processes, compare_processes);
    }
    for (size_t i = 0; processes && i < list->count; i++) {
        count += i == 0 || processes[i] != processes[i - 1];
    }
    free(processes);
    return count;
}

static enum receiver_error sweep(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                 bool as_received, sweep_take take, void *const parts[2], struct sweep_report *report) {
    size_t first = parts[1] && list->count >= MIN_FOR_TWO ? list->count - list->count / 2 : list->count;
    struct half one = {.store = store,
                       .list = list,
                       .uploads = list->uploads,
                       .count = first,
                       .names = names,
                       .name_count = name_count,
                       .take = take,
                       .part = parts[0],
                       .as_received = as_received,
                       .budget = merge_budget_in_use()};
    struct half two = one;
    two.count = list->count - first;
    two.uploads = two.count > 0 ? list->uploads + first : NULL;
    two.part = parts[1];
    pthread_t thread;
    bool started = two.count > 0 && pthread_create(&thread, NULL, run, &two) == 0;
    run(&one);
    if (started) {
        pthread_join(thread, NULL);
    } else if (two.count > 0) {
        run(&two);
    }
    *report = one.report;
    report->left_out = list->left_out;
    report->processes = sweep_count_processes(list);
    sweep_report_add(report, &two.report);
    return one.error != RECEIVER_OK ? one.error : two.error;
}

enum receiver_error sweep_uploads_any(struct store *store, const struct upload_list *list, const char *const *names, size_t name_count,
                                      sweep_take take, void *const parts[2], struct sweep_report *report) {
    return sweep(store, list, names, name_count, false, take, parts, report);
}

enum receiver_error sweep_uploads_as_received(struct store *store, const struct upload_list *list, const char *const *names,
                                              size_t name_count, sweep_take take, void *const parts[2], struct sweep_report *report) {
    return sweep(store, list, names, name_count, true, take, parts, report);
}

enum receiver_error sweep_uploads(struct store *store, const struct upload_list *list, const char *attachment, sweep_take take,
                                  void *const parts[2], struct sweep_report *report) {
    return sweep_uploads_any(store, list, &attachment, 1, take, parts, report);
}

size_t sweep_profiles_of(const struct sweep_type_counts *counts, const char *type) {
    for (size_t i = 0; i < counts->count; i++) {
        if (strncmp(counts->types[i].name, type, TOTALS_MAX_NAME - 1) == 0) {
            return counts->types[i].profiles;
        }
    }
    return 0;
}

double sweep_gauge_divisor(const struct sweep_report *report, size_t profiles) {
    const struct sweep_gauges *gauges = &report->gauges;
    double at_once = gauges->at_once > 1 ? gauges->at_once : 1;
    double divisor = !gauges->of.summed ? (double)profiles : gauges->of.value != GAUGES_MEAN ? 1 : (double)report->uploads / at_once;
    return divisor > 1 ? divisor : 1;
}

void sweep_report_set_gauges(struct sweep_report *report, const struct upload_list *list, struct sweep_gauges gauges, size_t with_type) {
    report->with_type = with_type;
    report->gauges = gauges;
    if (gauges.of.value == GAUGES_MEAN) {
        report->gauges.chosen_of = gauges.of.summed || with_type == 0 ? report->uploads : with_type;
    } else if (gauges.chosen_of == 0) { // not all were read
        report->gauges.chosen_of = list->count - report->failed_count;
    }
}

void sweep_report_write(const struct sweep_report *report, struct json *json) {
    json_key(json, "uploads");
    json_number(json, (int64_t)report->uploads);
    if (report->with_type > 0) {
        json_key(json, "uploads_with_type");
        json_number(json, (int64_t)report->with_type);
    }
    json_key(json, "processes");
    json_number(json, (int64_t)report->processes);
    json_key(json, "uploads_left_out");
    json_number(json, (int64_t)report->left_out);
    json_key(json, "failed_count");
    json_number(json, (int64_t)report->failed_count);
    json_key(json, "failed");
    json_array_begin(json);
    for (size_t i = 0; i < report->reasons; i++) {
        json_object_begin(json);
        json_key(json, "id");
        json_number(json, report->failed[i].id);
        json_key(json, "uploads");
        json_number(json, (int64_t)report->failed[i].uploads);
        json_key(json, "reason");
        json_text(json, report->failed[i].reason);
        json_object_end(json);
    }
    json_array_end(json);
    if (report->gauges.chosen_of > 0) {
        json_key(json, "gauges");
        json_object_begin(json);
        json_key(json, "value");
        json_text(json, gauges_names[report->gauges.of.value]);
        json_key(json, "summed");
        json_bool(json, report->gauges.of.summed);
        json_key(json, "processes_at_once");
        json_real(json, report->gauges.at_once);
        json_key(json, "uploads");
        json_number(json, (int64_t)report->gauges.chosen_of);
        json_object_end(json);
    }
}
