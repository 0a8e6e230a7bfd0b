// ingest.c: parses an upload with libmicrohttpd's post processor (ingest.h).
//
// The post processor rejects bytes after the closing boundary, and cannot tell a cut body from one that ended there. So the last bytes of
// the body are held back until the end. They must be the closing boundary, and no more than that is passed on.
#include "ingest.h"
#include "../../base/clock.h"
#include "../base/failure.h"
#include "form.h"
#include "pending_upload.h"
#include "sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PARSER_BYTES = 32 << 10,      // also the longest header line of a part
    EVENT_MAX_BYTES = 256 << 10,  // real ones have 1 to 5 KB; a MiB of numbers takes 33 ms to read, and searches wait for it
    EVENT_QUICK_BYTES = 64 << 10, // are read in less than a millisecond
    BOUNDARY_MAX_BYTES = 200,     // RFC 2046 allows 70
    UPLOAD_MAX_SECONDS = 5 * 60,  // bounds a client that trickles; an idle one hits the connection's time-out
    PARTS_MAX = 256,              // attachments have their own bound, tags one by length
};

enum part { PART_NONE, PART_EVENT, PART_TAG, PART_FIELD, PART_ATTACHMENT, PART_REFUSED };

struct buffer {
    char *bytes;
    size_t size, limit;
};

struct ingest {
    struct store *store;
    struct merge_budget *budget;
    int64_t id;
    void (*done)(void *context);
    void *context;
    enum ingest_kind kind;
    bool whole;                       // the body is one attachment
    struct MHD_PostProcessor *parser; // NULL: refused from the start, or whole
    struct pending_upload *pending;
    enum receiver_error error; // the first failure; the rest of the body is discarded
    char reason[200];
    size_t body_bytes, max_body_bytes;
    int64_t deadline_s;                                                         // monotonic
    enum part part;                                                             // the current one
    char key[CATALOG_NAME_MAX_BYTES + 2], filename[CATALOG_NAME_MAX_BYTES + 2]; // its names, cut beyond the longest allowed
    size_t part_bytes;
    size_t parts;
    bool has_event, is_here;
    struct buffer event, tags;
    char *sent_tags; // the Agent's, or NULL
    struct form form;
    char *field;                          // the current one of the form
    char closing[BOUNDARY_MAX_BYTES + 8]; // "--boundary--"
    char tail[BOUNDARY_MAX_BYTES + 16];   // the last bytes of the body so far
    size_t tail_bytes, hold_bytes;
};

static void refuse(struct ingest *ingest, enum receiver_error error, const char *reason) {
    if (ingest->error == RECEIVER_OK) {
        ingest->error = error;
        // The store may have set the reason already.
        if (reason != ingest->reason) {
            snprintf(ingest->reason, sizeof ingest->reason, "%s", reason);
        }
    }
}

static int64_t monotonic_s(void) {
    return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000000);
}

static bool append(struct ingest *ingest, struct buffer *buffer, const char *bytes, size_t size, const char *too_large) {
    if (size > buffer->limit - buffer->size) {
        refuse(ingest, RECEIVER_TOO_LARGE, too_large);
        return false;
    }
    char *grown = realloc(buffer->bytes, buffer->size + size + 1);
    if (!grown) {
        refuse(ingest, RECEIVER_NO_MEMORY, receiver_error_text(RECEIVER_NO_MEMORY));
        return false;
    }
    memcpy(grown + buffer->size, bytes, size);
    buffer->bytes = grown;
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
    return true;
}

// ---- Parts ----

// Drops this part only; the upload records it.
static void refuse_part(struct ingest *ingest, const char *name, const char *reason) {
    ingest->part = PART_REFUSED;
    pending_upload_refuse(ingest->pending, name ? name : "", reason);
}

static void begin_attachment(struct ingest *ingest, const char *name) {
    char reason[200];
    ingest->part = PART_ATTACHMENT;
    enum receiver_error error = pending_upload_attachment(ingest->pending, name, reason, sizeof reason);
    if (error == RECEIVER_BAD_UPLOAD) {
        refuse_part(ingest, name, reason);
    } else if (error != RECEIVER_OK) {
        refuse(ingest, error, receiver_error_text(error));
    }
}

static void begin_part(struct ingest *ingest, const char *key, const char *filename) {
    if (++ingest->parts > PARTS_MAX) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "more than 256 parts");
    } else if ((key && strcmp(key, "event") == 0) || (filename && strcmp(filename, "event.json") == 0)) {
        ingest->part = PART_EVENT;
        if (ingest->has_event) {
            refuse_part(ingest, "event", "a second event part");
        }
        ingest->has_event = true;
    } else if (key && !filename && strcmp(key, "tags[]") == 0) {
        ingest->part = PART_TAG;
        append(ingest, &ingest->tags, ",", ingest->tags.size > 0, "too many tags");
    } else if (key && !filename && (ingest->field = form_field(&ingest->form, key))) {
        ingest->part = PART_FIELD;
    } else {
        char name[CATALOG_NAME_MAX_BYTES + 1];
        bool old = key && form_attachment(&ingest->form, key, filename, name);
        begin_attachment(ingest, old ? name : filename && *filename ? filename : key);
    }
}

