// pools_test.c: constants are found by their key, over all checkpoints of a chunk.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../chunk.h"
#include "../pools.h"

struct made {
    struct maker maker;
    struct jfr_chunk chunk;
    struct jfr_metadata metadata;
    struct jfr_pools pools;
    const char *fault;
};

static void read_all(struct made *made) {
    bool no_memory;
    maker_finish(&made->maker);
    assert_null(jfr_chunk_read(&made->chunk, made->maker.bytes, made->maker.size, 0));
    assert_null(jfr_chunk_metadata(&made->chunk, &made->metadata, &no_memory));
    assert_true(jfr_pools_init(&made->pools, &made->metadata, made->chunk.end));
    made->fault = NULL;
    for (struct jfr_walk walk = jfr_walk(&made->chunk); jfr_walk_next(&walk);) {
        const char *fault = walk.type == JFR_TYPE_CHECKPOINT ? jfr_pools_add(&made->pools, &made->metadata, &walk.body, &no_memory) : NULL;
        made->fault = fault ? fault : made->fault;
        assert_false(no_memory);
    }
}

static void begin(struct made *made, bool fixed) {
    maker_init(&made->maker);
    made->maker.fixed = fixed;
    java_types(&made->maker);
    maker_begin(&made->maker);
}

static void done(struct made *made) {
    jfr_pools_free(&made->pools);
    jfr_metadata_free(&made->metadata);
    maker_free(&made->maker);
}

static struct jfr_constant *find(struct made *made, const char *type, uint64_t key) {
    return jfr_pools_find(&made->pools, jfr_metadata_named(&made->metadata, type), key);
}

TEST(constants_of_all_checkpoints_are_found) {
    for (int fixed = 0; fixed < 2; fixed++) {
        struct made made;
        begin(&made, fixed);
        java_constants(&made.maker);
        java_stacks(&made.maker);
        maker_constants(&made.maker, "jdk.types.Symbol", 3); // later ones, with any keys; key 1 again
        maker_number(&made.maker, -1), maker_text(&made.maker, "minus one");
        maker_number(&made.maker, INT64_MIN), maker_text(&made.maker, "least");
        maker_number(&made.maker, 1), maker_text(&made.maker, "another");
        maker_end(&made.maker);
        read_all(&made);
        assert_null(made.fault);
        for (uint64_t key = 1; key <= 7; key++) {
            assert_non_null(find(&made, "jdk.types.Symbol", key));
        }
        assert_non_null(find(&made, "jdk.types.Symbol", UINT64_MAX));
        assert_non_null(find(&made, "jdk.types.Symbol", (uint64_t)1 << 63));
        assert_null(find(&made, "jdk.types.Symbol", 0));
        assert_null(find(&made, "jdk.types.Symbol", 8));
        assert_null(find(&made, "long", 1));
        assert_null(jfr_pools_find(&made.pools, JFR_NO_CLASS, 1));
        assert_non_null(find(&made, "jdk.types.Method", (uint64_t)1 << 40));
        struct jfr_cursor cursor = jfr_constant_cursor(&made.pools, find(&made, "jdk.types.Symbol", 1));
        struct jfr_text text = jfr_text(&cursor);
        assert_int_equal(text.size, strlen("app/Main")); // the first one holds
        assert_memory_equal(text.bytes, "app/Main", text.size);
        done(&made);
    }
}

TEST(many_constants_are_found) {
    struct made made;
    begin(&made, false);
    for (int c = 0; c < 10; c++) {
        maker_constants(&made.maker, "jdk.types.ThreadState", 1000);
        for (int i = 0; i < 1000; i++) {
            maker_number(&made.maker, (int64_t)(c * 1000 + i) << 32), maker_byte(&made.maker, 1);
        }
        maker_end(&made.maker);
    }
    read_all(&made);
    for (uint64_t i = 0; i < 10000; i++) {
        assert_true(find(&made, "jdk.types.ThreadState", i << 32)->key == i << 32);
        assert_null(find(&made, "jdk.types.ThreadState", (i << 32) + 1));
    }
    done(&made);
}

TEST(damaged_checkpoints_keep_what_came_before) {
    struct made made;
    begin(&made, false);
    maker_constants(&made.maker, "jdk.types.Symbol", 1000); // of which there are two
    maker_number(&made.maker, 1), maker_text(&made.maker, "one");
    maker_number(&made.maker, 2), maker_text(&made.maker, "two");
    maker_end(&made.maker);
    read_all(&made);
    assert_string_equal(made.fault, "constants beyond the end of their checkpoint");
    assert_non_null(find(&made, "jdk.types.Symbol", 2));
    done(&made);
    begin(&made, false);
    maker_open(&made.maker, 1);
    maker_number(&made.maker, 0), maker_number(&made.maker, 0), maker_number(&made.maker, 0), maker_byte(&made.maker, 0);
    maker_int(&made.maker, 1), maker_number(&made.maker, 99), maker_int(&made.maker, 1);
    maker_end(&made.maker);
    read_all(&made);
    assert_string_equal(made.fault, "constants of a type that is not in the metadata");
    done(&made);
}

// A constant may have one byte, and takes 24: they count.
TEST(constants_count_against_the_budget) {
    enum { COUNT = 100000 };
    struct made made;
    bool no_memory;
    begin(&made, false);
    maker_type(&made.maker, "app.Nothing", "", "");
    maker_constants(&made.maker, "app.Nothing", COUNT);
    for (int i = 0; i < COUNT; i++) {
        maker_number(&made.maker, i);
    }
    maker_end(&made.maker);
    read_all(&made);
    jfr_pools_free(&made.pools);
    struct merge_budget budget = {.limit_bytes = 1 << 20}, *before = merge_use_budget(&budget);
    assert_true(jfr_pools_init(&made.pools, &made.metadata, made.chunk.end));
    struct jfr_walk walk = jfr_walk(&made.chunk);
    assert_true(jfr_walk_next(&walk) && walk.type == JFR_TYPE_CHECKPOINT);
    assert_non_null(jfr_pools_add(&made.pools, &made.metadata, &walk.body, &no_memory));
    assert_true(no_memory);
    jfr_pools_free(&made.pools);
    merge_use_budget(before);
    assert_int_equal(budget.used_bytes, 0);
    done(&made);
}

int main(void) {
    return tests_run();
}
