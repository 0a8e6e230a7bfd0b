// made_uploads.c: uploads that are made of a request in another protocol (made_uploads.h).
#include "made_uploads.h"
#include "../../base/utc.h"
#include "../../base/vector.h"
#include "../base/failure.h"
#include "../base/json.h"
#include "pending_upload.h"
#include "sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct made_upload {
    struct made_uploads *of;
    struct pending_upload *pending;
    char **names; // of its attachments
    size_t name_count, name_capacity;
    int64_t start_ns, end_ns;
    struct json tags, event;
    char family[32];
};

enum {
    UPLOADS_MOST = 250,                            // each has two files open until it is stored
    TAGS_MOST = UPLOAD_EVENT_TAGS_MAX_BYTES - 512, // room for the host and the count of what is left out
};

void made_uploads_refuse(struct made_uploads *made, enum receiver_error error, const char *reason) {
    if (made->error == RECEIVER_OK) {
        made->error = error;
        snprintf(made->reason, sizeof made->reason, "%s", reason);
    }
}

void made_uploads_leave_out(struct made_uploads *made, const char *reason) {
    if (!*made->left_out) {
        snprintf(made->left_out, sizeof made->left_out, "%s", reason);
    }
}

void made_uploads_fail(struct made_uploads *made, enum receiver_error error) {
    made_uploads_refuse(made, error, receiver_error_text(error));
}

void made_uploads_init(struct made_uploads *made, struct store *store, struct MHD_Connection *connection) {
    *made = (struct made_uploads){.store = store};
    pthread_mutex_init(&made->lock, NULL);
    if (sender_is_here(connection)) {
        sender_own_host(made->own_host, sizeof made->own_host);
    }
}

void made_uploads_destroy(struct made_uploads *made) {
    for (size_t i = 0; i < made->count; i++) {
        struct made_upload *upload = made->list[i];
        pending_upload_free(upload->pending);
        for (size_t name = 0; name < upload->name_count; name++) {
            free(upload->names[name]);
        }
        free(upload->names);
        json_free(&upload->tags);
        json_free(&upload->event);
        free(upload);
    }
    free(made->list);
    pthread_mutex_destroy(&made->lock);
}

// ---- Tags ----

// Commas part tags, and there is no escape. False: it does not fit.
static bool add_tag(struct made_upload *upload, const char *key, const char *value, size_t most) {
    char text[1024];
    int length = snprintf(text, sizeof text, "%s%s%s%s", upload->tags.size > 0 ? "," : "", key, *key ? ":" : "", value);
    size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    for (size_t i = 1; i < size; i++) {
        text[i] = text[i] == ',' ? '_' : text[i];
    }
    if (upload->tags.size + size > most) {
        return false;
    }
    json_raw(&upload->tags, text, size);
    upload->tags.comma = false; // it is a list of tags, and its commas are written here
    return true;
}

static void add_tags(struct made_upload *upload, const struct made_tag *tags, size_t count, size_t left_out) {
    for (size_t i = 0; i < count; i++) {
        if (!sender_has_tag(upload->tags.bytes, upload->tags.size, tags[i].key)) {
            left_out += !add_tag(upload, tags[i].key, tags[i].value, TAGS_MOST);
        }
        if (strcmp(tags[i].key, "language") == 0) {
            snprintf(upload->family, sizeof upload->family, "%s", tags[i].value);
        }
    }
    if (left_out > 0) {
        char number[32];
        snprintf(number, sizeof number, "%zu", left_out);
        add_tag(upload, "attributes_left_out", number, UPLOAD_EVENT_TAGS_MAX_BYTES);
    }
    if (!sender_has_tag(upload->tags.bytes, upload->tags.size, "host") && *upload->of->own_host) {
        add_tag(upload, "", upload->of->own_host, UPLOAD_EVENT_TAGS_MAX_BYTES);
    }
}

struct made_upload *made_uploads_begin(struct made_uploads *made, const struct made_tag *tags, size_t count, size_t left_out,
                                       const char *family) {
    if (made->count == UPLOADS_MOST) {
        made_uploads_refuse(made, RECEIVER_TOO_LARGE, "more than 250 uploads in one request: resources, series, or profiles of one name");
        return NULL;
    }
    struct made_upload *upload = VECTOR_RESERVE(made->list, made->capacity, made->count + 1) ? calloc(1, sizeof *upload) : NULL;
    if (!upload) {
        made_uploads_fail(made, RECEIVER_NO_MEMORY);
        return NULL;
    }
    *upload = (struct made_upload){.of = made, .start_ns = INT64_MAX, .end_ns = INT64_MIN};
    snprintf(upload->family, sizeof upload->family, "%s", family);
    made->list[made->count++] = upload;
    enum receiver_error error = pending_upload_new(made->store, &upload->pending);
    if (error != RECEIVER_OK) {
        made_uploads_fail(made, error);
        return NULL;
    }
    add_tags(upload, tags, count, left_out);
    return upload;
}

// ---- Attachments ----

