// expect.h: for tests of readers of foreign files: what is read of a text, as text.
//
// A line for each sample: its frames leaf first, "f:12<main", with the file of unnamed ones ("app+0x10"), its values, and its labels.
#ifndef CMEMPROF_FOREIGN_TEST_EXPECT_H
#define CMEMPROF_FOREIGN_TEST_EXPECT_H

#include "../../base/test/test.h"

#include <inttypes.h>

#include "../foreign.h"

// Work that grows with the square shows by its size, which the plain copy of a test has: each step takes a sanitizer ten times as long.
#ifdef __SANITIZE_ADDRESS__
#define EXPECT_MANY(count) ((count) / 20)
#else
#define EXPECT_MANY(count) (count)
#endif

static inline void expect_write_frame(FILE *out, const struct profile_frame *frame) {
    if (*frame->function) {
        fprintf(out, "%s", frame->function);
    } else {
        fprintf(out, "%s+0x%" PRIx64, frame->mapping_file, frame->file_offset);
    }
    if (*frame->file) {
        fprintf(out, "@%s", frame->file);
    }
    if (frame->line > 0) {
        fprintf(out, ":%" PRId64, frame->line);
    }
}

// "samples time\nf<main 1 2 key=text\n", then warnings in brackets. The caller frees it.
static inline char *expect_dump(struct profile *profile) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        fprintf(out, "%s%s/%s", i > 0 ? " " : "", profile_sample_type_name(profile, i), profile_sample_type_unit(profile, i));
    }
    fprintf(out, "\n");
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        for (size_t frame = 0; frame < sample.frame_count; frame++) {
            fprintf(out, "%s", frame > 0 ? "<" : "");
            expect_write_frame(out, &sample.frames[frame]);
        }
        for (size_t value = 0; value < profile_sample_type_count(profile); value++) {
            fprintf(out, " %" PRId64, sample.values[value]);
        }
        for (size_t label = 0; label < sample.label_count; label++) {
            const struct profile_label *of = &sample.labels[label];
            of->text ? fprintf(out, " %s=%s", of->key, of->text) : fprintf(out, " %s=%" PRId64, of->key, of->number);
        }
        fprintf(out, "\n");
    }
    const char *warnings[8];
    size_t count = profile_warnings(profile, warnings, 8);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "[%s]\n", warnings[i]);
    }
    fclose(out);
    return text;
}

static inline void expect_bytes(enum foreign_format format, const void *bytes, size_t size, const char *expected) {
    struct merge_fault fault = {0};
    char *copy = malloc(size + 1); // so that a byte too far is found
    memcpy(copy, bytes, size);
    copy = realloc(copy, size > 0 ? size : 1);
    assert_int_equal(foreign_detect(copy, size), format);
    struct profile *profile = foreign_read(format, copy, size, NULL, &fault);
    if (!profile) {
        fail_msg("%s (byte %zu)", fault.text, fault.offset);
    }
    char *text = expect_dump(profile);
    assert_string_equal(text, expected);
    free(text);
    free(copy);
    profile_free(profile);
}
static inline void expect_read(enum foreign_format format, const char *content, const char *expected) {
    expect_bytes(format, content, strlen(content), expected);
}

// The fault's text begins so, and is at that byte.
static inline void expect_fault_of(enum foreign_format format, const void *bytes, size_t size, enum merge_error error, size_t offset,
                                   const char *text) {
    struct merge_fault fault = {0};
    struct profile *profile = foreign_read(format, bytes, size, NULL, &fault);
    if (profile) {
        fail_msg("read, though: %s", text);
    }
    assert_string_equal(fault.text, text);
    assert_int_equal(fault.error, error);
    assert_int_equal(fault.offset, offset);
}
static inline void expect_fault(enum foreign_format format, const char *content, size_t offset, const char *text) {
    expect_fault_of(format, content, strlen(content), MERGE_MALFORMED, offset, text);
}

#endif
