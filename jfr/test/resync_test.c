// resync_test.c: events behind damage are found; what is none is not taken for one.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../resync.h"

struct made {
    struct maker maker;
    struct jfr_chunk chunk;
    struct jfr_metadata metadata;
    size_t at[10]; // where the events are
};

static void make(struct made *made, const char *fields, int events, int64_t time) {
    bool no_memory;
    maker_init(&made->maker);
    maker_basic_types(&made->maker);
    maker_type(&made->maker, "app.Event", "event", fields);
    maker_begin(&made->maker);
    for (int i = 0; i < events; i++) {
        made->at[i] = made->maker.size;
        maker_event(&made->maker, "app.Event"), maker_number(&made->maker, time + i), maker_end(&made->maker);
    }
    maker_finish(&made->maker);
    assert_null(jfr_chunk_read(&made->chunk, made->maker.bytes, made->maker.size, 0));
    assert_null(jfr_chunk_metadata(&made->chunk, &made->metadata, &no_memory));
}

static void unmake(struct made *made) {
    jfr_metadata_free(&made->metadata);
    maker_free(&made->maker);
}

static bool follow(struct made *made, size_t at) {
    return jfr_events_follow(&made->chunk, &made->metadata, made->maker.bytes + at);
}

TEST(events_follow_each_other) {
    struct made made;
    make(&made, "startTime:long@ticks", 10, 2000);
    for (size_t at = 68; at < made.maker.size; at++) {
        bool event = false;
        for (int i = 0; i < 10; i++) {
            event = event || at == made.at[i];
        }
        if (event) {
            assert_true(follow(&made, at));
        } else if (at < made.at[9]) {
            assert_false(follow(&made, at));
        }
    }
    assert_false(follow(&made, made.maker.size)); // nothing follows
    assert_ptr_equal(jfr_resync(&made.chunk, &made.metadata, made.maker.bytes + made.at[3] + 1), made.maker.bytes + made.at[4]);
    assert_null(jfr_resync(&made.chunk, &made.metadata, made.maker.bytes + made.maker.size - 1));
    unmake(&made);
}

// The last event of a chunk ends where it does, or, if it is cut, may be none.
TEST(few_events_must_end_the_chunk) {
    struct made made;
    make(&made, "startTime:long@ticks", 2, 2000);
    size_t last = 2 * made.at[1] - made.at[0]; // the metadata
    assert_true(follow(&made, last));
    made.chunk.end--;
    assert_false(follow(&made, last));
    made.chunk.end++;
    made.chunk.cut = true;
    assert_false(follow(&made, last));
    assert_true(follow(&made, made.at[1]));
    unmake(&made);
}

TEST(times_must_be_near) {
    static const int64_t hour = 3600 * INT64_C(1000000); // ticks
    struct made made;
    make(&made, "startTime:long@ticks", 10, 1000 + 2 * 1000000 + hour - 20); // the chunk begins at 1000 and takes two seconds
    assert_true(follow(&made, made.at[0]));
    unmake(&made);
    make(&made, "startTime:long@ticks", 10, 1000 + 2 * 1000000 + hour + 20);
    assert_false(follow(&made, made.at[0]));
    made.chunk.cut = true; // the header does not know its end
    assert_true(follow(&made, made.at[0]));
    unmake(&made);
    make(&made, "startTime:long@ticks", 10, -hour - 20);
    assert_false(follow(&made, made.at[0]));
    unmake(&made);
}

// Only a time tells an event from bytes that look like one.
TEST(events_without_a_time_are_no_evidence) {
    struct made made;
    make(&made, "number:long", 10, 2000);
    made.chunk.cut = true;
    assert_false(follow(&made, made.at[0]));
    unmake(&made);
}

int main(void) {
    return tests_run();
}
