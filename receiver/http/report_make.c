// report_make.c: a report of a selection (report_make.h).
#include "report_make.h"
#include "../views/metrics.h"
#include "../views/owners.h"
#include "../views/upload_types.h"
#include "report_page.h"
#include "view_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As the page decides it (receiver/web/src/lib/selection.ts): the only one that it can mean, by its id.
static bool is_one_upload(const struct selection *selection) {
    return selection->id_count == 1 && selection->value_count == 0 && !selection->text && selection->from_ms == INT64_MIN &&
           selection->to_ms == INT64_MAX;
}

// The uploads of the request become those with the attachment; NULL: all.
static enum receiver_error list_uploads(struct view_request *request, const struct selection *selection, const char *attachment,
                                        size_t most) {
    struct flight *flight = request->list.flight;
    bool with_times = request->list.with_times;
    upload_list_free(&request->list);
    request->attachment = attachment;
    enum receiver_error error = upload_list_read(store_catalog(request->api->store), selection, attachment, most, &request->list);
    request->list.flight = flight;
    request->list.with_times = with_times;
    return error == RECEIVER_OK ? view_request_group(request, &request->list) : error;
}

// ---- Profiles ----

static enum receiver_error take_profile(void *part, struct sweep_file *file) {
    return view_open(file->bytes, file->size, part, file->text, sizeof file->text);
}

// Of one upload, as it came: with all of its labels.
static enum receiver_error read_one(struct view_request *request, struct profile **profile, struct sweep_report *report) {
    void *const parts[2] = {profile, NULL};
    *profile = NULL;
    enum receiver_error error = sweep_uploads(request->api->store, &request->list, request->attachment, take_profile, parts, report);
    if (error == RECEIVER_OK && !*profile) {
        snprintf(request->answer.text, sizeof request->answer.text, "%s",
                 report->reasons > 0 ? report->failed[0].reason : "it cannot be read any more");
        return RECEIVER_BAD_UPLOAD;
    }
    return error == RECEIVER_OK ? view_name(profile, store_symbols(request->api->store)) : error;
}

// A profile that cannot be read is said in the report, and ends it only where the receiver is at its limits.
static enum receiver_error add_profile(struct view_request *request, struct report *report, const char *name, bool one) {
    struct profile *profile;
    struct sweep_report sweep = {0};
    enum receiver_error error = one ? read_one(request, &profile, &sweep) : view_make_profile(request, &profile, &sweep);
    if (error == RECEIVER_OK) {
        const struct report_source source = {.seconds = sweep.seconds,
                                             .merged = one ? NULL : &sweep,
                                             .pairs = request->api->pairs,
                                             .is_single = owners_is_single(&sweep, name),
                                             .filter = &request->filter};
        error = report_profile(report, name, profile, &source);
        profile_free(profile);
    } else if (error == RECEIVER_BAD_UPLOAD || error == RECEIVER_NOT_FOUND || error == RECEIVER_TOO_LARGE) {
        report_fault(report, name, *request->answer.text ? request->answer.text : receiver_error_text(error));
        *request->answer.text = '\0';
        error = RECEIVER_OK;
    }
    return error;
}

// The tab Memory shows the last of each process, whatever the others show.
static enum receiver_error add_last(struct view_request *request, struct report *report, const char *name) {
    struct gauges gauges = request->gauges;
    if (strcmp(name, "memory.pprof") != 0 || gauges.value == GAUGES_LAST) {
        return RECEIVER_OK;
    }
    request->gauges.value = GAUGES_LAST;
    enum receiver_error error = add_profile(request, report, name, false);
    request->gauges = gauges;
    return error;
}

static enum receiver_error add_profiles(struct view_request *request, struct report *report, const struct selection *selection, bool one) {
    struct upload_names *names = malloc(sizeof *names);
    enum receiver_error error = names ? upload_types_read_names(store_catalog(request->api->store), selection, names) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; error == RECEIVER_OK && i < names->count; i++) {
        const char *name = names->names[i].text;
        if (!names->names[i].pprof && !catalog_is_recording(name)) {
            continue;
        }
        error = list_uploads(request, selection, name, UPLOAD_LIST_MAX);
        if (error == RECEIVER_OK && request->list.count > 0) {
            error = add_profile(request, report, name, one);
            error = error == RECEIVER_OK && !one ? add_last(request, report, name) : error;
        }
    }
    request->attachment = NULL; // names are freed
    free(names);
    return error;
}

