// relay_body.c: makes what is forwarded (relay_body.h).
#include "relay_body.h"
#include "../../base/fnv.h"
#include "../../otlp/otlp.h"
#include "../../merge/compress.h"
#include "../../pyroscope/pyroscope.h"
#include "../base/failure.h"
#include "../base/read_exact.h"
#include "../index/catalog_after.h"
#include "../index/recording_conversion.h"
#include "../store/relay_mark.h"
#include "../views/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_TAGS_BYTES = 7000, EVENT_MAX_BYTES = 1 << 20, ATTRIBUTES_MAX = 250 };

struct relay_body {
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    struct upload_attachment parts[CATALOG_MAX_ATTACHMENTS];
    size_t count; // of parts
    char *event, *tags, *tags_header;
    size_t event_size;
    const char *headers[1];
    struct otlp_request *otlp;
    struct pyroscope_push *push;
    bool is_spoilt;
    uint64_t bytes;
};

void relay_body_free(struct relay_body *body) {
    if (!body) {
        return;
    }
    for (size_t i = 0; i < body->count; i++) {
        free((void *)body->parts[i].bytes);
    }
    otlp_request_free(body->otlp);
    pyroscope_push_free(body->push);
    free(body->event);
    free(body->tags);
    free(body->tags_header);
    free(body);
}

uint64_t relay_body_bytes(const struct relay_body *body) {
    return body->bytes;
}

// ---- Files ----

static enum receiver_error read_file(int file, size_t size, char **bytes) {
    *bytes = malloc(size + 1);
    enum receiver_error error = *bytes ? read_exact(file, *bytes, size) : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return error;
}

static enum receiver_error read_event(struct store *store, int64_t id, struct relay_body *body) {
    int file;
    struct stat about;
    enum receiver_error error = store_read_event(store, id, &file);
    if (error != RECEIVER_OK) {
        return error;
    }
    error = fstat(file, &about) == 0 && about.st_size <= EVENT_MAX_BYTES ? RECEIVER_OK : RECEIVER_DAMAGED;
    if (error == RECEIVER_OK) {
        error = read_file(file, (size_t)about.st_size, &body->event);
        body->event_size = (size_t)about.st_size;
    }
    close(file);
    return error;
}

static enum receiver_error read_attachment(struct store *store, int64_t id, const char *name, bool as_came, char **bytes, size_t *size) {
    struct catalog_attachment attachment;
    int file;
    enum receiver_error error = store_read(store, id, name, as_came, &attachment, &file);
    if (error == RECEIVER_OK) {
        *size = attachment.size_bytes;
        error = read_file(file, *size, bytes);
        close(file);
    }
    return error;
}

// ---- Datadog ----

// Whether the event's text has the tag, as one of a list or a text of its own. Searches it, since it was parsed before.
static bool event_has(const struct relay_body *body, const char *tag, size_t length) {
    const char *end = body->event + body->event_size;
    for (const char *at = body->event; (at = memmem(at, (size_t)(end - at), tag, length)); at++) {
        bool begins = at > body->event && strchr("\",", at[-1]);
        bool ends = at + length < end && strchr("\",", at[length]);
        if (begins && ends) {
            return true;
        }
    }
    return false;
}

