// jfr_metadata_test.c: numbers in both forms, names of types, and malformed metadata.

#include "../../../base/test/test.h"

#include "recording.h"

#include "../jfr_metadata.h"

TEST(numbers) {
    static const struct {
        uint8_t bytes[9];
        size_t size;
        uint64_t value;
    } numbers[] = {{{0}, 1, 0},
                   {{0x7F}, 1, 127},
                   {{0x80, 1}, 2, 128},
                   {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 9, UINT64_MAX},
                   {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}, 9, (uint64_t)1 << 63}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t size = 0; size <= numbers[i].size; size++) {
            struct jfr_reader reader = {numbers[i].bytes, numbers[i].bytes + size, true, false};
            uint64_t value = jfr_read_number(&reader);
            assert_int_equal(reader.failed, size < numbers[i].size);
            assert_true(size < numbers[i].size || value == numbers[i].value);
        }
    }
    static const uint8_t wide[] = {0, 0, 0, 0, 0, 0, 1, 2};
    struct jfr_reader reader = {wide, wide + 8, false, false};
    assert_true(jfr_read_number(&reader) == 258 && !reader.failed);
    reader.at = wide + 4;
    assert_true(jfr_read_size(&reader) == 258 && !reader.failed);
    jfr_read_size(&reader);
    assert_true(reader.failed);
}

static const char *read_metadata(const struct recording *recording, struct jfr_metadata *metadata) {
    *metadata = (struct jfr_metadata){0};
    return jfr_metadata_read(metadata, (struct jfr_reader){recording->bytes, recording->bytes + recording->size, true, false});
}

TEST(names) {
    struct recording recording = {0};
    struct jfr_metadata metadata;
    put_metadata(&recording, 4);
    assert_null(read_metadata(&recording, &metadata));
    assert_int_equal(metadata.count, 3);
    assert_string_equal(metadata.classes[0].name, "app.Sample");
    assert_string_equal(metadata.classes[0].label, "A sample");
    assert_null(metadata.classes[1].label);
    assert_true(jfr_metadata_count(&metadata, 101, 50) && jfr_metadata_count(&metadata, 999, 1));
    assert_true(metadata.classes[1].events == 1 && metadata.classes[1].bytes == 50);
    assert_int_equal(metadata.count, 4);
    assert_null(metadata.classes[3].name);
    jfr_metadata_free(&metadata);
}

TEST(damaged) {
    struct recording recording = {0};
    struct jfr_metadata metadata;
    put_metadata(&recording, 3);
    for (size_t size = 0; size < recording.size; size++) {
        struct recording cut = recording;
        cut.size = size;
        assert_non_null(read_metadata(&cut, &metadata));
        jfr_metadata_free(&metadata);
    }
    // Endlessly nested elements.
    struct recording deep = {0};
    const unsigned header[] = {0, 1, 1, 1, 1};
    deep.size = 2;
    for (size_t i = 0; i < 5; i++) {
        put_number(&deep, header[i]);
    }
    put_text(&deep, "root", 3);
    while (deep.size < 4000) {
        put_number(&deep, 0), put_number(&deep, 0), put_number(&deep, 1);
    }
    deep.bytes[0] = (uint8_t)(deep.size & 0x7F) | 0x80;
    deep.bytes[1] = (uint8_t)(deep.size >> 7);
    assert_string_equal(read_metadata(&deep, &metadata), "damaged metadata");
    jfr_metadata_free(&metadata);
}

int main(void) {
    return tests_run();
}
