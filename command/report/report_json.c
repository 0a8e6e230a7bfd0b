// report_json.c: see report_json.h.
#include "report_json.h"
#include "../base/text.h"

void report_json_frame(const struct profile_frame *frame, enum frame_by by, struct json *json) {
    char name[TEXT_NAME_BYTES];
    size_t length;
    if (frame->label) {
        json_member_text(json, "name", frame->function);
        json_member_text(json, "label", frame->file);
        return;
    }
    json_key(json, "name");
    if (by == FRAME_BY_PACKAGE) {
        const char *package = frame_package(frame, &length);
        json_text_n(json, package, length);
    } else if (by == FRAME_BY_FILE) {
        json_text(json, *frame->file ? frame->file : frame->mapping_file);
    } else {
        json_text(json, *frame->function ? frame->function : text_frame(frame, name));
    }
    if (by == FRAME_BY_FUNCTION || by == FRAME_BY_LINE) {
        json_member_text(json, "file", frame->file);
    }
    if (by == FRAME_BY_LINE) {
        json_member_number(json, "line", frame->line);
    }
}

enum merge_error report_json_put(struct json *json, FILE *out) {
    bool failed = json_failed(json);
    if (!failed) {
        fwrite(json->bytes, 1, json->size, out);
        fputc('\n', out);
    }
    json_free(json);
    return failed ? MERGE_NO_MEMORY : MERGE_OK;
}
