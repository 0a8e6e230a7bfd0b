// otlp_upload.c: uploads in OpenTelemetry's protocol (otlp_upload.h).
#include "otlp_upload.h"
#include "../../base/vector.h"
#include "../../otlp/otlp.h"
#include "../base/failure.h"
#include "../base/json.h"
#include "pending_upload.h"
#include "sender.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// One upload that is made of the request.
struct part {
    struct otlp_upload *of;
    struct pending_upload *pending;
    size_t resource;
    char **names; // of its attachments
    size_t name_count, name_capacity;
    int64_t start_ns, end_ns;
    struct json tags, event;
    char language[32];
};

struct otlp_upload {
    struct store *store;
    struct merge_budget *budget;
    char *body;
    size_t size, capacity, max_bytes, received;
    enum receiver_error error; // the first
    char reason[256];
    char own_host[300]; // "host:NAME", for resources without one; "": the sender is elsewhere
    struct part **parts;
    size_t part_count, part_capacity;
    pthread_mutex_t lock; // of what follows, and the error: group commit answers from its thread
    size_t waiting;
    void (*done)(void *context);
    void *context;
};

enum { PARTS_MOST = 250 }; // each has two files open until it is stored

bool otlp_upload_is(const char *path) {
    return strcmp(path, "/v1development/profiles") == 0;
}

static void refuse(struct otlp_upload *upload, enum receiver_error error, const char *reason) {
    if (upload->error == RECEIVER_OK) {
        upload->error = error;
        snprintf(upload->reason, sizeof upload->reason, "%s", reason);
    }
}

static void fail(struct otlp_upload *upload, enum receiver_error error) {
    refuse(upload, error, receiver_error_text(error));
}

// ---- The body ----

static void check_headers(struct otlp_upload *upload, struct MHD_Connection *connection) {
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_ENCODING);
    static const char *const encodings[] = {"identity", "gzip", "zstd"};
    bool known = !encoding || !*encoding;
    for (size_t i = 0; encoding && i < sizeof encodings / sizeof *encodings; i++) {
        known = known || strcasecmp(encoding, encodings[i]) == 0;
    }
    if (!type || strncasecmp(type, "application/x-protobuf", strlen("application/x-protobuf")) != 0) {
        refuse(upload, RECEIVER_BAD_UPLOAD,
               "the Content-Type is not application/x-protobuf: profiles are taken as protobuf over HTTP, not as JSON or gRPC");
    } else if (!known) {
        refuse(upload, RECEIVER_BAD_UPLOAD, "the Content-Encoding is neither gzip nor zstd");
    }
}

struct otlp_upload *otlp_upload_new(struct store *store, struct MHD_Connection *connection, struct merge_budget *budget,
                                    size_t max_body_bytes) {
    struct otlp_upload *upload = calloc(1, sizeof *upload);
    if (upload) {
        *upload = (struct otlp_upload){.store = store, .budget = budget, .max_bytes = max_body_bytes};
        pthread_mutex_init(&upload->lock, NULL);
        check_headers(upload, connection);
        if (sender_is_here(connection)) {
            sender_own_host(upload->own_host, sizeof upload->own_host);
        }
    }
    return upload;
}

static void drop_body(struct otlp_upload *upload) {
    struct merge_budget *before = merge_use_budget(upload->budget);
    merge_budget_give(upload->capacity);
    merge_use_budget(before);
    free(upload->body);
    upload->body = NULL;
    upload->size = upload->capacity = 0;
}

static bool grow(struct otlp_upload *upload, size_t wanted) {
    size_t capacity = upload->capacity * 2 > wanted ? upload->capacity * 2 : wanted + 4096;
    struct merge_budget *before = merge_use_budget(upload->budget);
    bool fits = merge_budget_take(capacity - upload->capacity);
    char *body = fits ? realloc(upload->body, capacity) : NULL;
    if (fits && !body) {
        merge_budget_give(capacity - upload->capacity);
    }
    merge_use_budget(before);
    if (body) {
        upload->body = body;
        upload->capacity = capacity;
    }
    return body;
}