static enum receiver_error add_side(struct view_request *request, struct report *report, const struct selection *selection,
                                    const struct upload_list *all) {
    struct json upload = {0};
    bool one = is_one_upload(selection);
    enum receiver_error error = one ? catalog_describe(store_catalog(request->api->store), selection->ids[0], &upload) : RECEIVER_OK;
    report_side(report, NULL, one ? &upload : NULL, all->count + all->left_out);
    error = error == RECEIVER_OK ? add_profiles(request, report, selection, one) : error;
    json_free(&upload);
    return error;
}

// ---- Answers ----

static enum receiver_error add_answer(struct view_request *request, struct report *report, enum view_kind kind, const char *path) {
    struct json json = {0};
    request->is_file = false; // the answer itself
    enum receiver_error error = view_make(request, kind, &json);
    request->is_file = true;
    if (error == RECEIVER_OK) {
        report_answer(report, path, &json);
    }
    json_free(&json);
    return error;
}

// Growth is of one choice of samples, which the page asks for by this name (receiver/web/src/report/answers.ts).
static char *growth_path(const struct view_request *request) {
    static const char *const memory[] = {[VIEW_ALL] = "", [VIEW_C] = "C", [VIEW_GO] = "Go"};
    static const char *const owner[] = {[VIEW_ANYONES] = "", [VIEW_PROGRAMS] = "program", [VIEW_PROFILERS] = "cmemprof"};
    const struct view_filter *filter = &request->filter;
    char *path = NULL;
    size_t size;
    FILE *out = open_memstream(&path, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "/api/growth\n%s\n%s\n%s\n%s\n%s", request->report.grows, request->type ? request->type : "", memory[filter->memory],
            owner[filter->owner], filter->group_by ? filter->group_by : "");
    for (size_t i = 0; i < filter->label_count; i++) {
        fprintf(out, "\n%s:%s", filter->labels[i].key, filter->labels[i].text);
    }
    if (fclose(out) != 0) {
        free(path);
        path = NULL;
    }
    return path;
}

static enum receiver_error add_growth(struct view_request *request, struct report *report) {
    char *path = growth_path(request);
    enum receiver_error error =
        path ? list_uploads(request, &request->selection, request->report.grows, UPLOAD_LIST_MAX) : RECEIVER_NO_MEMORY;
    error = error == RECEIVER_OK ? add_answer(request, report, VIEW_GROWTH, path) : error;
    free(path);
    return error;
}

// Its charts have one line, the mean unless the request says otherwise.
static enum receiver_error add_metrics(struct view_request *request, struct report *report) {
    const char *tag = request->tag;
    struct gauges gauges = request->gauges;
    request->tag = NULL;
    request->gauges.summed &= !request->sums_by_tag;
    enum receiver_error error = add_answer(request, report, VIEW_METRICS, "/api/metrics");
    request->tag = tag;
    request->gauges = gauges;
    return error;
}

static enum receiver_error add_answers(struct view_request *request, struct report *report) {
    enum receiver_error error = list_uploads(request, &request->selection, NULL, METRICS_MAX_UPLOADS);
    error = error == RECEIVER_OK ? add_metrics(request, report) : error;
    error = error == RECEIVER_OK ? add_answer(request, report, VIEW_ANALYSIS, "/api/analysis") : error;
    return error == RECEIVER_OK && request->report.grows ? add_growth(request, report) : error;
}

enum receiver_error report_make(struct view_request *request, struct json *html) {
    struct report report = {0};
    const struct upload_list all = {.count = request->list.count, .left_out = request->list.left_out};
    enum receiver_error error = add_side(request, &report, &request->selection, &all);
    if (error == RECEIVER_OK && request->report.two_sides) {
        error = add_side(request, &report, &request->base_selection, &request->base);
    }
    error = error == RECEIVER_OK ? add_answers(request, &report) : error;
    error = error == RECEIVER_OK ? report_page_write(&report, request->report.address, request->report.title, html) : error;
    report_free(&report);
    return error;
}
