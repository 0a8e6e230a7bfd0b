// v8_heap_test.c: heap profiles of V8.

#include "../../base/test/test.h"

#include "expect.h"

#define FRAME(name) "\"callFrame\":{\"functionName\":\"" name "\"}"

TEST(the_tree_is_read) {
    expect_read(
        FOREIGN_V8_HEAP,
        "{\"head\":{" FRAME("(root)") ",\"selfSize\":0,\"id\":1,\"children\":[{" FRAME("main") ",\"selfSize\":8,\"children\":[{" FRAME(
            "f") ",\"selfSize\":16,\"children\":[]}]},{\"selfSize\":4," FRAME("g") "}]},\"samples\":[{\"size\":8}]}",
        "inuse_space/bytes\nmain 8\nf<main 16\ng 4\n");
}

TEST(children_may_come_first) {
    expect_read(FOREIGN_V8_HEAP, "{\"head\":{\"children\":[{\"selfSize\":2.5," FRAME("f") "}],\"selfSize\":1.5," FRAME("main") "}}",
                "inuse_space/bytes\nmain 2\nf<main 2\n");
}

TEST(deep_trees_are_read) {
    enum { DEEP = 20000 };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "{\"head\":");
    for (int i = 0; i < DEEP; i++) {
        fprintf(out, "{" FRAME("f") ",\"selfSize\":%d,\"children\":[", i + 1 == DEEP);
    }
    for (int i = 0; i < DEEP; i++) {
        fprintf(out, "]}");
    }
    fprintf(out, "}");
    fclose(out);
    struct merge_fault fault;
    struct profile *profile = foreign_read(FOREIGN_V8_HEAP, text, size, NULL, &fault);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.frame_count, merge_default_limits.depth_frames);
    profile_free(profile);
    free(text);
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_V8_HEAP, "{\"head\":{" FRAME("f") ",\"children\":[{]", 55, "damaged JSON: a text is expected");
    expect_fault(FOREIGN_V8_HEAP, "{\"head\":{}}", 0, "it has no samples");
    expect_fault(FOREIGN_V8_HEAP, "{\"head\":7}", 8, "damaged JSON: an object is expected");
}

int main(void) {
    return tests_run();
}