bool otlp_upload_data(struct otlp_upload *upload, const char *bytes, size_t size) {
    upload->received += size;
    if (upload->error == RECEIVER_OK && upload->received > upload->max_bytes) {
        refuse(upload, RECEIVER_TOO_LARGE, "the body is larger than the limit");
    }
    if (upload->error == RECEIVER_OK && upload->size + size > upload->capacity && !grow(upload, upload->size + size)) {
        fail(upload, RECEIVER_NO_MEMORY);
    }
    if (upload->error != RECEIVER_OK) { // the rest is read so that the client gets the reason, but not without end
        drop_body(upload);
        return upload->received <= 2 * upload->max_bytes;
    }
    memcpy(upload->body + upload->size, bytes, size);
    upload->size += size;
    return true;
}

// ---- Tags ----

static bool has_tag(const struct part *part, const char *key) {
    size_t length = strlen(key);
    const char *at = part->tags.bytes, *end = at ? at + part->tags.size : at;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        if ((size_t)(stop - at) > length && memcmp(at, key, length) == 0 && at[length] == ':') {
            return true;
        }
        at = comma ? comma + 1 : end;
    }
    return false;
}

enum { TAGS_MOST = UPLOAD_EVENT_TAGS_MAX_BYTES - 512 }; // room for the host and the count of what is left out

// Commas part tags, and there is no escape. False: it does not fit.
static bool add_tag(struct part *part, const char *key, const char *value, size_t most) {
    char text[1024];
    int length = snprintf(text, sizeof text, "%s%s%s%s", part->tags.size > 0 ? "," : "", key, *key ? ":" : "", value);
    size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    for (size_t i = 1; i < size; i++) {
        text[i] = text[i] == ',' ? '_' : text[i];
    }
    if (part->tags.size + size > most) {
        return false;
    }
    json_raw(&part->tags, text, size);
    part->tags.comma = false; // it is a list of tags, and its commas are written here
    return true;
}

static void add_tags(struct part *part, const struct otlp_resource *resource) {
    size_t left_out = resource->left_out;
    for (size_t i = 0; i < resource->count; i++) {
        const struct otlp_attribute *attribute = &resource->attributes[i];
        const char *key = otlp_tag_of_attribute(attribute->key);
        char number[32];
        snprintf(number, sizeof number, "%" PRId64, attribute->number);
        if (!has_tag(part, key)) {
            left_out += !add_tag(part, key, attribute->text ? attribute->text : number, TAGS_MOST);
        }
        if (strcmp(key, "language") == 0 && attribute->text) {
            snprintf(part->language, sizeof part->language, "%s", attribute->text);
        }
    }
    if (left_out > 0) {
        char number[32];
        snprintf(number, sizeof number, "%zu", left_out);
        add_tag(part, "attributes_left_out", number, UPLOAD_EVENT_TAGS_MAX_BYTES);
    }
    if (!has_tag(part, "host") && *part->of->own_host) {
        add_tag(part, "", part->of->own_host, UPLOAD_EVENT_TAGS_MAX_BYTES);
    }
}

// ---- Profiles ----

static bool has_type(const struct profile *profile, const char *type) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        if (strcmp(profile_sample_type_name(profile, i), type) == 0) {
            return true;
        }
    }
    return false;
}

static void name_of(const struct otlp_profile *one, char name[CATALOG_NAME_MAX_BYTES + 1]) {
    static const struct {
        const char *type, *name;
    } names[] = {{"inuse_space", "heap.pprof"}, {"alloc_space", "heap.pprof"}, {"cpu", "cpu.pprof"}, {"goroutine", "goroutines.pprof"}};
    if (*one->file) {
        snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s", one->file);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (has_type(one->profile, names[i].type)) {
            snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s", names[i].name);
            return;
        }
    }
    const char *type = profile_sample_type_count(one->profile) > 0 ? profile_sample_type_name(one->profile, 0) : "";
    snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%.100s.pprof", *type ? type : "profile");
}

