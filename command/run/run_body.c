// run_body.c: see run_body.h.
#include "run_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/fnv.h"
#include "../../merge/compress.h"
#include "../../merge/merge.h"
#include "../../merge/wire.h"
#include "../../otlp/otlp.h"
#include "../../pyroscope/pyroscope.h"
#include "../../receiver/index/upload_event.h"
#include "../base/text.h"

enum { ATTRIBUTES_MAX = 250, METRIC_BYTES = 100, ID_BYTES = 37 };

struct run_body {
    struct otlp_request *otlp;
    struct pyroscope_push *push;
};

void run_body_free(struct run_body *body) {
    if (body) {
        otlp_request_free(body->otlp);
        pyroscope_push_free(body->push);
        free(body);
    }
}

static bool is_profile(const char *name) {
    size_t length = strlen(name);
    return length > 6 && strcmp(name + length - 6, ".pprof") == 0;
}

static enum upload_error error_of(enum merge_error error) {
    return error == MERGE_OK ? UPLOAD_OK : error == MERGE_NO_MEMORY ? UPLOAD_NO_MEMORY : UPLOAD_BAD_REQUEST;
}

// ---- OTLP ----

// process.pid is a number by the conventions.
static struct otlp_attribute attribute_of(const char *key, const char *text) {
    char *end;
    long long number = strtoll(text, &end, 10);
    bool is_number = strcmp(key, "process.pid") == 0 && *text != '\0' && *end == '\0';
    return (struct otlp_attribute){.key = key, .text = is_number ? NULL : text, .number = is_number ? number : 0};
}

// Cuts the tags into texts.
static size_t attributes_of(char *tags, struct otlp_attribute attributes[ATTRIBUTES_MAX]) {
    size_t count = 0;
    for (char *tag; count < ATTRIBUTES_MAX && (tag = strsep(&tags, ","));) {
        char *colon = strchr(tag, ':');
        if (colon && colon > tag) {
            *colon = '\0';
            text_replace(tag, RUN_BODY_COMMA, ',');
            text_replace(tag, RUN_BODY_COLON, ':');
            text_replace(colon + 1, RUN_BODY_COMMA, ',');
            attributes[count++] = attribute_of(otlp_attribute_of_tag(tag), colon + 1);
        }
    }
    return count;
}

// A profile that has no duration gets the batch's time.
static enum merge_error add_profile(struct otlp_request *otlp, const struct upload_attachment *attachment,
                                    const struct upload_event *event) {
    struct profile *profile = profile_new();
    struct merge_fault fault;
    enum merge_error error = profile ? profile_decode(profile, attachment->bytes, attachment->size, NULL, NULL, &fault) : MERGE_NO_MEMORY;
    if (error == MERGE_OK) {
        if (profile_duration_ns(profile) == 0 && event->end_ms >= event->start_ms) {
            profile_set_time(profile, event->start_ms * 1000000, (event->end_ms - event->start_ms) * 1000000);
        }
        error = otlp_add(otlp, attachment->name, profile);
    }
    profile_free(profile);
    return error;
}

static enum upload_error make_otlp(bool is_plain, int64_t since_ns, const struct upload_request *batch, const struct upload_event *event,
                                   struct run_body *body, struct upload_request *request) {
    struct otlp_attribute attributes[ATTRIBUTES_MAX];
    const uint8_t *bytes;
    size_t added = 0;
    if (!(body->otlp = otlp_request_new())) {
        return UPLOAD_NO_MEMORY;
    }
    otlp_hash_files(body->otlp, event->start_ms >= since_ns / 1000000 ? since_ns : 0); // one from the spool may be of other files
    otlp_begin_resource(body->otlp, attributes, attributes_of(event->tags, attributes));
    for (size_t i = 0; i < batch->attachment_count; i++) {
        enum merge_error error =
            is_profile(batch->attachments[i].name) ? add_profile(body->otlp, &batch->attachments[i], event) : MERGE_NOT_FOUND;
        if (error == MERGE_NO_MEMORY) {
            return UPLOAD_NO_MEMORY;
        }
        added += error == MERGE_OK;
    }
    enum upload_error error =
        added > 0 ? error_of(otlp_encode(body->otlp, is_plain ? MERGE_RAW : MERGE_GZIP, &bytes, &request->event_size)) : UPLOAD_BAD_REQUEST;
    request->event = error == UPLOAD_OK ? bytes : NULL;
    return error;
}

// ---- Pyroscope ----

