// report_file.c: profiles as one page in a file (report_file.h).
#include "report_file.h"
#include "../../base/utc.h"
#include "../../receiver/http/report_page.h"
#include "../../receiver/store/made_uploads.h"
#include "diagnostic.h"
#include "file_title.h"
#include "input.h"
#include "web_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_BYTES = 1000 };

static void write_time(struct json *json, const char *key, int64_t ns) {
    char text[UTC_TEXT_BYTES];
    utc_text(ns / 1000000, text);
    json_member_text(json, key, ns > 0 ? text : NULL);
}

// As /api/uploads/ID has it.
static void write_upload(size_t id, const char *service, const char *name, const struct profile *profile, struct json *json) {
    static const char *const unknown[] = {"env", "version", "host", "runtime", "language", "family"};
    int64_t start = profile_time_ns(profile), end = 0;
    if (start <= 0 || __builtin_add_overflow(start, profile_duration_ns(profile), &end)) {
        end = 0;
    }
    json_object_begin(json);
    json_member_number(json, "id", (int64_t)id);
    json_member_text(json, "received", "");
    json_member_text(json, "service", service);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        json_member_text(json, unknown[i], NULL);
    }
    write_time(json, "start", start);
    write_time(json, "end", end);
    json_key(json, "tags");
    json_array_begin(json);
    json_array_end(json);
    json_key(json, "attachments");
    json_array_begin(json);
    json_object_begin(json);
    json_member_text(json, "name", name);
    json_key(json, "pprof");
    json_bool(json, true);
    json_key(json, "recording");
    json_bool(json, false);
    json_object_end(json);
    json_array_end(json);
    json_object_end(json);
}

static int failed(const struct options *options, const char *path, enum receiver_error error) {
    return diagnostic_error(options->command, path ? input_name(path) : NULL, "%s",
                            error == RECEIVER_TOO_LARGE ? "the report would be larger than 256 MiB, or have more than a million frames"
                                                        : receiver_error_text(error));
}

int report_file_add(const struct options *options, struct report *report, size_t file, bool is_recording, struct profile *profile) {
    char name[CATALOG_NAME_MAX_BYTES + 1], selection[32], service[FILE_TITLE_BYTES];
    size_t id = report->side_count + 1;
    struct json upload = {0};
    made_upload_name(profile, name);
    if (profile_sample_type_index(profile, "resident_space") >= 0) { // the page knows causes and ages of memory by its file
        snprintf(name, sizeof name, "memory.pprof");
    } else if (is_recording) { // of more than its allocations
        snprintf(name, sizeof name, "recording.pprof");
    }
    write_upload(id, file_title(options->files, options->file_count, file, service), name, profile, &upload);
    snprintf(selection, sizeof selection, "ids=%zu", id);
    report_side(report, selection, &upload, 1);
    const struct report_source source = {.seconds = (double)profile_duration_ns(profile) / 1e9, .is_single = true};
    enum receiver_error error = report_profile(report, name, profile, &source);
    json_free(&upload);
    return error == RECEIVER_OK ? STATUS_DONE : failed(options, options->files[file], error);
}

int report_file_write(const struct options *options, struct report *report, const char *type, const char *title) {
    char address[ADDRESS_BYTES] = "/";
    struct json html = {0};
    if (report->side_count == 1) {
        snprintf(address, sizeof address, "/profile?ids=1");
        if (type) {
            web_address_add(address, sizeof address, "type", type);
        }
    }
    enum receiver_error error = report_page_write(report, address, title, &html);
    if (error != RECEIVER_OK) {
        return failed(options, NULL, error);
    }
    int status = output_write(options->command, options->output.path, html.bytes, html.size);
    json_free(&html);
    return status;
}
