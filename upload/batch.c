// batch.c: see batch.h.
#include "batch.h"
#include "../base/fnv.h"
#include "../base/check.h"

#include "batch_memory.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum part_kind { PART_ATTACHMENT = 1, PART_HEADER, PART_EVENT };
enum { VERSION = 1, PART_BYTES = 16, CHECKSUM_AT = 24 };

static const char magic[8] = {'c', 'm', 'e', 'm', 'p', 'r', 'o', 'f'};

uint64_t upload_batch_checksum(const uint8_t *bytes, size_t size) {
    CHECK(size >= UPLOAD_BATCH_HEADER_BYTES);
    uint64_t hash = fnv64(FNV64_START, bytes, CHECKSUM_AT);
    return fnv64(hash, bytes + UPLOAD_BATCH_HEADER_BYTES, size - UPLOAD_BATCH_HEADER_BYTES);
}

// ---- Numbers ----

static uint32_t get_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static uint64_t get_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size) {
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value) {
    value = htole32(value);
    return put(at, &value, sizeof value);
}

static uint8_t *put_u64(uint8_t *at, uint64_t value) {
    value = htole64(value);
    return put(at, &value, sizeof value);
}

// ---- Encode ----

static size_t part_size(const char *name, size_t content_size) {
    return PART_BYTES + strlen(name) + 1 + content_size;
}

static uint8_t *put_part(uint8_t *at, enum part_kind kind, const char *name, const void *content, size_t content_size) {
    at = put_u32(at, kind);
    at = put_u32(at, (uint32_t)strlen(name));
    at = put_u64(at, content_size);
    at = put(at, name, strlen(name) + 1);
    return put(at, content, content_size);
}

static size_t size_of_all(const struct upload_request *request) {
    size_t size = UPLOAD_BATCH_HEADER_BYTES + part_size("event.json", request->event_size);
    for (size_t i = 0; i < request->attachment_count; i++) {
        size += part_size(request->attachments[i].name, request->attachments[i].size);
    }
    for (size_t i = 0; i < request->batch_header_count; i++) {
        size += part_size(request->batch_headers[i], 0);
    }
    return size;
}

static void write_all(const struct upload_request *request, uint8_t *bytes, size_t size) {
    uint8_t *at = put(bytes, magic, sizeof magic);
    at = put_u32(at, VERSION);
    at = put_u32(at, (uint32_t)(request->attachment_count + request->batch_header_count + 1));
    at = put_u64(at, size);
    at += sizeof(uint64_t);
    for (size_t i = 0; i < request->batch_header_count; i++) {
        at = put_part(at, PART_HEADER, request->batch_headers[i], NULL, 0);
    }
    for (size_t i = 0; i < request->attachment_count; i++) {
        const struct upload_attachment *attachment = &request->attachments[i];
        at = put_part(at, PART_ATTACHMENT, attachment->name, attachment->bytes, attachment->size);
    }
    put_part(at, PART_EVENT, "event.json", request->event, request->event_size);
    put_u64(bytes + CHECKSUM_AT, upload_batch_checksum(bytes, size));
}

struct upload_batch *upload_batch_new(const struct upload_request *request) {
    struct upload_batch *batch;
    if (!request->event || request->attachment_count + request->batch_header_count + 1 > UPLOAD_BATCH_MAX_PARTS) {
        return NULL;
    }
    size_t size = size_of_all(request);
    uint8_t *bytes = batch_memory_take(size);
    if (!bytes) {
        return NULL;
    }
    write_all(request, bytes, size);
    return upload_batch_parse(bytes, size, &batch) == UPLOAD_BATCH_FINE ? batch : NULL;
}

// ---- Decode ----

// Reads the part at *at and advances *at. false: malformed.
static bool read_part(struct upload_batch *batch, const uint8_t **at) {
    size_t left = (size_t)(batch->bytes + batch->size - *at);
    if (left < PART_BYTES) {
        return false;
    }
    uint32_t kind = get_u32(*at), name_size = get_u32(*at + 4);
    uint64_t content_size = get_u64(*at + 8);
    const uint8_t *name = *at + PART_BYTES;
    left -= PART_BYTES;
    if (left <= name_size || left - name_size - 1 < content_size || memchr(name, '\0', (size_t)name_size + 1) != name + name_size) {
        return false;
    }
    const uint8_t *content = name + name_size + 1;
    *at = content + content_size;
    switch (kind) {
    case PART_ATTACHMENT:
        batch->attachments[batch->attachment_count++] = (struct upload_attachment){(const char *)name, content, content_size};
        return true;
    case PART_HEADER:
        batch->headers[batch->header_count++] = (const char *)name;
        return content_size == 0;
    case PART_EVENT:
        if (batch->event) {
            return false;
        }
        batch->event = content;
        batch->event_size = content_size;
        return true;
    default:
        return false;
    }
}

static bool header_is_fine(const uint8_t *bytes, size_t size) {
    return size >= UPLOAD_BATCH_HEADER_BYTES && memcmp(bytes, magic, sizeof magic) == 0 && get_u32(bytes + 8) == VERSION &&
           get_u32(bytes + 12) <= UPLOAD_BATCH_MAX_PARTS && get_u64(bytes + 16) == size &&
           get_u64(bytes + CHECKSUM_AT) == upload_batch_checksum(bytes, size);
}

static bool read_parts(struct upload_batch *batch, uint32_t part_count) {
    const uint8_t *at = batch->bytes + UPLOAD_BATCH_HEADER_BYTES;
    for (uint32_t i = 0; i < part_count; i++) {
        if (!read_part(batch, &at)) {
            return false;
        }
    }
    return batch->event && at == batch->bytes + batch->size;
}

enum upload_batch_fault upload_batch_parse(uint8_t *bytes, size_t size, struct upload_batch **result) {
    *result = NULL;
    if (!header_is_fine(bytes, size)) {
        batch_memory_free(bytes, size);
        return UPLOAD_BATCH_DAMAGED;
    }
    uint32_t part_count = get_u32(bytes + 12);
    struct upload_batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        batch_memory_free(bytes, size);
        return UPLOAD_BATCH_NO_MEMORY;
    }
    *batch = (struct upload_batch){.bytes = bytes, .size = size, .spool_fd = -1};
    batch->attachments = calloc(part_count + 1, sizeof *batch->attachments);
    batch->headers = calloc(part_count + 1, sizeof *batch->headers);
    enum upload_batch_fault fault = UPLOAD_BATCH_NO_MEMORY;
    if (batch->attachments && batch->headers) {
        fault = read_parts(batch, part_count) ? UPLOAD_BATCH_FINE : UPLOAD_BATCH_DAMAGED;
    }
    if (fault == UPLOAD_BATCH_FINE) {
        *result = batch;
    } else {
        upload_batch_free(batch);
    }
    return fault;
}

// ---- Use ----

void upload_batch_fill(const struct upload_batch *batch, struct upload_request *request) {
    request->attachments = batch->attachments;
    request->attachment_count = batch->attachment_count;
    request->batch_headers = batch->headers;
    request->batch_header_count = batch->header_count;
    request->event = batch->event;
    request->event_size = batch->event_size;
}

void upload_batch_free(struct upload_batch *batch) {
    if (batch) {
        free(batch->attachments);
        free(batch->headers);
        batch_memory_free(batch->bytes, batch->size);
        free(batch);
    }
}
