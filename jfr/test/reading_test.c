// reading_test.c: the first walk: what is damaged costs itself only, and is counted.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../jfr.h"

enum { EVENTS = 12 };

static void make(struct maker *maker, size_t at[EVENTS]) {
    maker_init(maker);
    java_types(maker);
    maker_type(maker, "jdk.JavaExceptionThrow", "event", "startTime:long@ticks thrownClass:java.lang.Class*");
    maker_begin(maker);
    java_constants(maker), java_stacks(maker);
    for (int i = 0; i < EVENTS; i++) {
        at[i] = maker->size;
        maker_event(maker, "jdk.JavaExceptionThrow"), maker_number(maker, 1500 + i), maker_number(maker, 1), maker_end(maker);
    }
    maker_finish(maker);
}

// What is read, with the events counted first and while the profile is made. whole: of the events, those whose fields are.
static void expect(const struct maker *maker, uint64_t events, uint64_t whole, uint64_t damages, uint64_t offset, uint64_t lost,
                   const char *text) {
    for (int unread = 0; unread < 2; unread++) {
        struct profile *profiles[JFR_KINDS];
        struct profile_sample_view view;
        const char *warnings[8];
        struct jfr *jfr = unread ? jfr_open_unread(maker->bytes, maker->size, 0, NULL) : jfr_open(maker->bytes, maker->size, 0, NULL);
        assert_non_null(jfr);
        assert_int_equal(jfr_profiles(jfr, 1u << JFR_EXCEPTION, 0, profiles), JFR_OK);
        const struct jfr_about *about = jfr_about(jfr);
        assert_int_equal(about->damages, damages);
        assert_int_equal(about->lost_bytes, lost);
        assert_int_equal(jfr_kind_events(jfr, JFR_EXCEPTION), events);
        assert_int_equal(profile_sample_at(profiles[JFR_EXCEPTION], 0, &view), MERGE_OK);
        assert_int_equal(view.values[0], whole);
        assert_int_equal(profile_warnings(profiles[JFR_EXCEPTION], warnings, 8) > 0, damages > 0);
        if (damages > 0) {
            assert_int_equal(about->damage.offset, offset);
            assert_string_equal(about->damage.text, text);
        }
        profile_free(profiles[JFR_EXCEPTION]);
        jfr_close(jfr);
    }
}

TEST(a_size_that_is_wrong_costs_its_event) {
    struct maker maker;
    size_t at[EVENTS];
    make(&maker, at);
    size_t size = at[1] - at[0];
    expect(&maker, EVENTS, EVENTS, 0, 0, 0, NULL);
    memset(maker.bytes + at[3], 0x80, 3); // size 0
    expect(&maker, EVENTS - 1, EVENTS - 1, 1, at[3], size, "an event of size 0");
    memset(maker.bytes + at[7], 0xFF, 4); // 256 MiB
    expect(&maker, EVENTS - 2, EVENTS - 2, 2, at[3], 2 * size, "an event of size 0");
    memset(maker.bytes + at[8], 0, size); // and its neighbour
    expect(&maker, EVENTS - 3, EVENTS - 3, 2, at[3], 3 * size, "an event of size 0");
    maker_free(&maker);
}

// A size that is too small by a few bytes leads into the event, where no type is found.
TEST(a_size_that_leads_astray_is_noticed) {
    struct maker maker;
    size_t at[EVENTS];
    make(&maker, at);
    maker.bytes[at[5]] = (uint8_t)((at[6] - at[5] - 2) | 0x80);
    maker.bytes[at[6] - 2] = 9, maker.bytes[at[6] - 1] = 99; // of nine bytes and of no type
    expect(&maker, EVENTS, EVENTS - 1, 1, at[6] - 2, 2, "an event of a type that is not in the metadata");
    maker_free(&maker);
}

// As in the JDK's reader.
TEST(an_unknown_type_is_passed_over) {
    struct maker maker;
    size_t at[EVENTS];
    make(&maker, at);
    maker.bytes[at[5] + 4] = 0x7F; // the type's first byte: less than its second one says
    maker.bytes[at[5] + 5] = maker.bytes[at[5] + 5] > 0x7F ? 0x7F : maker.bytes[at[5] + 5];
    expect(&maker, EVENTS - 1, EVENTS - 1, 0, 0, 0, NULL);
    maker_free(&maker);
}

// A size that is too large hides no events: those under it are found from its end on.
TEST(a_size_that_is_too_large_hides_nothing) {
    struct maker maker;
    size_t at[EVENTS];
    make(&maker, at);
    maker.bytes[at[2]] = (uint8_t)((at[6] + 3 - at[2]) | 0x80);
    expect(&maker, EVENTS, EVENTS, 1, at[6] + 3, 0, "an event of size 0");
    maker_free(&maker);
}

// Every byte of every event, changed. One makes an event that ends in the metadata, where by chance something looks like a short event.
TEST(one_byte_costs_few_events) {
    struct maker maker;
    size_t at[EVENTS];
    int many = 0;
    make(&maker, at);
    for (size_t byte = at[0]; byte < at[EVENTS - 4]; byte++) {
        uint8_t before = maker.bytes[byte];
        maker.bytes[byte] ^= 0xFF;
        struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
        assert_in_range(jfr_kind_events(jfr, JFR_EXCEPTION), 1, EVENTS);
        many += jfr_kind_events(jfr, JFR_EXCEPTION) < EVENTS - 2;
        jfr_close(jfr);
        maker.bytes[byte] = before;
    }
    assert_in_range(many, 0, 1);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
