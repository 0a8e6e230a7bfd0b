// upload_types.c: attachments and sample types of many uploads (upload_types.h).
#include "upload_types.h"
#include "../index/measures.h"
#include "rollup_sweep.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Attachments ----

static void count_name(struct upload_names *names, const char *text, size_t length, size_t uploads) {
    size_t at = 0;
    while (at < names->count && (strncmp(names->names[at].text, text, length) != 0 || names->names[at].text[length])) {
        at++;
    }
    if (at == UPLOAD_TYPES_MAX_NAMES || length > CATALOG_NAME_MAX_BYTES) {
        return;
    }
    if (at == names->count) {
        snprintf(names->names[at].text, sizeof names->names[at].text, "%.*s", (int)length, text);
        names->names[at].pprof = catalog_is_pprof(names->names[at].text);
        names->count++;
    }
    names->names[at].uploads += uploads;
}

static void count_names(void *context, const char *lines, size_t uploads) {
    for (const char *line = lines; *line;) {
        size_t length = strcspn(line, "\n");
        count_name(context, line, length, uploads);
        line += length + (line[length] == '\n');
    }
}

static int compare_names(const void *left, const void *right) {
    const struct upload_name *a = left, *b = right;
    if (a->uploads != b->uploads) {
        return a->uploads > b->uploads ? -1 : 1;
    }
    return strcmp(a->text, b->text);
}

enum receiver_error upload_types_read_names(struct catalog *catalog, const struct selection *selection, struct upload_names *names) {
    *names = (struct upload_names){0};
    enum receiver_error error = catalog_names(catalog, selection, UPLOAD_LIST_MAX, count_names, names);
    qsort(names->names, names->count, sizeof *names->names, compare_names);
    return error;
}

enum receiver_error upload_types_write_attachments(struct catalog *catalog, const struct selection *selection, struct json *json) {
    struct upload_names *names = malloc(sizeof *names);
    if (!names) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = upload_types_read_names(catalog, selection, names);
    json_key(json, "attachments");
    json_array_begin(json);
    for (size_t i = 0; i < names->count; i++) {
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, names->names[i].text);
        json_key(json, "uploads");
        json_number(json, (int64_t)names->names[i].uploads);
        json_key(json, "pprof");
        json_bool(json, names->names[i].pprof);
        json_key(json, "recording");
        json_bool(json, catalog_is_recording(names->names[i].text));
        json_object_end(json);
    }
    json_array_end(json);
    free(names);
    return error;
}

// ---- Types ----

struct part {
    struct type_sums sum;
    struct totals one;
};

static enum receiver_error take_totals(void *state, struct sweep_file *file) {
    struct part *part = state;
    struct merge_fault fault = {0};
    enum merge_error error = totals_read(file->bytes, file->size, NULL, &part->one, &fault);
    if (error == MERGE_OK) {
        type_sums_add(&part->sum, &part->one, NULL);
        file->duration_ns = part->one.duration_ns;
        return RECEIVER_OK;
    }
    snprintf(file->text, sizeof file->text, "not a readable profile: %.130s", *fault.text ? fault.text : merge_error_text(error));
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
}

// What decodes is not all that this reads: where a file could not be merged, each is asked.
static enum receiver_error take_rollup(void *state, struct rollup_taken *taken) {
    struct part *part = state;
    const struct rollup *rollup = taken->rollup;
    if (rollup->report.failed_count > 0) {
        return RECEIVER_BAD_UPLOAD;
    }
    type_sums_add(&part->sum, &rollup->sums.totals, rollup->sums.profiles);
    return RECEIVER_OK;
}

// both: two, zero-initialised; the sums are in the first.
static enum receiver_error sum_up(struct store *store, const struct upload_list *list, const char *attachment, struct part *both,
                                  struct sweep_report *report) {
    void *parts[2] = {&both[0], &both[1]};
    const struct rollup_sweep sweep = {
        .store = store, .list = list, .attachment = attachment, .most = ROLLUP_DAY, .most_files = UPLOAD_LIST_FILES};
    enum receiver_error error = rollup_sweep(&sweep, take_rollup, take_totals, parts, report);
    type_sums_add(&both[0].sum, &both[1].sum.totals, both[1].sum.profiles);
    return error;
}

