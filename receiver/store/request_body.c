// request_body.c: the body of a request in memory (request_body.h).
#include "request_body.h"

#include <stdlib.h>
#include <string.h>

void request_body_drop(struct request_body *body) {
    struct merge_budget *before = merge_use_budget(body->budget);
    merge_budget_give(body->capacity);
    merge_use_budget(before);
    free(body->bytes);
    body->bytes = NULL;
    body->size = body->capacity = 0;
}

static bool grow(struct request_body *body, size_t wanted) {
    size_t capacity = body->capacity * 2 > wanted ? body->capacity * 2 : wanted + 4096;
    struct merge_budget *before = merge_use_budget(body->budget);
    bool fits = merge_budget_take(capacity - body->capacity);
    char *bytes = fits ? realloc(body->bytes, capacity) : NULL;
    if (fits && !bytes) {
        merge_budget_give(capacity - body->capacity);
    }
    merge_use_budget(before);
    if (bytes) {
        body->bytes = bytes;
        body->capacity = capacity;
    }
    return bytes;
}

enum receiver_error request_body_add(struct request_body *body, const char *bytes, size_t size) {
    body->received += size;
    if (body->received > body->max_bytes) {
        request_body_drop(body);
        return RECEIVER_TOO_LARGE;
    }
    if (body->size + size != body->received || (body->size + size > body->capacity && !grow(body, body->size + size))) {
        request_body_drop(body); // from now on its size lags behind what was received
        return RECEIVER_NO_MEMORY;
    }
    memcpy(body->bytes + body->size, bytes, size);
    body->size += size;
    return RECEIVER_OK;
}

bool request_body_is_endless(const struct request_body *body) {
    return body->received > 2 * body->max_bytes;
}
