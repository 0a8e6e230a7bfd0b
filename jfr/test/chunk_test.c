// chunk_test.c: headers, the walk over events, and times.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../chunk.h"

static void make(struct maker *maker) {
    maker_init(maker);
    maker_basic_types(maker);
    maker_type(maker, "app.Empty", "event", "");
    maker_begin(maker);
    for (int i = 0; i < 3; i++) {
        maker_event(maker, "app.Empty"), maker_end(maker);
    }
    maker_finish(maker);
}

TEST(events_without_fields_are_walked) {
    struct maker maker;
    struct jfr_chunk chunk;
    make(&maker);
    assert_null(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0));
    assert_false(chunk.cut || chunk.fixed);
    struct jfr_walk walk = jfr_walk(&chunk);
    for (int i = 0; i < 3; i++) {
        assert_true(jfr_walk_next(&walk));
        assert_int_equal(walk.type, maker_id(&maker, "app.Empty"));
        assert_ptr_equal(walk.body.at, walk.body.end);
    }
    assert_true(jfr_walk_next(&walk));
    assert_int_equal(walk.type, JFR_TYPE_METADATA);
    assert_false(jfr_walk_next(&walk));
    assert_null(walk.fault);
    maker_free(&maker);
}

TEST(sizes_that_are_wrong_are_faults) {
    static const struct {
        uint8_t size;
        const char *fault;
    } wrong[] = {
        {0, "an event of size 0"}, {3, "an event that is smaller than its header"}, {0x7F, "an event beyond the end of its chunk"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct maker maker;
        struct jfr_chunk chunk;
        make(&maker);
        maker.bytes[68] = wrong[i].size | 0x80;
        maker.bytes[70] = i == 2 ? 0xFF : 0x80;
        assert_null(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0));
        struct jfr_walk walk = jfr_walk(&chunk);
        assert_false(jfr_walk_next(&walk));
        assert_string_equal(walk.fault, wrong[i].fault);
        assert_ptr_equal(walk.event, maker.bytes + 68);
        maker_free(&maker);
    }
}

TEST(headers_that_are_wrong_are_faults) {
    struct maker maker;
    struct jfr_chunk chunk;
    make(&maker);
    assert_string_equal(jfr_chunk_read(&chunk, maker.bytes, 67, 0), "less than the header of a chunk");
    maker_big_endian(&maker, 8, 67, 8);
    assert_string_equal(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0), "a chunk that is smaller than its header");
    maker_big_endian(&maker, 8, 1 << 30, 8);
    assert_null(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0));
    assert_true(chunk.cut && chunk.end == maker.bytes + maker.size);
    maker_big_endian(&maker, 56, (uint64_t)-1, 8);
    assert_string_equal(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0), "a chunk whose clock does not tick");
    maker.bytes[0] = 'X';
    assert_string_equal(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0), "no chunk");
    maker_free(&maker);
}

TEST(ticks_are_times) {
    struct jfr_chunk chunk = {.start_ns = 1700000000000000000, .start_ticks = 500, .ticks_per_second = 2500000000};
    struct jfr_member member = {.content = JFR_INSTANT, .clock = JFR_CLOCK_TICKS};
    assert_true(jfr_chunk_time_ns(&chunk, 500) == 1700000000000000000);
    assert_true(jfr_chunk_time_ns(&chunk, 505) == 1700000000000000002);
    assert_true(jfr_chunk_field_ns(&chunk, &member, 2500000500) == 1700000001000000000);
    assert_true(jfr_chunk_field_ns(&chunk, &member, INT64_MIN) == INT64_MIN);
    member.content = JFR_TIMESPAN;
    assert_true(jfr_chunk_field_ns(&chunk, &member, 2500000000) == 1000000000);
    assert_true(jfr_chunk_field_ns(&chunk, &member, INT64_MAX) == INT64_MAX);
    member.clock = JFR_CLOCK_MS;
    assert_true(jfr_chunk_field_ns(&chunk, &member, -3) == -3000000);
    assert_true(jfr_chunk_field_ns(&chunk, &member, INT64_MAX / 10) == INT64_MAX);
    member.content = JFR_BYTES;
    assert_true(jfr_chunk_field_ns(&chunk, &member, 42) == 42);
    chunk.ticks_per_second = 1;
    assert_true(jfr_chunk_time_ns(&chunk, INT64_MAX) == INT64_MAX);
}

TEST(metadata_is_where_the_header_says) {
    struct maker maker;
    struct jfr_chunk chunk;
    struct jfr_metadata metadata;
    bool no_memory;
    make(&maker);
    assert_null(jfr_chunk_read(&chunk, maker.bytes, maker.size, 0));
    assert_null(jfr_chunk_metadata(&chunk, &metadata, &no_memory));
    assert_int_equal(metadata.count, maker.type_count);
    jfr_metadata_free(&metadata);
    chunk.metadata = 0; // known to be whole, so not looked for
    assert_string_equal(jfr_chunk_metadata(&chunk, &metadata, &no_memory), "no metadata");
    jfr_metadata_free(&metadata);
    chunk.cut = true;
    assert_null(jfr_chunk_metadata(&chunk, &metadata, &no_memory));
    jfr_metadata_free(&metadata);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