static const char *chosen_name(const struct totals *totals, const char *wanted) {
    if (!wanted || !*wanted) {
        const struct totals_type *shown = totals_shown_type(totals);
        return shown ? shown->name : "";
    }
    bool is_index = !totals_find(totals, wanted) && strlen(wanted) <= 4 && wanted[strspn(wanted, "0123456789")] == '\0';
    size_t index = is_index ? (size_t)strtoul(wanted, NULL, 10) : SIZE_MAX;
    return index < totals->type_count ? totals->types[index].name : wanted;
}

static const char *gauge_name(const struct totals *totals, const char *wanted) {
    const char *chosen = chosen_name(totals, wanted);
    chosen = measure_is_gauge(chosen) ? chosen : chosen_name(totals, NULL);
    for (size_t i = 0; i < totals->type_count && !measure_is_gauge(chosen); i++) {
        chosen = totals->types[i].name;
    }
    return measure_is_gauge(chosen) ? chosen : "";
}

static enum receiver_error choose(struct store *store, const struct upload_list *list, const char *attachment, const char *wanted,
                                  const char *(*name_of)(const struct totals *, const char *), char *type, size_t size) {
    struct part *both = calloc(2, sizeof *both);
    struct sweep_report report = {0};
    if (!both) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = sum_up(store, list, attachment, both, &report);
    snprintf(type, size, "%s", name_of(&both[0].sum.totals, wanted));
    free(both);
    return error;
}

enum receiver_error upload_types_choose(struct store *store, const struct upload_list *list, const char *attachment, const char *wanted,
                                        char *type, size_t size) {
    return choose(store, list, attachment, wanted, chosen_name, type, size);
}

enum receiver_error upload_types_choose_gauge(struct store *store, const struct upload_list *list, const char *attachment,
                                              const char *wanted, char *type, size_t size) {
    return choose(store, list, attachment, wanted, gauge_name, type, size);
}

// The type's sums are those of the uploads that its value is taken from.
static enum receiver_error take_moment(struct store *store, const struct upload_list *picked, const char *attachment,
                                       struct type_sums *sums, size_t type) {
    struct part *both = calloc(2, sizeof *both);
    struct sweep_report report = {0};
    if (!both) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = sum_up(store, picked, attachment, both, &report);
    const struct totals_type *there = totals_find(&both[0].sum.totals, sums->totals.types[type].name);
    if (there) {
        sums->totals.types[type] = *there;
    } else {
        sums->totals.types[type].total = sums->totals.types[type].c_total = 0;
    }
    sums->profiles[type] = there ? both[0].sum.profiles[there - both[0].sum.totals.types] : 0;
    free(both);
    return error;
}

static enum receiver_error take_moments(struct store *store, const struct upload_list *list, const char *attachment, struct gauges gauges,
                                        struct type_sums *sums) {
    struct gauges_source source = {store, list, attachment, NULL};
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = 0; error == RECEIVER_OK && i < sums->totals.type_count; i++) {
        struct upload_list picked = {0};
        if (!measure_is_gauge(sums->totals.types[i].name)) {
            continue;
        }
        error = gauges_pick(&source, gauges, sums->totals.types[i].name, &picked);
        error = error == RECEIVER_OK ? take_moment(store, &picked, attachment, sums, i) : error;
        upload_list_free(&picked);
    }
    gauges_source_free(&source);
    return error;
}

enum receiver_error upload_types_write(struct store *store, const struct upload_list *list, const char *attachment, struct gauges gauges,
                                       bool *is_passing, struct json *json) {
    struct part *both = calloc(2, sizeof *both);
    struct sweep_report report = {0};
    double divisors[TOTALS_MAX_TYPES];
    if (!both) {
        return RECEIVER_NO_MEMORY;
    }
    struct type_sums *sums = &both[0].sum;
    enum receiver_error error = sum_up(store, list, attachment, both, &report);
    if (error == RECEIVER_OK && gauges.value != GAUGES_MEAN) {
        error = take_moments(store, list, attachment, gauges, sums);
    }
    report.gauges = (struct sweep_gauges){gauges, gauges_at_once(list), report.uploads};
    for (size_t i = 0; i < sums->totals.type_count; i++) {
        divisors[i] = sweep_gauge_divisor(&report, sums->profiles[i]);
    }
    *is_passing = report.is_passing;
    sweep_report_write(&report, json);
    json_key(json, "seconds");
    json_real(json, report.seconds);
    view_write_totals(&sums->totals, divisors, sums->profiles, json);
    free(both);
    return error;
}