// The post processor announces a part with offset 0, and again if no byte of it had come yet. So an empty part and an equally named one
// directly after it look like one; nothing is lost.
static bool is_new_part(struct ingest *ingest, const char *key, const char *filename, uint64_t offset) {
    char new_key[sizeof ingest->key], new_filename[sizeof ingest->filename];
    if (offset > 0) {
        return false;
    }
    snprintf(new_key, sizeof new_key, "%s", key ? key : "");
    snprintf(new_filename, sizeof new_filename, "%s", filename ? filename : "");
    if (ingest->part != PART_NONE && ingest->part_bytes == 0 && strcmp(new_key, ingest->key) == 0 &&
        strcmp(new_filename, ingest->filename) == 0) {
        return false;
    }
    memcpy(ingest->key, new_key, sizeof new_key);
    memcpy(ingest->filename, new_filename, sizeof new_filename);
    return true;
}

static enum MHD_Result on_part(void *state, enum MHD_ValueKind kind, const char *key, const char *filename, const char *content_type,
                               const char *transfer_encoding, const char *bytes, uint64_t offset, size_t size) {
    (void)kind, (void)content_type, (void)transfer_encoding;
    struct ingest *ingest = state;
    if (is_new_part(ingest, key, filename, offset)) {
        ingest->part_bytes = 0;
        begin_part(ingest, key, filename);
    }
    ingest->part_bytes += size;
    if (ingest->error == RECEIVER_OK && size > 0) {
        enum receiver_error error = RECEIVER_OK;
        if (ingest->part == PART_EVENT) {
            append(ingest, &ingest->event, bytes, size, "the event part is larger than 256 KiB");
        } else if (ingest->part == PART_TAG) {
            append(ingest, &ingest->tags, bytes, size, "too many tags");
        } else if (ingest->part == PART_FIELD) {
            form_append(ingest->field, bytes, size);
        } else if (ingest->part == PART_ATTACHMENT) {
            error = pending_upload_write(ingest->pending, bytes, size);
        }
        if (error != RECEIVER_OK) {
            refuse(ingest, error, receiver_error_text(error));
        }
    }
    return ingest->error == RECEIVER_OK ? MHD_YES : MHD_NO;
}

// ---- Body ----

// The boundary, without quotes and parameters. The post processor takes all that follows "boundary=", at least two characters, so the
// header, in the connection's own memory, is cut to the value.
static bool read_boundary(char *content_type, char *boundary, size_t size) {
    char *value = strstr(content_type, "boundary=");
    if (!value) {
        return false;
    }
    value += strlen("boundary=");
    bool quoted = *value == '"';
    const char *start = value + quoted;
    size_t length = strcspn(start, quoted ? "\"" : "; \t");
    const char *rest = start + length + (quoted && start[length] == '"');
    rest += strspn(rest, " \t");
    if (length < 2 || length >= size || (*rest && *rest != ';')) {
        return false;
    }
    memcpy(boundary, start, length);
    boundary[length] = '\0';
    memcpy(value, boundary, length + 1);
    return true;
}

// ---- Before the body ----

static void begin_parts(struct ingest *ingest, struct MHD_Connection *connection, const char *boundary) {
    int length = snprintf(ingest->closing, sizeof ingest->closing, "--%s--", boundary);
    ingest->hold_bytes = (size_t)length + 4; // and the line's end, at most twice
    ingest->parser = MHD_create_post_processor(connection, PARSER_BYTES, on_part, ingest);
    if (!ingest->parser) {
        refuse(ingest, RECEIVER_NO_MEMORY, receiver_error_text(RECEIVER_NO_MEMORY));
    }
}

static void begin_whole(struct ingest *ingest, struct MHD_Connection *connection) {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    ingest->whole = true;
    form_import_name(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "name"), name);
    begin_attachment(ingest, name);
}

