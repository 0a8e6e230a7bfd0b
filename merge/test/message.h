// message.h: hand-written encoded profiles, valid and malformed, for the tests of decode.c and decode_tables.c.
#ifndef CMEMPROF_MERGE_TEST_MESSAGE_H
#define CMEMPROF_MERGE_TEST_MESSAGE_H

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../wire.h"

// numbers: pairs of field and value, terminated by field 0.
static inline void put_message(struct wire_writer *writer, uint32_t field, const uint64_t *numbers) {
    size_t message = wire_open(writer, field);
    for (; *numbers; numbers += 2) {
        wire_write_varint(writer, numbers[0] << 3);
        wire_write_varint(writer, numbers[1]);
    }
    wire_close(writer, message);
}
#define PUT(writer, field, ...) put_message(writer, field, (const uint64_t[]){__VA_ARGS__, 0})

static inline void put_text(struct wire_writer *writer, const char *text) {
    wire_write_bytes(writer, 6, text, strlen(text));
}

// Strings "", "a", "b" (1, 2), the type a/b, mapping 1, function 1, location 1 with one line of function 1.
static inline struct wire_writer good_message(void) {
    struct wire_writer writer = {0};
    put_text(&writer, "");
    put_text(&writer, "a");
    put_text(&writer, "b");
    PUT(&writer, 1, 1, 1, 2, 2);
    PUT(&writer, 3, 1, 1, 2, 0x1000, 3, 0x2000, 5, 1);
    PUT(&writer, 5, 1, 1, 2, 2);
    PUT(&writer, 4, 1, 1, 2, 1, 3, 0x1234);
    return writer;
}

// Decodes and frees. The bytes are copied to a block of exact size, so that sanitizers detect reads past the end.
static inline enum merge_error decode_message(struct wire_writer *writer, const struct merge_limits *limits, struct profile **profile,
                                              struct merge_fault *fault) {
    uint8_t *copy = malloc(writer->size);
    if (writer->size > 0) {
        memcpy(copy, writer->bytes, writer->size);
    }
    *profile = profile_new();
    enum merge_error error = profile_decode(*profile, copy, writer->size, limits, NULL, fault);
    free(copy);
    wire_free(writer);
    return error;
}

static inline void expect_fault(struct wire_writer *writer, enum merge_error error, const char *text) {
    struct merge_fault fault;
    struct profile *profile;
    assert_int_equal(decode_message(writer, NULL, &profile, &fault), error);
    assert_int_equal(fault.error, error);
    if (!strstr(fault.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, text);
    }
    assert_int_equal(profile_status(profile), MERGE_OK); // a malformed input does not change the profile
    struct blob empty;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &empty.bytes, &empty.size), MERGE_OK);
    free(empty.bytes);
    profile_free(profile);
}

#endif