// The mark, and what came beside the event.
static enum receiver_error write_tags_header(struct relay_body *body, const char *mark) {
    size_t size;
    FILE *out = open_memstream(&body->tags_header, &size);
    if (!out) {
        return RECEIVER_NO_MEMORY;
    }
    fprintf(out, "X-Datadog-Additional-Tags: %s", mark);
    for (const char *tag = body->tags; *tag;) {
        size_t length = strcspn(tag, ",");
        bool is_mark = strncmp(tag, "relay:", 6) == 0, breaks = strcspn(tag, "\r\n") < length;
        if (length > 0 && !is_mark && !breaks && ftell(out) + (long)length < HEADER_TAGS_BYTES && !event_has(body, tag, length)) {
            fprintf(out, ",%.*s", (int)length, tag);
        }
        tag += length + (tag[length] == ',');
    }
    return fclose(out) == 0 ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// What cannot be read is left out, like a part that was never sent.
static enum receiver_error make_datadog(struct store *store, int64_t id, size_t attachments, const char *mark, struct relay_body *body,
                                        struct upload_request *request, char *text, size_t text_size) {
    enum receiver_error error = read_event(store, id, body);
    error = error == RECEIVER_OK ? write_tags_header(body, mark) : error;
    for (size_t i = 0; error == RECEIVER_OK && i < attachments; i++) {
        char *bytes;
        size_t size;
        const char *name = body->attachments[i].name;
        error = read_attachment(store, id, name, true, &bytes, &size);
        if (error == RECEIVER_OK) {
            body->parts[body->count++] = (struct upload_attachment){name, bytes, size};
            body->bytes += size;
        } else if (error == RECEIVER_DAMAGED) {
            snprintf(text, text_size, "upload %lld: %.100s: %s", (long long)id, name, receiver_error_text(error));
            error = RECEIVER_OK;
        }
    }
    if (error == RECEIVER_OK) {
        body->bytes += body->event_size;
        body->headers[0] = body->tags_header;
        *request = (struct upload_request){.attachments = body->parts,
                                           .attachment_count = body->count,
                                           .batch_headers = body->headers,
                                           .batch_header_count = 1,
                                           .event = body->event,
                                           .event_size = body->event_size};
    }
    return error;
}

// ---- OTLP ----

// Cuts the tags into texts; they live as long as the tags.
static size_t attributes_of(char *tags, char *mark, struct otlp_attribute attributes[ATTRIBUTES_MAX]) {
    size_t count = 0;
    attributes[count++] = (struct otlp_attribute){.key = "relay", .text = mark + strlen("relay:")};
    for (char *tag = tags, *next; tag && count < ATTRIBUTES_MAX; tag = next) {
        next = strchr(tag, ',');
        if (next) {
            *next++ = '\0';
        }
        char *colon = strchr(tag, ':');
        if (colon && colon > tag && strncmp(tag, "relay:", 6) != 0) {
            *colon = '\0';
            attributes[count++] = (struct otlp_attribute){.key = otlp_attribute_of_tag(tag), .text = colon + 1};
        }
    }
    return count;
}

static enum receiver_error error_of(enum merge_error error) {
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
}

static enum receiver_error add_profile(struct relay_body *body, const char *name, const void *bytes, size_t size, char *text,
                                       size_t text_size) {
    struct profile *profile;
    enum receiver_error error = view_open(bytes, size, &profile, text, text_size);
    if (error == RECEIVER_OK) {
        error = error_of(otlp_add(body->otlp, name, profile));
        body->is_spoilt = error != RECEIVER_OK; // the request can only be freed
        profile_free(profile);
    }
    return error;
}

static enum receiver_error add_attachment(struct store *store, int64_t id, const struct catalog_attachment *attachment,
                                          struct relay_body *body, char *text, size_t text_size) {
    char *bytes;
    size_t size;
    enum receiver_error error = read_attachment(store, id, attachment->name, false, &bytes, &size);
    if (error != RECEIVER_OK) {
        snprintf(text, text_size, "%s", receiver_error_text(error));
        return error;
    }
    if (catalog_is_recording(attachment->name)) {
        struct conversion recording;
        error = conversion_of(store_conversions(store), &(struct conversion_key){id, attachment->name, 0}, bytes, size, &recording, text,
                              text_size);
        if (error == RECEIVER_OK) {
            error = add_profile(body, attachment->name, recording.profile, recording.profile_size, text, text_size);
            conversion_free(&recording);
        }
    } else {
        error = add_profile(body, attachment->name, bytes, size, text, text_size);
    }
    free(bytes);
    return error;
}

struct attributes {
    struct otlp_attribute all[ATTRIBUTES_MAX];
    size_t count;
};

// A profile that cannot be read is left out; of a failure while it is added the request cannot be used further. *last: the attachment that
// was added last, or could not be.
static enum receiver_error try_otlp(struct store *store, int64_t id, size_t attachments, const struct attributes *resource,
                                    const bool *too_large, struct relay_body *body, struct upload_request *request, size_t *last,
                                    char *text, size_t text_size) {
    const uint8_t *bytes;
    size_t size, added = 0;
    if (!(body->otlp = otlp_request_new())) {
        return RECEIVER_NO_MEMORY;
    }
    otlp_begin_resource(body->otlp, resource->all, resource->count);
    for (size_t i = 0; i < attachments; i++) {
        char why[160] = "it takes too much memory";
        if (!catalog_has_profiles(&body->attachments[i])) {
            continue;
        }
        if (!too_large[i]) {
            *last = i;
        }
        enum receiver_error error =
            too_large[i] ? RECEIVER_TOO_LARGE : add_attachment(store, id, &body->attachments[i], body, why, sizeof why);
        if (body->is_spoilt ||
            (error != RECEIVER_OK && error != RECEIVER_BAD_UPLOAD && error != RECEIVER_DAMAGED && error != RECEIVER_TOO_LARGE)) {
            return error;
        }
        if (error != RECEIVER_OK) {
            snprintf(text, text_size, "upload %lld: %.100s is left out: %s", (long long)id, body->attachments[i].name, why);
        }
        added += error == RECEIVER_OK;
    }
    if (added == 0) {
        return RECEIVER_OK;
    }
    enum receiver_error error = error_of(otlp_encode(body->otlp, MERGE_GZIP, &bytes, &size));
    if (error == RECEIVER_OK) {
        body->bytes = size;
        *request = (struct upload_request){.event = bytes, .event_size = size};
    }
    return error;
}

// What takes more than the budget, of which this upload is the only user, takes more of it at any later time too: it is left out.
static enum receiver_error make_otlp(struct store *store, int64_t id, size_t attachments, char *mark, struct relay_body *body,
                                     struct upload_request *request, char *text, size_t text_size) {
    struct attributes resource;
    bool too_large[CATALOG_MAX_ATTACHMENTS] = {false};
    struct merge_budget *budget = merge_budget_in_use();
    resource.count = attributes_of(body->tags, mark, resource.all);
    for (;;) {
        size_t last = attachments;
        if (budget) {
            budget->exceeded = false;
        }
        enum receiver_error error = try_otlp(store, id, attachments, &resource, too_large, body, request, &last, text, text_size);
        if (error != RECEIVER_NO_MEMORY || !budget || !budget->exceeded || last == attachments) {
            return error;
        }
        too_large[last] = true;
        otlp_request_free(body->otlp);
        body->otlp = NULL;
        body->is_spoilt = false;
    }
}

// ---- Pyroscope ----

enum { METRIC_BYTES = 100, ID_BYTES = 37 };

// A UUID of the profile, the same each time that it is sent.
static void id_of(const char *store_id, int64_t id, const char *name, char text[ID_BYTES]) {
    uint64_t high = fnv64(fnv64(FNV64_START, store_id, strlen(store_id)), &id, sizeof id), low = fnv64(high, name, strlen(name) + 1);
    snprintf(text, ID_BYTES, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, 0x8000 | ((unsigned)(low >> 48) & 0x3fff), (unsigned long long)low & 0xffffffffffff);
}

// The labels of the upload, behind two that are the profile's own.
static enum receiver_error labels_of(const struct relay_body *body, const char *mark, struct pyroscope_labels *labels,
                                     struct pyroscope_pair pairs[PYROSCOPE_SENT_LABELS + 2]) {
    char *tags = NULL;
    bool made = asprintf(&tags, "%s,%s", mark, body->tags) >= 0 && pyroscope_labels_of_tags(tags, labels);
    free(tags);
    for (size_t i = 0; i < labels->count; i++) {
        pairs[i + 2] = (struct pyroscope_pair){labels->list[i].name, labels->list[i].value};
    }
    return made ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// RECEIVER_DAMAGED: it cannot be read, and the others are sent.
static enum receiver_error add_pushed(struct store *store, int64_t id, const char *name, struct pyroscope_pair *pairs, size_t count,
                                      struct pyroscope_push *push) {
    char metric[METRIC_BYTES], uuid[ID_BYTES], *bytes;
    size_t size, sent_size;
    uint8_t *sent;
    bool delta;
    enum receiver_error error = read_attachment(store, id, name, true, &bytes, &size);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct compress compress = {0};
    struct wire_writer packed = {0};
    enum merge_error fault = pyroscope_sent_profile(bytes, size, &sent, &sent_size, NULL);
    free(bytes);
    if (fault == MERGE_OK) {
        fault = compress_deflate(&compress, MERGE_GZIP, 0, sent, sent_size, &packed);
        free(sent);
    }
    compress_free(&compress);
    if (fault != MERGE_OK) {
        wire_free(&packed);
        return fault == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_DAMAGED;
    }
    pyroscope_metric_of_file(name, metric, sizeof metric, &delta);
    pairs[1] = (struct pyroscope_pair){"__name__", metric};
    pairs[0] = (struct pyroscope_pair){"__delta__", "false"};
    id_of(store_relay_id(store), id, name, uuid);
    pyroscope_push_add(push, pairs + !delta, count + 1 + delta, uuid, packed.bytes, packed.size);
    wire_free(&packed);
    return RECEIVER_OK;
}

static enum receiver_error make_pyroscope(struct store *store, int64_t id, size_t attachments, const char *mark, struct relay_body *body,
                                          struct upload_request *request, char *text, size_t text_size) {
    struct pyroscope_labels *labels = calloc(1, sizeof *labels);
    struct pyroscope_pair pairs[PYROSCOPE_SENT_LABELS + 2];
    size_t size, added = 0;
    body->push = pyroscope_push_new();
    enum receiver_error error = labels && body->push ? labels_of(body, mark, labels, pairs) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; error == RECEIVER_OK && i < attachments; i++) {
        const char *name = body->attachments[i].name;
        if (!body->attachments[i].pprof) {
            continue;
        }
        error = add_pushed(store, id, name, pairs, labels->count, body->push);
        if (error == RECEIVER_DAMAGED) {
            snprintf(text, text_size, "upload %lld: %.100s: %s", (long long)id, name, receiver_error_text(error));
            error = RECEIVER_OK;
        } else {
            added++;
        }
    }
    if (labels) {
        pyroscope_labels_free(labels);
        free(labels);
    }
    const uint8_t *bytes;
    if (error == RECEIVER_OK && added > 0) {
        error = pyroscope_push_encode(body->push, &bytes, &size) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        body->bytes = size;
        *request = (struct upload_request){.event = bytes, .event_size = size};
    }
    return error;
}

enum receiver_error relay_body_make(struct store *store, enum receiver_target_kind kind, int64_t id, struct relay_body **out,
                                    struct upload_request *request, char *text, size_t text_size) {
    struct relay_body *body = *out = calloc(1, sizeof *body);
    char mark[RELAY_MARK_BYTES];
    size_t count;
    *request = (struct upload_request){0};
    *text = '\0';
    if (!body) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = catalog_all_tags(store_catalog(store), id, &body->tags);
    error = error == RECEIVER_OK ? catalog_attachments(store_catalog(store), id, body->attachments, &count) : error;
    if (error == RECEIVER_OK && !relay_mark_add(body->tags, store_relay_id(store), mark)) {
        snprintf(text, text_size, "upload %lld came through %d receivers", (long long)id, RELAY_MARK_MAX);
        error = RECEIVER_BAD_UPLOAD;
    }
    if (error == RECEIVER_OK) {
        error = kind == RECEIVER_TARGET_OTLP        ? make_otlp(store, id, count, mark, body, request, text, text_size)
                : kind == RECEIVER_TARGET_PYROSCOPE ? make_pyroscope(store, id, count, mark, body, request, text, text_size)
                                                    : make_datadog(store, id, count, mark, body, request, text, text_size);
    }
    if (error != RECEIVER_OK) {
        relay_body_free(body);
        *out = NULL;
    }
    return error;
}
