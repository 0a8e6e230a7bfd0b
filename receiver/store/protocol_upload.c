// protocol_upload.c: a POST in another protocol, from its head to its end (protocol_upload.h).
#include "protocol_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct protocol *protocol_of(const char *path) {
    static const struct protocol *const all[] = {&protocol_otlp, &protocol_pyroscope_push, &protocol_pyroscope_ingest};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(path, all[i]->path) == 0) {
            return all[i];
        }
    }
    return NULL;
}

struct protocol_upload *protocol_upload_new(const struct protocol *protocol, struct store *store, struct MHD_Connection *connection,
                                            struct merge_budget *budget, size_t max_body_bytes) {
    struct protocol_upload *upload = calloc(1, sizeof *upload);
    if (upload) {
        *upload = (struct protocol_upload){.protocol = protocol, .budget = budget, .body = {.budget = budget, .max_bytes = max_body_bytes}};
        made_uploads_init(&upload->made, store, connection);
        protocol->begin(upload, connection);
    }
    return upload;
}

bool protocol_upload_data(struct protocol_upload *upload, const char *bytes, size_t size) {
    enum receiver_error error = request_body_add(&upload->body, bytes, size);
    if (error == RECEIVER_TOO_LARGE) {
        made_uploads_refuse(&upload->made, error, "the body is larger than the limit");
    } else if (error != RECEIVER_OK) {
        made_uploads_fail(&upload->made, error);
    } else if (upload->made.error != RECEIVER_OK) {
        request_body_drop(&upload->body);
    }
    return !request_body_is_endless(&upload->body);
}

void protocol_upload_fault(struct protocol_upload *upload, enum merge_error error, const struct merge_fault *fault, const char *what) {
    if (error == MERGE_OK || upload->made.error != RECEIVER_OK) {
        return;
    }
    // Nothing else takes of the budget: another time it would not fit either.
    bool alone = __atomic_load_n(&upload->budget->used_bytes, __ATOMIC_RELAXED) <= upload->body.capacity + upload->own_bytes;
    if (error == MERGE_NO_MEMORY && alone && upload->budget->exceeded) {
        made_uploads_refuse(&upload->made, RECEIVER_TOO_LARGE, "its profiles take more memory than the receiver has for such requests");
    } else if (error == MERGE_NO_MEMORY) {
        made_uploads_fail(&upload->made, RECEIVER_NO_MEMORY);
    } else {
        char text[sizeof upload->made.reason];
        snprintf(text, sizeof text, "not %s: %.160s", what, *fault->text ? fault->text : merge_error_text(error));
        made_uploads_refuse(&upload->made, error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD, text);
    }
}

void protocol_upload_finish(struct protocol_upload *upload, void (*done)(void *context), void *context) {
    if (upload->made.error == RECEIVER_OK) {
        struct merge_budget *before = merge_use_budget(upload->budget);
        upload->protocol->read(upload);
        merge_use_budget(before);
    }
    request_body_drop(&upload->body);
    made_uploads_keep(&upload->made, done, context);
}

enum receiver_error protocol_upload_result(const struct protocol_upload *upload, const char **reason) {
    bool kept = upload->made.error == RECEIVER_OK && *upload->made.left_out;
    *reason = kept ? upload->made.left_out : upload->made.reason;
    return kept ? RECEIVER_BAD_UPLOAD : upload->made.error;
}

void protocol_upload_free(struct protocol_upload *upload) {
    if (upload) {
        request_body_drop(&upload->body);
        made_uploads_destroy(&upload->made);
        if (upload->own) {
            struct merge_budget *before = merge_use_budget(upload->budget);
            upload->protocol->forget(upload->own);
            merge_use_budget(before);
        }
        free(upload);
    }
}
