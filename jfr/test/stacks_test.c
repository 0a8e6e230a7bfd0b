// stacks_test.c: stacks are locations: inlined methods in their caller's, native code in its library's mapping, cuts said.

#include "../../base/test/test.h"

#include "loaded.h"

#include "../stacks.h"

struct made {
    struct loaded loaded;
    struct profile *profile;
    struct jfr_stacks stacks;
};

static void make(struct made *made) {
    struct maker *maker = &made->loaded.maker;
    maker_init(maker);
    java_types(maker);
    maker_begin(maker);
    java_constants(maker);
    java_stacks(maker);
    maker_constants(maker, "jdk.types.Symbol", 4);
    maker_number(maker, 20), maker_text(maker, "libjvm.so"), maker_number(maker, 21), maker_text(maker, "JavaThread::run");
    maker_number(maker, 22), maker_text(maker, "()L;"), maker_number(maker, 23), maker_text(maker, "");
    maker_end(maker);
    maker_constants(maker, "java.lang.Class", 1);
    maker_number(maker, 20), maker_number(maker, 20), maker_int(maker, 0);
    maker_end(maker);
    maker_constants(maker, "jdk.types.Method", 1);
    maker_number(maker, 20), maker_number(maker, 20), maker_number(maker, 21), maker_number(maker, 22), maker_int(maker, 0);
    maker_byte(maker, 0);
    maker_end(maker);
    maker_constants(maker, "jdk.types.StackTrace", 3);
    maker_number(maker, 10), maker_byte(maker, 0), maker_int(maker, 2); // native, by a Java method that is native
    java_frame(maker, 20, 0, 4), java_frame(maker, 2, -1, 4);
    maker_number(maker, 11), maker_byte(maker, 0), maker_int(maker, 1); // an unknown method
    java_frame(maker, 99, 1, 1);
    maker_number(maker, 12), maker_byte(maker, 0), maker_int(maker, 2); // the last frame is said to be inlined, into nothing
    java_frame(maker, 1, 1, 3), java_frame(maker, 2, 2, 3);
    maker_end(maker);
    load(&made->loaded);
    made->profile = profile_new();
    profile_add_sample_type(made->profile, "samples", "count");
    assert_true(jfr_stacks_init(&made->stacks, &made->loaded.names, made->profile));
}

static void expect(struct made *made, uint64_t key, const char *expected) {
    struct profile_sample_view view;
    char text[500] = "";
    const int64_t one = 1;
    assert_true(jfr_stacks_make(&made->stacks, key));
    profile_add_sample(made->profile, made->stacks.ids, made->stacks.id_count, &one, NULL, 0);
    assert_int_equal(profile_sample_at(made->profile, profile_sample_count(made->profile) - 1, &view), MERGE_OK);
    for (size_t i = 0; i < view.frame_count; i++) {
        const struct profile_frame *frame = &view.frames[i];
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "%s%s:%d%s%s%s", i ? " < " : "", frame->function, (int)frame->line,
                 frame->inlined ? " inlined" : "", *frame->mapping_file ? " in " : "", frame->mapping_file);
    }
    assert_string_equal(text, expected);
}

TEST(frames_are_methods_with_lines) {
    struct made made;
    make(&made);
    expect(&made, 1, "app.Main.work:12 < app.Main.main:5");
    expect(&made, 2, "java.util.HashMap.work:7 inlined < app.Main.work:13 < app.Main.main:5");
    assert_int_equal(made.stacks.id_count, 2);
    expect(&made, 3, "app.Main.work:14 < " JFR_CUT ":0");
    expect(&made, 10, "JavaThread::run:0 in libjvm.so < app.Main.work:-1");
    expect(&made, 11, "(unknown):1");
    expect(&made, 12, "app.Main.main:1 inlined < app.Main.work:2");
    expect(&made, 0, JFR_NO_STACK ":0");
    expect(&made, 77, JFR_NO_STACK ":0");
    expect(&made, 1, JFR_NO_STACK ":0"); // equal to the first: the last sample stays what it was
    assert_int_equal(profile_sample_count(made.profile), 7);
    jfr_stacks_free(&made.stacks);
    profile_free(made.profile);
    unload(&made.loaded);
}

int main(void) {
    return tests_run();
}
