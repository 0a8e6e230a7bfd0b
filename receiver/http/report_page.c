// report_page.c: a report as one HTML file (report_page.h).
#include "report_page.h"
#include "../../base/base64.h"
#include "../../merge/compress.h"
#include "assets.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL = 9 };

// The data, compressed, into out.
static enum receiver_error compress(struct report *report, const char *address, const char *title, struct wire_writer *out) {
    struct json json = {0};
    struct compress gzip = {0};
    enum receiver_error error = report_write(report, address, title, &json);
    if (error == RECEIVER_OK && compress_deflate(&gzip, MERGE_GZIP, LEVEL, (const uint8_t *)json.bytes, json.size, out) != MERGE_OK) {
        error = RECEIVER_NO_MEMORY;
    }
    compress_free(&gzip);
    json_free(&json);
    return error;
}

static char *put(char *at, const void *bytes, const void *end) {
    size_t size = (size_t)((const char *)end - (const char *)bytes);
    memcpy(at, bytes, size);
    return at + size;
}

// The frame of the file has marks where its parts belong (web/report.html). The data are last: of a file that is cut short the rest can say
// so.
static enum receiver_error assemble(const struct wire_writer *data, struct json *html) {
    static const char style_mark[] = "<!--style-->", data_mark[] = "<!--data-->", script_mark[] = "<!--script-->";
    const struct asset *style = asset_find("/page.css"), *script = asset_script_of_reports();
    const char *frame = asset_report(), *end = frame + strlen(frame);
    const char *style_at = strstr(frame, style_mark), *script_at = strstr(style_at, script_mark), *data_at = strstr(script_at, data_mark);
    size_t encoded = base64_size(data->size), assets = (size_t)(style->end - style->bytes) + (size_t)(script->end - script->bytes);
    size_t size = (size_t)(end - frame) - strlen(style_mark) - strlen(data_mark) - strlen(script_mark) + assets + encoded;
    char *bytes = size <= JSON_MAX_BYTES ? malloc(size) : NULL;
    if (!bytes) {
        return size <= JSON_MAX_BYTES ? RECEIVER_NO_MEMORY : RECEIVER_TOO_LARGE;
    }
    char *at = put(bytes, frame, style_at);
    at = put(at, style->bytes, style->end);
    at = put(at, style_at + strlen(style_mark), script_at);
    at = put(at, script->bytes, script->end);
    at = put(at, script_at + strlen(script_mark), data_at);
    base64_write(data->bytes, data->size, at);
    put(at + encoded, data_at + strlen(data_mark), end);
    *html = (struct json){.bytes = bytes, .size = size, .capacity = size};
    return RECEIVER_OK;
}

enum receiver_error report_page_write(struct report *report, const char *address, const char *title, struct json *html) {
    struct wire_writer data = {0};
    enum receiver_error error = compress(report, address, title, &data);
    error = error == RECEIVER_OK ? assemble(&data, html) : error;
    wire_free(&data);
    return error;
}