bool made_upload_attachment(struct made_upload *upload, const char *name) {
    struct made_uploads *made = upload->of;
    char text[160];
    enum receiver_error error = pending_upload_attachment(upload->pending, name, text, sizeof text);
    if (error == RECEIVER_BAD_UPLOAD && upload->name_count > 0) {
        return false;
    }
    if (error == RECEIVER_BAD_UPLOAD) {
        made_uploads_refuse(made, error, text);
    } else if (error != RECEIVER_OK) {
        made_uploads_fail(made, error);
    } else if (!VECTOR_RESERVE(upload->names, upload->name_capacity, upload->name_count + 1) ||
               !(upload->names[upload->name_count] = strdup(name))) {
        made_uploads_fail(made, RECEIVER_NO_MEMORY);
    } else {
        upload->name_count++;
    }
    return true;
}

void made_upload_write(struct made_upload *upload, const void *bytes, size_t size) {
    enum receiver_error error = pending_upload_write(upload->pending, bytes, size);
    if (error != RECEIVER_OK) {
        made_uploads_fail(upload->of, error);
    }
}

void made_upload_write_profile(struct made_upload *upload, struct profile *profile) {
    uint8_t *bytes = NULL;
    size_t size;
    if (profile_encode(profile, MERGE_GZIP, &bytes, &size) == MERGE_OK) {
        made_upload_write(upload, bytes, size);
    } else {
        made_uploads_fail(upload->of, RECEIVER_NO_MEMORY);
    }
    free(bytes);
}

void made_upload_window(struct made_upload *upload, int64_t start_ns, int64_t end_ns) {
    if (start_ns > 0) {
        upload->start_ns = start_ns < upload->start_ns ? start_ns : upload->start_ns;
        upload->end_ns = end_ns > upload->end_ns ? end_ns : upload->end_ns;
    }
}

static bool has_type(const struct profile *profile, const char *type) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        if (strcmp(profile_sample_type_name(profile, i), type) == 0) {
            return true;
        }
    }
    return false;
}

void made_upload_name(const struct profile *profile, char name[CATALOG_NAME_MAX_BYTES + 1]) {
    static const struct {
        const char *type, *name;
    } names[] = {{"inuse_space", "heap.pprof"}, {"alloc_space", "heap.pprof"}, {"cpu", "cpu.pprof"}, {"goroutine", "goroutines.pprof"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (has_type(profile, names[i].type)) {
            snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s", names[i].name);
            return;
        }
    }
    const char *type = profile_sample_type_count(profile) > 0 ? profile_sample_type_name(profile, 0) : "";
    snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%.100s.pprof", *type ? type : "profile");
}

// ---- Events ----

static void write_time(struct json *json, const char *key, int64_t ns) {
    char text[UTC_TEXT_BYTES];
    utc_text(ns / 1000000, text);
    json_key(json, key);
    json_text(json, text);
}

static void write_event(struct made_upload *upload) {
    struct json *event = &upload->event;
    json_object_begin(event);
    json_key(event, "version");
    json_text(event, "4");
    json_key(event, "family");
    json_text(event, upload->family);
    if (upload->start_ns <= upload->end_ns) {
        write_time(event, "start", upload->start_ns);
        write_time(event, "end", upload->end_ns);
    }
    json_key(event, "attachments");
    json_array_begin(event);
    for (size_t i = 0; i < upload->name_count; i++) {
        json_text(event, upload->names[i]);
    }
    json_array_end(event);
    json_key(event, "tags_profiler");
    json_text_n(event, upload->tags.bytes ? upload->tags.bytes : "", upload->tags.size);
    json_object_end(event);
    if (json_failed(event) || json_failed(&upload->tags)) {
        made_uploads_fail(upload->of, RECEIVER_NO_MEMORY);
    }
}

// ---- The end ----

static void one_is_done(struct made_uploads *made) {
    pthread_mutex_lock(&made->lock);
    bool last = --made->waiting == 0;
    pthread_mutex_unlock(&made->lock);
    if (last) {
        made->done(made->context);
    }
}

static void on_kept(void *context, enum receiver_error error, int64_t id, const char *reason) {
    (void)id;
    struct made_uploads *made = ((struct made_upload *)context)->of;
    pthread_mutex_lock(&made->lock);
    if (error != RECEIVER_OK) {
        made_uploads_refuse(made, error, reason);
    }
    pthread_mutex_unlock(&made->lock);
    one_is_done(made);
}

void made_uploads_keep(struct made_uploads *made, void (*done)(void *context), void *context) {
    made->done = done;
    made->context = context;
    for (size_t i = 0; made->error == RECEIVER_OK && i < made->count; i++) {
        write_event(made->list[i]);
    }
    // All or none are handed over: what is stored already when another fails would come again with the next try.
    size_t kept = made->error == RECEIVER_OK ? made->count : 0;
    made->waiting = kept + 1; // and this thread
    for (size_t i = 0; i < kept; i++) {
        struct made_upload *upload = made->list[i];
        pending_upload_keep(upload->pending, upload->event.bytes, upload->event.size, NULL, on_kept, upload);
    }
    one_is_done(made);
}
