// requests.h: requests for tests: of real profiles, and written by hand.
#ifndef CMEMPROF_OTLP_TEST_REQUESTS_H
#define CMEMPROF_OTLP_TEST_REQUESTS_H

#include "../../merge/test/sample_profile.h"

#include "../../merge/wire.h"
#include "../otlp.h"

// A copy.
static inline struct blob encoded(struct otlp_request *request, enum merge_compression compression) {
    const uint8_t *bytes;
    struct blob blob;
    assert_int_equal(otlp_encode(request, compression, &bytes, &blob.size), MERGE_OK);
    blob.bytes = malloc(blob.size);
    memcpy(blob.bytes, bytes, blob.size);
    return blob;
}

static inline struct blob request_of(const char *file, struct profile *profile) {
    static const struct otlp_attribute attributes[] = {{"service.name", "shop", 0}, {"process.pid", NULL, 7}};
    struct otlp_request *request = otlp_request_new();
    struct blob blob;
    assert_non_null(request);
    otlp_begin_resource(request, attributes, 2);
    assert_int_equal(otlp_add(request, file, profile), MERGE_OK);
    blob = encoded(request, MERGE_RAW);
    otlp_request_free(request);
    return blob;
}

// What was taken: each profile encoded again.
struct taken {
    size_t count;
    struct blob profiles[8];
    char files[8][64], services[8][64], scopes[8][64];
    size_t attributes, longest_text;
};

static inline enum merge_error take(void *context, const struct otlp_profile *one) {
    struct taken *taken = context;
    size_t at = taken->count++;
    assert_true(at < 8);
    snprintf(taken->files[at], sizeof taken->files[at], "%s", one->file);
    snprintf(taken->scopes[at], sizeof taken->scopes[at], "%s", one->scope);
    for (size_t i = 0; i < one->resource->count; i++) {
        size_t size = one->resource->attributes[i].text ? strlen(one->resource->attributes[i].text) : 0;
        taken->longest_text = size > taken->longest_text ? size : taken->longest_text;
        if (strcmp(one->resource->attributes[i].key, "service.name") == 0 && one->resource->attributes[i].text) {
            snprintf(taken->services[at], sizeof taken->services[at], "%s", one->resource->attributes[i].text);
        }
    }
    taken->attributes = one->resource->count;
    return profile_encode(one->profile, MERGE_RAW, &taken->profiles[at].bytes, &taken->profiles[at].size);
}

static inline void taken_free(struct taken *taken) {
    for (size_t i = 0; i < taken->count; i++) {
        free(taken->profiles[i].bytes);
    }
}

// The bytes are copied to a block of exact size, so that sanitizers see reads beyond the end. The blob is freed.
static inline enum merge_error decode_request(struct blob blob, struct taken *taken, struct merge_fault *fault) {
    uint8_t *exact = malloc(blob.size);
    size_t count;
    if (blob.size > 0) {
        memcpy(exact, blob.bytes, blob.size);
    }
    free(blob.bytes);
    *taken = (struct taken){0};
    enum merge_error error = otlp_decode(exact, blob.size, NULL, take, taken, &count, fault);
    assert_int_equal(count, taken->count);
    free(exact);
    return error;
}

// ---- By hand ----

static inline void put_strings(struct wire_writer *writer, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        wire_write_bytes(writer, 5, texts[i], strlen(texts[i]));
    }
}

// numbers: pairs of field and value, terminated by field 0. A field above 1000 is packed: 1004 is field 4.
static inline void put_numbers(struct wire_writer *writer, uint32_t field, const uint64_t *numbers) {
    size_t message = wire_open(writer, field);
    for (; *numbers; numbers += 2) {
        if (*numbers > 1000) {
            size_t run = wire_open(writer, (uint32_t)*numbers - 1000);
            wire_write_varint(writer, numbers[1]);
            wire_close(writer, run);
        } else {
            wire_write_varint(writer, numbers[0] << 3);
            wire_write_varint(writer, numbers[1]);
        }
    }
    wire_close(writer, message);
}
#define PUT(writer, field, ...) put_numbers(writer, field, (const uint64_t[]){__VA_ARGS__, 0})

// Strings 1 samples, 2 count, 3 work, 4 key, 5 value. Function 1 work, location 1, stack 1, attribute 1 key=value, link 1 of zeros.
static inline void put_dictionary(struct wire_writer *writer) {
    static const char *const texts[] = {"", "samples", "count", "work", "key", "value"};
    size_t dictionary = wire_open(writer, 2);
    PUT(writer, 1, 0);
    PUT(writer, 2, 0), PUT(writer, 3, 0), PUT(writer, 3, 1, 3);
    size_t location = wire_open(writer, 2);
    PUT(writer, 3, 1, 1, 2, 42);
    wire_close(writer, location);
    PUT(writer, 4, 0);
    size_t link = wire_open(writer, 4);
    wire_write_bytes(writer, 1, "\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10", 16);
    wire_write_bytes(writer, 2, "\1\2\3\4\5\6\7\10", 8);
    wire_close(writer, link);
    put_strings(writer, texts, 6);
    PUT(writer, 6, 0);
    size_t attribute = wire_open(writer, 6);
    wire_write_number(writer, 1, 4);
    size_t value = wire_open(writer, 2);
    wire_write_bytes(writer, 1, "value", 5);
    wire_close(writer, value);
    wire_close(writer, attribute);
    PUT(writer, 7, 0), PUT(writer, 7, 1001, 1);
    wire_close(writer, dictionary);
}

// A request with that dictionary and one profile, of samples that `put` writes as field 2.
static inline struct blob request_with(void (*put)(struct wire_writer *writer)) {
    struct wire_writer writer = {0};
    struct blob blob;
    size_t resource = wire_open(&writer, 1), scope = wire_open(&writer, 2), profile = wire_open(&writer, 2);
    PUT(&writer, 1, 1, 1, 2, 2);
    put(&writer);
    wire_write_number(&writer, 4, 1000);
    wire_close(&writer, profile);
    wire_close(&writer, scope);
    wire_close(&writer, resource);
    put_dictionary(&writer);
    assert_true(wire_hand_over(&writer, &blob.bytes, &blob.size));
    return blob;
}

// One profile with one sample whose leaf is work.
static inline struct profile *only_profile(struct taken *taken) {
    assert_int_equal(taken->count, 1);
    return decode_or_fail(taken->profiles[0]);
}

#endif
