// jfr.c: counts the events of a recording (jfr.h). jfr_metadata.c has the names of types.
#include "jfr.h"
#include "../../base/vector.h"
#include "../../merge/merge.h"
#include "jfr_metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of all chunks together: a JVM has about 200 types. A chunk has as many as jfr_metadata.c allows, in a few bytes each if they share a
// label.
enum { HEADER_BYTES = 68, MAX_INFLATED_BYTES = 256 << 20, MAX_TYPES = 1 << 14 };

static uint64_t big_endian(const uint8_t *at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

// ---- Types by name, over all chunks ----

struct counting {
    struct jfr *jfr;
    size_t capacity;
    struct intern names; // of types, index + 1
    uint64_t seed;
    char *text;
    size_t text_size;
};

static bool same_name(const void *context, uint32_t id, const void *name) {
    return strcmp(((const struct jfr *)context)->types[id - 1].name, name) == 0;
}

// A type's id differs between chunks, its name does not. NULL: no memory, or MAX_TYPES reached.
static struct jfr_type *type_of(struct counting *counting, const char *name, const char *label) {
    struct jfr *jfr = counting->jfr;
    uint32_t hash = intern_hash_end(intern_hash_bytes(counting->seed, name, strlen(name)));
    uint32_t found = intern_find(&counting->names, hash, same_name, jfr, name);
    if (found != 0) {
        return &jfr->types[found - 1];
    }
    if (jfr->count == MAX_TYPES) {
        return NULL;
    }
    if (!VECTOR_RESERVE(jfr->types, counting->capacity, jfr->count + 1)) {
        return NULL;
    }
    struct jfr_type *type = &jfr->types[jfr->count];
    *type = (struct jfr_type){.name = strdup(name), .label = label ? strdup(label) : NULL};
    if (!type->name || !intern_add(&counting->names, hash, (uint32_t)jfr->count + 1)) {
        free(type->name);
        free(type->label);
        return NULL;
    }
    jfr->count++;
    return type;
}

static bool add_chunk(struct counting *counting, struct jfr_metadata *metadata) {
    for (size_t i = 0; i < metadata->count; i++) {
        const struct jfr_class *class = &metadata->classes[i];
        if (class->events == 0) {
            continue;
        }
        // The container's own two types are in no metadata; these are the names of the JDK's tool.
        char number[40];
        snprintf(number, sizeof number, "type %" PRId64, class->id);
        const char *own = class->id == 0 ? "jdk.Metadata" : class->id == 1 ? "jdk.CheckPoint" : number;
        struct jfr_type *type = type_of(counting, class->name ? class->name : own, class->label);
        if (!type) {
            return false;
        }
        type->count += class->events;
        type->size_bytes += class->bytes;
    }
    return true;
}

// ---- Chunks ----

struct chunk {
    const uint8_t *start, *end; // end: of the available bytes
    uint64_t size, metadata;
    bool compressed_numbers;
};

static enum receiver_error fail(struct counting *counting, const char *reason, size_t at) {
    snprintf(counting->text, counting->text_size, "not a readable recording: %s at byte %zu", reason, at);
    return RECEIVER_BAD_UPLOAD;
}

static void take_times(struct jfr *jfr, int64_t start_ns, int64_t duration_ns) {
    int64_t end, before_end;
    if (duration_ns < 0 || __builtin_add_overflow(start_ns, duration_ns, &end)) {
        return;
    }
    if (jfr->chunks == 0) {
        jfr->start_ns = start_ns;
        jfr->duration_ns = duration_ns;
        return;
    }
    before_end = jfr->start_ns + jfr->duration_ns; // was checked for overflow when set
    int64_t first = start_ns < jfr->start_ns ? start_ns : jfr->start_ns, last = end > before_end ? end : before_end, duration;
    if (!__builtin_sub_overflow(last, first, &duration)) {
        jfr->start_ns = first;
        jfr->duration_ns = duration;
    }
}

static enum receiver_error count_events(struct counting *counting, const struct chunk *chunk, struct jfr_metadata *metadata,
                                        const uint8_t *start) {
    const uint8_t *at = chunk->start + HEADER_BYTES;
    while (at < chunk->end) {
        struct jfr_reader reader = {at, chunk->end, chunk->compressed_numbers, false};
        uint64_t size = jfr_read_size(&reader), type = jfr_read_number(&reader);
        if (size == 0 || reader.failed || size > (uint64_t)(chunk->end - at)) {
            if (chunk->size > (uint64_t)(chunk->end - chunk->start)) { // truncated: so is its last event
                return RECEIVER_OK;
            }
            return fail(counting, size == 0 ? "an event of size 0" : "an event beyond the end of its chunk", (size_t)(at - start));
        }
        if (!jfr_metadata_count(metadata, (int64_t)type, size)) {
            return fail(counting, "more types of events than can be counted", (size_t)(at - start));
        }
        at += size;
    }
    return RECEIVER_OK;
}

static enum receiver_error read_chunk(struct counting *counting, const struct chunk *chunk, const uint8_t *start) {
    struct jfr_metadata metadata = {0};
    const char *reason = NULL;
    // A truncated chunk may lack its metadata: then its types have numbers.
    if (chunk->metadata >= HEADER_BYTES && chunk->metadata < (uint64_t)(chunk->end - chunk->start)) {
        struct jfr_reader reader = {chunk->start + chunk->metadata, chunk->end, chunk->compressed_numbers, false};
        reason = jfr_metadata_read(&metadata, reader);
    } else if (chunk->size <= (uint64_t)(chunk->end - chunk->start)) {
        reason = "no metadata";
    }
    enum receiver_error error = RECEIVER_OK;
    if (reason && chunk->size <= (uint64_t)(chunk->end - chunk->start)) {
        error = fail(counting, reason, (size_t)(chunk->start - start));
    }
    if (error == RECEIVER_OK) {
        error = count_events(counting, chunk, &metadata, start);
    }
    if (error == RECEIVER_OK && !add_chunk(counting, &metadata)) {
        bool many = counting->jfr->count == MAX_TYPES;
        error = many ? fail(counting, "more types of events than can be counted", (size_t)(chunk->start - start)) : RECEIVER_NO_MEMORY;
    }
    jfr_metadata_free(&metadata);
    return error;
}

static enum receiver_error read_chunks(struct counting *counting, const uint8_t *start, size_t size) {
    struct jfr *jfr = counting->jfr;
    for (const uint8_t *at = start, *end = start + size; at < end;) {
        size_t offset = (size_t)(at - start), left = (size_t)(end - at);
        if (left < HEADER_BYTES || memcmp(at, "FLR\0", 4) != 0) {
            if (jfr->chunks > 0 && left < HEADER_BYTES) {
                jfr->truncated = true;
                return RECEIVER_OK;
            }
            return fail(counting, "no chunk", offset);
        }
        struct chunk chunk = {.start = at, .size = big_endian(at + 8, 8), .metadata = big_endian(at + 24, 8)};
        chunk.compressed_numbers = big_endian(at + 64, 4) & 1;
        if (chunk.size < HEADER_BYTES) {
            return fail(counting, "a chunk that is smaller than its header", offset);
        }
        chunk.end = chunk.size < left ? at + chunk.size : end;
        jfr->truncated = chunk.size > left;
        take_times(jfr, (int64_t)big_endian(at + 32, 8), (int64_t)big_endian(at + 40, 8));
        if (jfr->chunks++ == 0) {
            jfr->major = (uint16_t)big_endian(at + 4, 2);
            jfr->minor = (uint16_t)big_endian(at + 6, 2);
        }
        enum receiver_error error = read_chunk(counting, &chunk, start);
        if (error != RECEIVER_OK) {
            return error;
        }
        at = chunk.end;
    }
    return jfr->chunks > 0 ? RECEIVER_OK : fail(counting, "it is empty", 0);
}

static int compare_types(const void *left, const void *right) {
    const struct jfr_type *a = left, *b = right;
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

enum receiver_error jfr_read(const void *bytes, size_t size, struct jfr *jfr, char *text, size_t text_size) {
    *jfr = (struct jfr){0};
    struct counting counting = {.jfr = jfr, .seed = intern_seed(), .text = text, .text_size = text_size};
    enum receiver_error error = read_chunks(&counting, bytes, size);
    intern_free(&counting.names);
    if (error != RECEIVER_OK) {
        jfr_free(jfr);
    } else if (jfr->count > 0) {
        qsort(jfr->types, jfr->count, sizeof *jfr->types, compare_types);
    }
    return error;
}

void jfr_free(struct jfr *jfr) {
    for (size_t i = 0; i < jfr->count; i++) {
        free(jfr->types[i].name);
        free(jfr->types[i].label);
    }
    free(jfr->types);
    *jfr = (struct jfr){0};
}

// ---- JSON ----

static void write_answer(const struct jfr *jfr, struct json *json) {
    char version[16];
    snprintf(version, sizeof version, "%u.%u", jfr->major, jfr->minor);
    json_object_begin(json);
    json_key(json, "chunks");
    json_number(json, (int64_t)jfr->chunks);
    json_key(json, "version");
    json_text(json, version);
    json_key(json, "start_ns");
    json_number(json, jfr->start_ns);
    json_key(json, "duration_ns");
    json_number(json, jfr->duration_ns);
    json_key(json, "truncated");
    json_bool(json, jfr->truncated);
    json_key(json, "events");
    json_array_begin(json);
    for (size_t i = 0; i < jfr->count; i++) {
        json_object_begin(json);
        json_key(json, "type");
        json_text(json, jfr->types[i].name);
        json_key(json, "label");
        json_text(json, jfr->types[i].label);
        json_key(json, "count");
        json_number(json, (int64_t)jfr->types[i].count);
        json_key(json, "size_bytes");
        json_number(json, (int64_t)jfr->types[i].size_bytes);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

enum receiver_error jfr_write(const void *bytes, size_t size, struct json *json, char *text, size_t text_size) {
    struct jfr jfr;
    uint8_t *raw;
    size_t raw_size;
    struct merge_fault fault = {0};
    enum merge_error inflated = merge_inflate(bytes, size, MAX_INFLATED_BYTES, &raw, &raw_size, &fault);
    if (inflated != MERGE_OK) {
        snprintf(text, text_size, "not a readable recording: %s", *fault.text ? fault.text : merge_error_text(inflated));
        return inflated == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : inflated == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error error = jfr_read(raw, raw_size, &jfr, text, text_size);
    free(raw);
    if (error == RECEIVER_OK) {
        write_answer(&jfr, json);
        jfr_free(&jfr);
    }
    return error;
}
