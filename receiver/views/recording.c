// recording.c: the events of a recording by type, as JSON (recording.h).
#include "recording.h"

#include <inttypes.h>
#include <stdio.h>

enum receiver_error recording_open(const void *bytes, size_t size, struct jfr **jfr, char *text, size_t text_size) {
    struct jfr_fault fault = {0};
    *jfr = jfr_open(bytes, size, (size_t)RECORDING_MAX_MIB << 20, &fault);
    if (*jfr) {
        return RECEIVER_OK;
    }
    snprintf(text, text_size, "not a readable recording: %s at byte %" PRIu64, fault.text, fault.offset);
    return fault.error == JFR_NO_MEMORY ? RECEIVER_NO_MEMORY : fault.error == JFR_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
}

static void write_types(const struct jfr *jfr, struct json *json) {
    json_array_begin(json);
    for (size_t i = 0; i < jfr_type_count(jfr); i++) {
        const struct jfr_type *type = jfr_type_at(jfr, i);
        json_object_begin(json);
        json_key(json, "type");
        json_text(json, type->name);
        json_key(json, "label");
        json_text(json, *type->label ? type->label : NULL);
        json_key(json, "count");
        json_number(json, (int64_t)type->count);
        json_key(json, "size_bytes");
        json_number(json, (int64_t)type->bytes);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_damage(const struct jfr_about *about, struct json *json) {
    if (about->damages == 0) {
        json_text(json, NULL);
        return;
    }
    json_object_begin(json);
    json_key(json, "count");
    json_number(json, (int64_t)about->damages);
    json_key(json, "byte");
    json_number(json, (int64_t)about->damage.offset);
    json_key(json, "text");
    json_text(json, about->damage.text);
    json_object_end(json);
}

enum receiver_error recording_write(const void *bytes, size_t size, struct json *json, char *text, size_t text_size) {
    struct jfr *jfr;
    char version[16];
    enum receiver_error error = recording_open(bytes, size, &jfr, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    const struct jfr_about *about = jfr_about(jfr);
    snprintf(version, sizeof version, "%u.%u", about->major, about->minor);
    json_object_begin(json);
    json_key(json, "chunks");
    json_number(json, (int64_t)about->chunks);
    json_key(json, "version");
    json_text(json, version);
    json_key(json, "start_ns");
    json_number(json, about->start_ns);
    json_key(json, "duration_ns");
    json_number(json, about->duration_ns);
    json_key(json, "truncated");
    json_bool(json, about->truncated);
    json_key(json, "damage");
    write_damage(about, json);
    json_key(json, "events");
    write_types(jfr, json);
    json_object_end(json);
    jfr_close(jfr);
    return RECEIVER_OK;
}