// A UUID of the profile, the same each time that it is sent.
static void id_of(const struct upload_request *batch, const char *name, char text[ID_BYTES]) {
    uint64_t high = fnv64(FNV64_START, batch->event, batch->event_size), low = fnv64(high, name, strlen(name) + 1);
    snprintf(text, ID_BYTES, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, 0x8000 | ((unsigned)(low >> 48) & 0x3fff), (unsigned long long)low & 0xffffffffffff);
}

// pairs: the batch's labels, behind room for two of the profile's own.
static enum merge_error push_one(struct pyroscope_push *push, const struct upload_request *batch,
                                 const struct upload_attachment *attachment, struct pyroscope_pair *pairs, size_t count) {
    char metric[METRIC_BYTES], id[ID_BYTES];
    struct compress compress = {0};
    struct wire_writer packed = {0};
    uint8_t *sent;
    size_t size;
    bool delta;
    enum merge_error error = pyroscope_sent_profile(attachment->bytes, attachment->size, &sent, &size, NULL);
    if (error == MERGE_OK) {
        error = compress_deflate(&compress, MERGE_GZIP, 0, sent, size, &packed);
        free(sent);
    }
    compress_free(&compress);
    if (error == MERGE_OK) {
        pyroscope_metric_of_file(attachment->name, metric, sizeof metric, &delta);
        pairs[0] = (struct pyroscope_pair){"__delta__", "false"};
        pairs[1] = (struct pyroscope_pair){"__name__", metric};
        id_of(batch, attachment->name, id);
        pyroscope_push_add(push, pairs + !delta, count + 1 + delta, id, packed.bytes, packed.size);
    }
    wire_free(&packed);
    return error;
}

static enum upload_error make_push(const struct upload_request *batch, const struct upload_event *event, struct run_body *body,
                                   struct upload_request *request) {
    struct pyroscope_labels *labels = calloc(1, sizeof *labels);
    struct pyroscope_pair pairs[PYROSCOPE_SENT_LABELS + 2];
    const uint8_t *bytes;
    size_t added = 0;
    body->push = pyroscope_push_new();
    enum upload_error error = labels && body->push && pyroscope_labels_of_tags(event->tags, labels) ? UPLOAD_OK : UPLOAD_NO_MEMORY;
    for (size_t i = 0; error == UPLOAD_OK && i < labels->count; i++) {
        pairs[i + 2] = (struct pyroscope_pair){labels->list[i].name, labels->list[i].value};
    }
    for (size_t i = 0; error == UPLOAD_OK && i < batch->attachment_count; i++) {
        enum merge_error fault = is_profile(batch->attachments[i].name)
                                     ? push_one(body->push, batch, &batch->attachments[i], pairs, labels->count)
                                     : MERGE_NOT_FOUND;
        error = fault == MERGE_NO_MEMORY ? UPLOAD_NO_MEMORY : UPLOAD_OK;
        added += fault == MERGE_OK;
    }
    if (labels) {
        pyroscope_labels_free(labels);
        free(labels);
    }
    if (error == UPLOAD_OK) {
        error = added == 0                                                        ? UPLOAD_BAD_REQUEST
                : pyroscope_push_encode(body->push, &bytes, &request->event_size) ? UPLOAD_OK
                                                                                  : UPLOAD_NO_MEMORY;
    }
    request->event = error == UPLOAD_OK ? bytes : NULL;
    return error;
}

// ---- Both ----

static enum upload_error read_event(const struct upload_request *batch, struct upload_event *event) {
    char text[200];
    struct upload_event_reader *reader = upload_event_reader_new();
    enum receiver_error error =
        reader ? upload_event_read_stored(reader, batch->event, batch->event_size, NULL, event, text, sizeof text) : RECEIVER_NO_MEMORY;
    upload_event_reader_free(reader);
    return error == RECEIVER_OK ? UPLOAD_OK : error == RECEIVER_NO_MEMORY ? UPLOAD_NO_MEMORY : UPLOAD_BAD_REQUEST;
}

enum upload_error run_body_make(enum receiver_target_kind kind, bool is_plain, int64_t since_ns, const struct upload_request *batch,
                                struct run_body **out, struct upload_request *request) {
    struct upload_event event;
    struct run_body *body = *out = NULL;
    enum upload_error error = read_event(batch, &event);
    if (error != UPLOAD_OK) {
        return error;
    }
    body = calloc(1, sizeof *body);
    error = !body                          ? UPLOAD_NO_MEMORY
            : kind == RECEIVER_TARGET_OTLP ? make_otlp(is_plain, since_ns, batch, &event, body, request)
                                           : make_push(batch, &event, body, request);
    upload_event_free(&event);
    if (error != UPLOAD_OK) {
        run_body_free(body);
        body = NULL;
    }
    *out = body;
    return error;
}