static struct part *new_part(struct otlp_upload *upload, const struct otlp_resource *resource) {
    if (upload->part_count == PARTS_MOST) {
        refuse(upload, RECEIVER_TOO_LARGE, "more than 250 uploads in one request: resources, or profiles of one name");
        return NULL;
    }
    struct part *part = VECTOR_RESERVE(upload->parts, upload->part_capacity, upload->part_count + 1) ? calloc(1, sizeof *part) : NULL;
    if (!part) {
        fail(upload, RECEIVER_NO_MEMORY);
        return NULL;
    }
    *part = (struct part){.of = upload, .resource = resource->number, .start_ns = INT64_MAX, .end_ns = INT64_MIN};
    upload->parts[upload->part_count++] = part;
    enum receiver_error error = pending_upload_new(upload->store, &part->pending);
    if (error != RECEIVER_OK) {
        fail(upload, error);
        return NULL;
    }
    add_tags(part, resource);
    return part;
}

// Begins the attachment in the resource's last upload, or in a new one if that has one of this name, or as many as an upload may have.
static struct part *begin_attachment(struct otlp_upload *upload, const struct otlp_resource *resource, const char *name) {
    char text[160];
    struct part *part = upload->part_count > 0 ? upload->parts[upload->part_count - 1] : NULL;
    if (!part || part->resource != resource->number) {
        part = new_part(upload, resource);
    }
    enum receiver_error error = part ? pending_upload_attachment(part->pending, name, text, sizeof text) : RECEIVER_OK;
    if (part && error == RECEIVER_BAD_UPLOAD && part->name_count > 0 && (part = new_part(upload, resource))) {
        error = pending_upload_attachment(part->pending, name, text, sizeof text);
    }
    if (error == RECEIVER_BAD_UPLOAD) {
        refuse(upload, error, text);
    } else if (error != RECEIVER_OK) {
        fail(upload, error);
    }
    return upload->error == RECEIVER_OK ? part : NULL;
}

static void write_attachment(struct part *part, struct profile *profile) {
    uint8_t *bytes = NULL;
    size_t size;
    enum receiver_error error = profile_encode(profile, MERGE_GZIP, &bytes, &size) == MERGE_OK
                                    ? pending_upload_write(part->pending, (const char *)bytes, size)
                                    : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK) {
        fail(part->of, error);
    }
    free(bytes);
}

static enum merge_error take(void *context, const struct otlp_profile *one) {
    struct otlp_upload *upload = context;
    char name[CATALOG_NAME_MAX_BYTES + 1];
    name_of(one, name);
    struct part *part = begin_attachment(upload, one->resource, name);
    if (!part) {
        return MERGE_NOT_FOUND; // the reason is known
    }
    if (!VECTOR_RESERVE(part->names, part->name_capacity, part->name_count + 1) || !(part->names[part->name_count] = strdup(name))) {
        fail(upload, RECEIVER_NO_MEMORY);
        return MERGE_NO_MEMORY;
    }
    part->name_count++;
    write_attachment(part, one->profile);
    int64_t start_ns = profile_time_ns(one->profile), end_ns = start_ns + profile_duration_ns(one->profile); // otlp.h: an int64
    if (start_ns > 0) {
        part->start_ns = start_ns < part->start_ns ? start_ns : part->start_ns;
        part->end_ns = end_ns > part->end_ns ? end_ns : part->end_ns;
    }
    return upload->error == RECEIVER_OK ? MERGE_OK : MERGE_NOT_FOUND;
}

// ---- Events ----

static void write_time(struct json *json, const char *key, int64_t ns) {
    char text[64];
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, sizeof text - length, ".%03dZ", (int)(ns / 1000000 % 1000));
    json_key(json, key);
    json_text(json, text);
}

