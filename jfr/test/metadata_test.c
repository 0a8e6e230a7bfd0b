// metadata_test.c: types with their fields and annotations, in each encoding and width; malformed metadata.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../metadata.h"

static void make(struct maker *maker, unsigned encoding, bool fixed) {
    maker_init(maker);
    maker->encoding = encoding;
    maker->fixed = fixed;
    java_types(maker);
    maker_type(maker, "app.Event", "event",
               "startTime:long@ticks duration:long@span wait:long@ms size:long@bytes thread:java.lang.Thread* ids:int[]");
    maker_begin(maker);
    maker_finish(maker);
}

static const char *read_cut(const struct maker *maker, size_t size, struct jfr_metadata *metadata) {
    bool no_memory;
    *metadata = (struct jfr_metadata){0};
    const char *fault =
        jfr_metadata_read(metadata, (struct jfr_cursor){maker->bytes + 68, maker->bytes + 68 + size, maker->fixed, false}, &no_memory);
    assert_false(no_memory);
    return fault;
}

static void expect_member(const struct jfr_member *member, const char *name, enum jfr_content content, enum jfr_clock clock) {
    assert_string_equal(member->name, name);
    assert_int_equal(member->content, content);
    assert_int_equal(member->clock, clock);
}

TEST(types_have_fields) {
    for (unsigned way = 0; way < 6; way++) {
        struct maker maker;
        struct jfr_metadata metadata;
        make(&maker, 3 + way % 3, way >= 3);
        assert_null(read_cut(&maker, maker.size - 68, &metadata));
        assert_int_equal(metadata.count, maker.type_count);
        uint32_t index = jfr_metadata_named(&metadata, "app.Event");
        const struct jfr_class *class = &metadata.classes[index];
        assert_int_equal(jfr_metadata_find(&metadata, maker_id(&maker, "app.Event")), index);
        assert_int_equal(jfr_metadata_find(&metadata, 99999), JFR_NO_CLASS);
        assert_string_equal(class->label, "Label of app.Event");
        assert_true(class->event && !class->simple && class->form == JFR_FORM_STRUCT);
        assert_int_equal(class->member_count, 6);
        const struct jfr_member *members = jfr_members(&metadata, class);
        expect_member(&members[0], "startTime", JFR_INSTANT, JFR_CLOCK_TICKS);
        expect_member(&members[1], "duration", JFR_TIMESPAN, JFR_CLOCK_TICKS);
        expect_member(&members[2], "wait", JFR_TIMESPAN, JFR_CLOCK_MS);
        expect_member(&members[3], "size", JFR_BYTES, JFR_CLOCK_TICKS);
        expect_member(&members[4], "thread", JFR_PLAIN, JFR_CLOCK_TICKS);
        assert_true(members[4].pool && !members[4].array && !members[5].pool && members[5].array);
        assert_string_equal(metadata.classes[members[4].class].name, "java.lang.Thread");
        const struct jfr_class *symbol = &metadata.classes[jfr_metadata_named(&metadata, "jdk.types.Symbol")];
        assert_true(symbol->simple && !symbol->event && symbol->member_count == 1);
        assert_int_equal(metadata.classes[jfr_metadata_named(&metadata, "short")].width, 2);
        assert_int_equal(jfr_metadata_named(&metadata, "app.Other"), JFR_NO_CLASS);
        jfr_metadata_free(&metadata);
        maker_free(&maker);
    }
}

TEST(a_cut_is_a_fault) {
    struct maker maker;
    struct jfr_metadata metadata;
    make(&maker, 3, false);
    for (size_t size = 0; size < maker.size - 68; size += 7) {
        assert_string_equal(read_cut(&maker, size, &metadata), "no metadata event where it should be");
        jfr_metadata_free(&metadata);
    }
    maker_free(&maker);
}

// Elements inside of elements without an end.
TEST(endless_nesting_is_a_fault) {
    struct maker maker;
    struct jfr_metadata metadata;
    maker_init(&maker);
    maker_begin(&maker);
    maker_open(&maker, 0);
    maker_number(&maker, 1), maker_number(&maker, 0), maker_number(&maker, 1);
    maker_int(&maker, 1), maker_text(&maker, "root");
    for (int i = 0; i < 100000; i++) {
        maker_int(&maker, 0), maker_int(&maker, 0), maker_int(&maker, 1);
    }
    maker_end(&maker);
    assert_string_equal(read_cut(&maker, maker.size - 68, &metadata), "damaged metadata");
    jfr_metadata_free(&metadata);
    maker_free(&maker);
}

// Any byte changed: an answer or a fault, within the input (by the sanitized build).
TEST(damage_is_survived) {
    struct maker maker;
    struct jfr_metadata metadata;
    uint64_t random = 88172645463325252u;
    make(&maker, 4, false);
    for (int round = 0; round < 3000; round++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17; // xorshift64
        size_t at = 68 + random % (maker.size - 68);
        uint8_t was = maker.bytes[at];
        maker.bytes[at] = (uint8_t)(random >> 32);
        const char *fault = read_cut(&maker, maker.size - 68, &metadata);
        assert_true(!fault || *fault);
        jfr_metadata_free(&metadata);
        maker.bytes[at] = was;
    }
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
