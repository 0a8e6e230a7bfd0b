// v8_cpu_test.c: CPU profiles of V8: trees, times and faults.

#include "../../base/test/test.h"

#include "expect.h"

#define FRAME(name) "\"callFrame\":{\"functionName\":\"" name "\"}"
#define NODES                                                                                                                              \
    "{\"nodes\":[{\"id\":1," FRAME("(root)") ",\"children\":[2]},{\"id\":2," FRAME("main") ",\"children\":[7],\"hitCount\":1},"            \
                                                                                           "{\"id\":7," FRAME("f") ",\"hitCount\":2}]"

TEST(a_sample_lasts_until_the_next) {
    expect_read(FOREIGN_V8_CPU, NODES ",\"startTime\":1000,\"endTime\":1100,\"samples\":[2,7,7],\"timeDeltas\":[10,20,30]}",
                "samples/count wall/nanoseconds\nmain 1 20000\nf<main 2 70000\n");
}

TEST(clocks_may_go_back) {
    expect_read(FOREIGN_V8_CPU, NODES ",\"startTime\":1000,\"endTime\":1100,\"samples\":[2,7,2],\"timeDeltas\":[10,-5,30]}",
                "samples/count wall/nanoseconds\nmain 2 65000\nf<main 1 25000\n");
}

TEST(without_times_hits_count) {
    expect_read(FOREIGN_V8_CPU, NODES "}", "samples/count\nmain 1\nf<main 2\n");
}

TEST(nodes_may_have_parents_instead_of_children) {
    expect_read(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":5," FRAME("a") "},{\"id\":6,\"parent\":5,\"hitCount\":3," FRAME("b") "}]}",
                "samples/count\nb<a 3\n");
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_V8_CPU, NODES ",\"samples\":[9],\"timeDeltas\":[1]}", 213, "a sample of node 9, which does not exist");
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":1},{\"id\":1}]}", 27, "node 2 has no id of its own");
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"hitCount\":1}]}", 24, "node 1 has no id of its own");
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":1,\"children\":[3]}]}", 31, "child 3 does not exist");
    expect_fault(FOREIGN_V8_CPU, "{}", 0, "it has no \"nodes\", which profiles of Node 8 and later have");
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":1", 17, "damaged JSON: it ends within a value");
}

TEST(circles_are_damage) {
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":1,\"hitCount\":1,\"children\":[1]," FRAME("f") "}]}", 0,
                 "node 1 of its tree is its own caller");
    expect_fault(FOREIGN_V8_CPU, "{\"nodes\":[{\"id\":1},{\"id\":2,\"hitCount\":1,\"children\":[3]},{\"id\":3,\"children\":[2]}]}", 0,
                 "node 2 of its tree is its own caller");
}

// Each node has a sample and no frame: the steps to the root count as frames do.
TEST(steps_are_bounded) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    char text[40000], *at = stpcpy(text, "{\"nodes\":[{\"id\":0}");
    for (int i = 1; i < 500; i++) {
        at += sprintf(at, ",{\"id\":%d,\"parent\":%d,\"hitCount\":1}", i, i - 1);
    }
    strcpy(at, "]}");
    limits.total_frames = 200000; // 1 + ... + 500 is less
    struct profile *profile = foreign_read(FOREIGN_V8_CPU, text, strlen(text), &limits, &fault);
    assert_non_null(profile);
    profile_free(profile);
    limits.total_frames = 100000;
    assert_null(foreign_read(FOREIGN_V8_CPU, text, strlen(text), &limits, &fault));
    assert_int_equal(fault.error, MERGE_TOO_LARGE);
}

TEST(what_has_no_time_is_said) {
    expect_read(FOREIGN_V8_CPU, NODES ",\"startTime\":1000,\"endTime\":1100,\"samples\":[2,7,7],\"timeDeltas\":[10,20]}",
                "samples/count wall/nanoseconds\nmain 1 20000\nf<main 1 70000\n[left out: 1 samples without a time]\n");
    expect_read(FOREIGN_V8_CPU, NODES ",\"startTime\":1000,\"endTime\":1100,\"samples\":[2],\"timeDeltas\":[10,20,30]}",
                "samples/count wall/nanoseconds\nmain 1 90000\n[left out: 2 times without a sample]\n");
    static const char *const ends[] = {"", ",\"startTime\":1000", ",\"endTime\":1100"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[1000];
        snprintf(text, sizeof text, NODES "%s,\"samples\":[2,7],\"timeDeltas\":[10,20]}", ends[i]);
        expect_read(FOREIGN_V8_CPU, text,
                    "samples/count wall/nanoseconds\nmain 1 20000\nf<main 1 0\n"
                    "[1 sample has no time, the last one: the file has no startTime or no endTime]\n");
    }
}

int main(void) {
    return tests_run();
}