static void write_event(struct part *part) {
    struct json *event = &part->event;
    json_object_begin(event);
    json_key(event, "version");
    json_text(event, "4");
    json_key(event, "family");
    json_text(event, *part->language ? part->language : "otlp");
    if (part->start_ns <= part->end_ns) {
        write_time(event, "start", part->start_ns);
        write_time(event, "end", part->end_ns);
    }
    json_key(event, "attachments");
    json_array_begin(event);
    for (size_t i = 0; i < part->name_count; i++) {
        json_text(event, part->names[i]);
    }
    json_array_end(event);
    json_key(event, "tags_profiler");
    json_text_n(event, part->tags.bytes ? part->tags.bytes : "", part->tags.size);
    json_object_end(event);
    if (json_failed(event) || json_failed(&part->tags)) {
        fail(part->of, RECEIVER_NO_MEMORY);
    }
}

// ---- The end ----

static void one_is_done(struct otlp_upload *upload) {
    pthread_mutex_lock(&upload->lock);
    bool last = --upload->waiting == 0;
    pthread_mutex_unlock(&upload->lock);
    if (last) {
        upload->done(upload->context);
    }
}

static void on_kept(void *context, enum receiver_error error, int64_t id, const char *reason) {
    (void)id;
    struct otlp_upload *upload = ((struct part *)context)->of;
    pthread_mutex_lock(&upload->lock);
    if (error != RECEIVER_OK) {
        refuse(upload, error, reason);
    }
    pthread_mutex_unlock(&upload->lock);
    one_is_done(upload);
}

static void read_body(struct otlp_upload *upload) {
    struct merge_fault fault = {0};
    size_t profiles;
    struct merge_budget *before = merge_use_budget(upload->budget);
    enum merge_error error = otlp_decode(upload->body ? upload->body : "", upload->size, NULL, take, upload, &profiles, &fault);
    merge_use_budget(before);
    if (upload->error != RECEIVER_OK) {
        return;
    }
    // Nothing else takes of the budget: another time it would not fit either.
    bool alone = __atomic_load_n(&upload->budget->used_bytes, __ATOMIC_RELAXED) <= upload->capacity;
    if (error == MERGE_NO_MEMORY && alone && upload->budget->exceeded) {
        refuse(upload, RECEIVER_TOO_LARGE, "its profiles take more memory than the receiver has for such requests");
    } else if (error == MERGE_NO_MEMORY) {
        fail(upload, RECEIVER_NO_MEMORY);
    } else if (error != MERGE_OK) {
        char text[sizeof upload->reason];
        snprintf(text, sizeof text, "not a request with profiles: %.160s", *fault.text ? fault.text : merge_error_text(error));
        refuse(upload, error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD, text);
    }
}

void otlp_upload_finish(struct otlp_upload *upload, void (*done)(void *context), void *context) {
    upload->done = done;
    upload->context = context;
    if (upload->error == RECEIVER_OK) {
        read_body(upload);
    }
    drop_body(upload);
    for (size_t i = 0; upload->error == RECEIVER_OK && i < upload->part_count; i++) {
        write_event(upload->parts[i]);
    }
    // All or none are handed over: what is stored already when another fails would come again with the next try.
    size_t kept = upload->error == RECEIVER_OK ? upload->part_count : 0;
    upload->waiting = kept + 1; // and this thread
    for (size_t i = 0; i < kept; i++) {
        struct part *part = upload->parts[i];
        pending_upload_keep(part->pending, part->event.bytes, part->event.size, NULL, on_kept, part);
    }
    one_is_done(upload);
}

enum receiver_error otlp_upload_result(const struct otlp_upload *upload, const char **reason) {
    *reason = upload->reason;
    return upload->error;
}

void otlp_upload_free(struct otlp_upload *upload) {
    if (!upload) {
        return;
    }
    drop_body(upload);
    for (size_t i = 0; i < upload->part_count; i++) {
        struct part *part = upload->parts[i];
        pending_upload_free(part->pending);
        for (size_t name = 0; name < part->name_count; name++) {
            free(part->names[name]);
        }
        free(part->names);
        json_free(&part->tags);
        json_free(&part->event);
        free(part);
    }
    free(upload->parts);
    pthread_mutex_destroy(&upload->lock);
    free(upload);
}
