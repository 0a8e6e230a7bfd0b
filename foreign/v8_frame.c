// v8_frame.c: frames of V8's profiles (v8_frame.h).
#include "v8_frame.h"

#include <stdlib.h>

struct frame {
    char *name, *url;
    double line, column; // from 0; -1: unknown
};

static bool keep(struct reading *reading, struct json_scan *scan, char **copy) {
    struct span text;
    if (!json_scan_text_or_skip(scan, &text)) {
        return !scan->fault;
    }
    free(*copy);
    *copy = strndup(text.at, text.size);
    return *copy || reading_no_memory(reading);
}

static bool read_members(struct reading *reading, struct json_scan *scan, struct frame *frame) {
    struct span key;
    bool ok = json_scan_object(scan);
    while (ok && json_scan_member(scan, &key)) {
        if (span_is(key, "functionName")) {
            ok = keep(reading, scan, &frame->name);
        } else if (span_is(key, "url")) {
            ok = keep(reading, scan, &frame->url);
        } else if (span_is(key, "lineNumber")) {
            json_scan_number_or_skip(scan, &frame->line);
        } else if (span_is(key, "columnNumber")) {
            json_scan_number_or_skip(scan, &frame->column);
        } else {
            json_scan_skip(scan);
        }
    }
    return ok && !scan->fault;
}

static int64_t from_one(double number) {
    return number >= 0 && number < 1e9 ? (int64_t)number + 1 : 0;
}

bool v8_frame_read(struct reading *reading, struct json_scan *scan, uint32_t *location) {
    struct frame frame = {.line = -1, .column = -1};
    bool ok = read_members(reading, scan, &frame);
    *location = 0;
    if (ok && !(frame.name && strcmp(frame.name, "(root)") == 0)) {
        const char *url = frame.url ? frame.url : "";
        struct span name = {frame.name && *frame.name ? frame.name : "(anonymous)", 0};
        name.size = strlen(name.at);
        struct profile_line line = {.line = from_one(frame.line), .column = from_one(frame.column)};
        line.function = reading_function(reading, name, strncmp(url, "file:///", 8) == 0 ? url + 7 : url, line.line);
        *location = line.function ? profile_add_location(reading->profile, 0, 0, &line, 1) : 0;
        ok = *location != 0 || reading_no_memory(reading);
    }
    free(frame.name);
    free(frame.url);
    return ok;
}
