// recording.c: the events of a recording by type, as JSON (recording.h).
#include "recording.h"
#include "../index/recording_profile.h"

#include <stdio.h>

static const char *or_null(const char *text) {
    return *text ? text : NULL;
}

static void write_text(struct json *json, const char *key, const char *text) {
    json_key(json, key);
    json_text(json, text);
}

static void write_field(const struct jfr_field *field, struct json *json) {
    static const char *const contents[] = {
        [JFR_PLAIN] = NULL,  [JFR_INSTANT] = "instant",       [JFR_TIMESPAN] = "timespan",   [JFR_BYTES] = "bytes",
        [JFR_BITS] = "bits", [JFR_PERCENTAGE] = "percentage", [JFR_FREQUENCY] = "frequency", [JFR_ADDRESS] = "address",
    };
    json_object_begin(json);
    write_text(json, "name", field->name);
    write_text(json, "label", or_null(field->label));
    write_text(json, "type", field->type);
    write_text(json, "content", contents[field->content]);
    json_key(json, "array");
    json_bool(json, field->array);
    json_object_end(json);
}

static void write_type(const struct jfr_type *type, struct json *json) {
    json_object_begin(json);
    write_text(json, "type", type->name);
    write_text(json, "label", or_null(type->label));
    write_text(json, "description", or_null(type->description));
    write_text(json, "category", or_null(type->category));
    json_key(json, "count");
    json_number(json, (int64_t)type->count);
    json_key(json, "size_bytes");
    json_number(json, (int64_t)type->bytes);
    json_key(json, "fields");
    json_array_begin(json);
    for (size_t i = 0; i < type->field_count; i++) {
        write_field(&type->fields[i], json);
    }
    json_array_end(json);
    json_object_end(json);
}

static void write_types(const struct jfr *jfr, struct json *json) {
    json_array_begin(json);
    for (size_t i = 0; i < jfr_type_count(jfr); i++) {
        write_type(jfr_type_at(jfr, i), json);
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

static void write_fact(const struct jfr_fact *fact, struct json *json) {
    json_object_begin(json);
    write_text(json, "group", fact->group);
    write_text(json, "key", fact->key);
    write_text(json, "value", fact->value);
    write_text(json, "origin", or_null(fact->origin));
    json_object_end(json);
}

enum receiver_error recording_write_facts(const void *bytes, size_t size, struct json *json, char *text, size_t text_size) {
    struct jfr *jfr;
    struct jfr_runtime runtime;
    enum receiver_error error = recording_open(bytes, size, &jfr, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    error = recording_error(jfr_runtime_read(jfr, &runtime));
    if (error == RECEIVER_OK) {
        json_object_begin(json);
        json_key(json, "facts");
        json_array_begin(json);
        for (size_t i = 0; i < runtime.fact_count; i++) {
            write_fact(&runtime.facts[i], json);
        }
        json_array_end(json);
        json_object_end(json);
        jfr_runtime_free(&runtime);
    }
    jfr_close(jfr);
    return error;
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