static void begin(struct ingest *ingest, struct MHD_Connection *connection) {
    char boundary[BOUNDARY_MAX_BYTES];
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_ENCODING);
    bool parts = type && strncasecmp(type, "multipart/form-data", strlen("multipart/form-data")) == 0;
    if (encoding && strcasecmp(encoding, "identity") != 0) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "Content-Encoding of the whole body is not supported; attachments may be compressed");
    } else if (!type && ingest->kind == INGEST_UPLOAD) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "no Content-Type; multipart/form-data is expected");
    } else if (!parts && ingest->kind == INGEST_UPLOAD) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the Content-Type is not multipart/form-data");
    } else if (parts && !read_boundary((char *)type, boundary, sizeof boundary)) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the Content-Type has no usable boundary");
    } else {
        enum receiver_error error = pending_upload_new(ingest->store, &ingest->pending);
        if (error == RECEIVER_OK && ingest->kind == INGEST_IMPORT) {
            pending_upload_take_foreign(ingest->pending);
        }
        if (error != RECEIVER_OK) {
            refuse(ingest, error, receiver_error_text(error));
        } else if (parts) {
            begin_parts(ingest, connection, boundary);
        } else {
            begin_whole(ingest, connection);
        }
    }
}

// Of an import: parameters of the address. start, end and family are the event's, the rest are tags.
static enum MHD_Result take_argument(void *state, enum MHD_ValueKind kind, const char *key, const char *value) {
    (void)kind;
    struct ingest *ingest = state;
    static const char *const fields[] = {"start", "end", "family"};
    value = value ? value : "";
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(key, fields[i]) == 0) {
            form_append(form_field(&ingest->form, key), value, strlen(value));
            return MHD_YES;
        }
    }
    if (strcasecmp(key, "token") == 0 || strcasecmp(key, "name") == 0) { // as MHD_lookup_connection_value compares them
        return MHD_YES;
    }
    bool is_tag = strcmp(key, "tag") == 0; // tag=KEY:VALUE
    bool ok = append(ingest, &ingest->tags, ",", ingest->tags.size > 0, "too many tags") &&
              append(ingest, &ingest->tags, key, is_tag ? 0 : strlen(key), "too many tags") &&
              append(ingest, &ingest->tags, ":", !is_tag, "too many tags") &&
              append(ingest, &ingest->tags, value, strlen(value), "too many tags");
    return ok ? MHD_YES : MHD_NO;
}

struct ingest *ingest_new(struct store *store, struct MHD_Connection *connection, enum ingest_kind kind, struct merge_budget *budget,
                          size_t max_body_bytes) {
    struct ingest *ingest = calloc(1, sizeof *ingest);
    const char *sent_tags = sender_tags(connection);
    if (!ingest || (sent_tags && !(ingest->sent_tags = strdup(sent_tags)))) {
        free(ingest);
        return NULL;
    }
    ingest->store = store;
    ingest->kind = kind;
    ingest->budget = budget;
    ingest->max_body_bytes = max_body_bytes;
    ingest->deadline_s = monotonic_s() + UPLOAD_MAX_SECONDS;
    ingest->event.limit = EVENT_MAX_BYTES;
    ingest->tags.limit = UPLOAD_EVENT_TAGS_MAX_BYTES;
    ingest->is_here = sender_is_here(connection);
    if (kind == INGEST_IMPORT) {
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, ingest);
    }
    begin(ingest, connection);
    return ingest;
}

// ---- The body ----

static void parse(struct ingest *ingest, const char *bytes, size_t size) {
    if (ingest->error == RECEIVER_OK && size > 0 && MHD_post_process(ingest->parser, bytes, size) != MHD_YES) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the body is not well-formed multipart");
    }
}

bool ingest_data(struct ingest *ingest, const char *bytes, size_t size) {
    ingest->body_bytes += size;
    if (ingest->body_bytes > ingest->max_body_bytes) {
        refuse(ingest, RECEIVER_TOO_LARGE, "the body is larger than the limit");
    }
    if (ingest->error != RECEIVER_OK) {
        // The rest is read so that the client receives the reason, but not without end.
        return ingest->body_bytes <= 2 * ingest->max_body_bytes && monotonic_s() < ingest->deadline_s;
    }
    if (ingest->whole) {
        enum receiver_error error = pending_upload_write(ingest->pending, bytes, size);
        if (error != RECEIVER_OK) {
            refuse(ingest, error, receiver_error_text(error));
        }
        return monotonic_s() < ingest->deadline_s;
    }
    size_t total = ingest->tail_bytes + size;
    size_t excess = total > ingest->hold_bytes ? total - ingest->hold_bytes : 0;
    size_t from_tail = excess < ingest->tail_bytes ? excess : ingest->tail_bytes, from_bytes = excess - from_tail;
    parse(ingest, ingest->tail, from_tail);
    parse(ingest, bytes, from_bytes);
    memmove(ingest->tail, ingest->tail + from_tail, ingest->tail_bytes - from_tail);
    memcpy(ingest->tail + ingest->tail_bytes - from_tail, bytes + from_bytes, size - from_bytes);
    ingest->tail_bytes = total - excess;
    return monotonic_s() < ingest->deadline_s;
}

