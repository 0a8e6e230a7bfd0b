// export.c: profiles as files of other tools (export.h).
#include "export.h"
#include "../../otlp/otlp.h"

#include <stdlib.h>
#include <string.h>

const char *const export_names[EXPORT_FORMATS + 1] = {"pprof", "otlp", "folded", "speedscope", "json", "csv", "svg", NULL};

enum export_format export_named(const char *name) {
    enum export_format format = 0;
    while (format < EXPORT_FORMATS && strcmp(name, export_names[format]) != 0) {
        format++;
    }
    return format;
}

bool export_is_of_type(enum export_format format) {
    return format != EXPORT_PPROF && format != EXPORT_OTLP;
}

const char *export_suffix(enum export_format format) {
    static const char *const suffixes[EXPORT_FORMATS] = {".pprof", ".otlp", ".folded", ".speedscope.json", ".json", ".csv", ".svg"};
    return suffixes[format];
}

static enum receiver_error error_of(enum merge_error error) {
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
}

// ---- Whole profiles ----

static enum receiver_error write_pprof(struct profile *profile, struct json *file) {
    uint8_t *bytes;
    size_t size;
    enum merge_error error = profile_encode(profile, MERGE_GZIP, &bytes, &size);
    if (error == MERGE_OK) {
        *file = (struct json){.bytes = (char *)bytes, .size = size, .capacity = size};
    }
    return error_of(error);
}

static enum receiver_error write_otlp(struct profile *profile, const char *title, struct json *file) {
    struct otlp_request *request = otlp_request_new();
    const uint8_t *bytes;
    size_t size;
    if (!request) {
        return RECEIVER_NO_MEMORY;
    }
    otlp_begin_resource(request, NULL, 0);
    enum merge_error error = otlp_add(request, title, profile);
    error = error == MERGE_OK ? otlp_encode(request, MERGE_GZIP, &bytes, &size) : error;
    char *copy = error == MERGE_OK ? malloc(size) : NULL;
    if (copy) {
        memcpy(copy, bytes, size);
        *file = (struct json){.bytes = copy, .size = size, .capacity = size};
    }
    otlp_request_free(request);
    return copy ? RECEIVER_OK : error == MERGE_OK ? RECEIVER_NO_MEMORY : error_of(error);
}

// ---- Trees ----

static enum receiver_error finish(struct json *json, bool ok, struct json *file) {
    if (!ok || json_failed(json)) {
        bool large = json->size >= JSON_MAX_BYTES / 2; // it has grown to the limit
        json_free(json);
        return large ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    *file = *json;
    return RECEIVER_OK;
}

static enum receiver_error write_text(const struct export_tree *of, bool (*write)(const struct export_tree *of, FILE *out),
                                      struct json *file) {
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    bool ok = out && write(of, out);
    ok = out && fclose(out) == 0 && ok;
    struct json json = {.bytes = bytes, .size = size, .capacity = size};
    return finish(&json, ok, file);
}

static enum receiver_error write_tree(const struct export_tree *of, enum export_format format, struct json *file) {
    struct json json = {0};
    bool ok = true;
    switch (format) {
    case EXPORT_FOLDED:
        return write_text(of, export_folded, file);
    case EXPORT_CSV:
        return write_text(of, export_csv, file);
    case EXPORT_SVG:
        return write_text(of, export_svg, file);
    case EXPORT_SPEEDSCOPE:
        ok = export_speedscope(of, &json);
        break;
    default:
        export_json(of, &json);
        break;
    }
    return finish(&json, ok, file);
}

enum receiver_error export_write(struct profile *profile, const struct tree_options *options, enum export_format format, const char *title,
                                 struct json *file) {
    struct tree tree = {0};
    int shown = profile_shown_type(profile);
    struct tree_options all = {.type_index = shown > 0 ? (size_t)shown : 0, .base_type_index = -1};
    options = options ? options : &all;
    if (!export_is_of_type(format)) {
        return format == EXPORT_OTLP ? write_otlp(profile, title, file) : write_pprof(profile, file);
    }
    enum merge_error error = tree_build(profile, options, &tree);
    if (error != MERGE_OK) {
        return error_of(error);
    }
    const struct export_tree of = {&tree, profile_sample_type_name(profile, options->type_index),
                                   profile_sample_type_unit(profile, options->type_index), title};
    enum receiver_error written = write_tree(&of, format, file);
    tree_free(&tree);
    return written;
}