// The body is complete: the held bytes must end with the closing boundary.
static void close_body(struct ingest *ingest) {
    size_t size = ingest->tail_bytes, length = strlen(ingest->closing);
    while (size > 0 && (ingest->tail[size - 1] == '\r' || ingest->tail[size - 1] == '\n')) {
        size--;
    }
    if (size < length || memcmp(ingest->tail + size - length, ingest->closing, length) != 0) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the body is cut: it does not end with the closing boundary");
    }
    parse(ingest, ingest->tail, size);
    bool ended = MHD_destroy_post_processor(ingest->parser) == MHD_YES;
    ingest->parser = NULL;
    if (!ended) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the body is not well-formed multipart");
    }
}

// Form fields replace a missing event.
static void write_event(struct ingest *ingest) {
    struct json json = {0};
    form_write(&ingest->form, &json);
    if (json_failed(&json)) {
        refuse(ingest, RECEIVER_NO_MEMORY, receiver_error_text(RECEIVER_NO_MEMORY));
    } else {
        append(ingest, &ingest->event, json.bytes, json.size, "the event part is larger than 256 KiB");
    }
    json_free(&json);
}

static void add_tags(struct ingest *ingest, const char *tags) {
    if (append(ingest, &ingest->tags, ",", ingest->tags.size > 0, "too many tags")) {
        append(ingest, &ingest->tags, tags, strlen(tags), "too many tags");
    }
}

// Tags of the sender come last: the upload's own take precedence.
static void add_sender(struct ingest *ingest) {
    char own_host[300];
    if (ingest->sent_tags) {
        add_tags(ingest, ingest->sent_tags);
    }
    if (ingest->is_here && !sender_has_tag(ingest->tags.bytes, ingest->tags.size, "host") &&
        !sender_event_has_host(ingest->event.bytes, ingest->event.size)) {
        sender_own_host(own_host, sizeof own_host);
        if (*own_host) {
            add_tags(ingest, own_host);
        }
    }
}

static void complete(struct ingest *ingest) {
    if (!ingest->whole) {
        close_body(ingest);
    } else if (ingest->body_bytes == 0) {
        refuse(ingest, RECEIVER_BAD_UPLOAD, "the body is empty");
    }
    if (ingest->error == RECEIVER_OK && !ingest->has_event) {
        if (ingest->kind == INGEST_IMPORT || form_is_event(&ingest->form)) {
            write_event(ingest);
        } else {
            refuse(ingest, RECEIVER_BAD_UPLOAD, "there is no event part");
        }
    }
    if (ingest->error == RECEIVER_OK) {
        add_sender(ingest);
    }
    if (ingest->error == RECEIVER_OK && pending_upload_may_convert(ingest->pending)) {
        char text[sizeof ingest->reason] = "";
        enum receiver_error error = pending_upload_convert(ingest->pending, ingest->whole, ingest->budget, text, sizeof text);
        if (error != RECEIVER_OK) {
            refuse(ingest, error, text);
        }
    }
}

static void on_kept(void *context, enum receiver_error error, int64_t id, const char *reason) {
    struct ingest *ingest = context;
    ingest->id = id;
    if (error != RECEIVER_OK) {
        refuse(ingest, error, reason);
    }
    ingest->done(ingest->context);
}

void ingest_finish(struct ingest *ingest, void (*done)(void *context), void *context) {
    ingest->done = done;
    ingest->context = context;
    if (ingest->error == RECEIVER_OK) {
        complete(ingest);
    }
    if (ingest->error != RECEIVER_OK) {
        done(context);
        return;
    }
    pending_upload_keep(ingest->pending, ingest->event.bytes ? ingest->event.bytes : "", ingest->event.size, ingest->tags.bytes, on_kept,
                        ingest);
}

bool ingest_takes_time(const struct ingest *ingest) {
    return ingest->event.size > EVENT_QUICK_BYTES || ingest_converts(ingest);
}

bool ingest_converts(const struct ingest *ingest) {
    return ingest->error == RECEIVER_OK && pending_upload_may_convert(ingest->pending);
}

enum receiver_error ingest_result(const struct ingest *ingest, int64_t *id, const char **reason, const char **refused) {
    *id = ingest->id;
    *reason = ingest->reason;
    *refused = ingest->pending ? pending_upload_refused(ingest->pending) : NULL;
    return ingest->error;
}

void ingest_free(struct ingest *ingest) {
    if (!ingest) {
        return;
    }
    if (ingest->parser) {
        MHD_destroy_post_processor(ingest->parser);
    }
    pending_upload_free(ingest->pending);
    free(ingest->event.bytes);
    free(ingest->tags.bytes);
    free(ingest->sent_tags);
    free(ingest);
}
