// names_test.c: names of classes, methods, threads and states.

#include "../../base/test/test.h"

#include "loaded.h"

#include "../../merge/merge.h"

TEST(classes_are_named_as_in_source_code) {
    static const struct {
        const char *internal, *text;
    } names[] = {{"java/util/HashMap$Node", "java.util.HashMap$Node"},
                 {"[B", "byte[]"},
                 {"[[J", "long[][]"},
                 {"[Ljava/lang/String;", "java.lang.String[]"},
                 {"[[Lapp/Main;", "app.Main[][]"},
                 {"B", "B"},
                 {"", ""},
                 {"libc.so.6", "libc.so.6"},
                 {"app/Main$$Lambda$14/0x0000000800c03000", "app.Main$$Lambda"},
                 {"app/Main$$Lambda$88+0x00007f61c8009800/494317290", "app.Main$$Lambda"},
                 {"app/Main$$Lambda.0x00007f61c8009800", "app.Main$$Lambda"},
                 {"app/Main$$Lambda$65/1728579441", "app.Main$$Lambda"},
                 {"app/Main$Lambda$65/1728579441", "app.Main$Lambda$65.1728579441"},
                 {"app/Main$$Lambda/12", "app.Main$$Lambda.12"},
                 {"java/lang/invoke/LambdaForm$MH+0x000000000800c000.12", "java.lang.invoke.LambdaForm$MH"},
                 {"app/V1/0x1", "app.V1.0x1"},
                 {"app/Lambda$14", "app.Lambda$14"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char out[200];
        assert_in_range(jfr_class_room(names[i].internal), 1, sizeof out);
        jfr_class_text(names[i].internal, out);
        assert_string_equal(out, names[i].text);
    }
}

TEST(constants_have_names) {
    struct loaded loaded;
    maker_init(&loaded.maker);
    java_types(&loaded.maker);
    maker_begin(&loaded.maker);
    java_constants(&loaded.maker);
    load(&loaded);
    struct jfr_names *names = &loaded.names;
    uint32_t states = jfr_metadata_named(&loaded.metadata, "jdk.types.ThreadState");
    for (int again = 0; again < 2; again++) { // made, and remembered
        assert_string_equal(jfr_names_text(names, states, 2), "STATE_SLEEPING");
        assert_string_equal(jfr_names_text(names, states, 3), "");
        assert_string_equal(jfr_names_class(names, 2), "byte[]");
        assert_string_equal(jfr_names_class(names, 9), "");
        assert_string_equal(jfr_names_thread(names, 1).name, "main");
        assert_int_equal(jfr_names_thread(names, 1).id, 4001);
        assert_string_equal(jfr_names_thread(names, 2).name, "os-worker"); // it has no Java name
        assert_string_equal(jfr_names_thread(names, 3).name, "");
        // Of classes and threads something else is remembered.
        assert_string_equal(jfr_names_text(names, names->classes, 2), "");
        assert_string_equal(jfr_names_text(names, names->threads, 1), "");
        struct jfr_method method = jfr_names_method(names, jfr_pools_find(&loaded.pools, names->methods, (uint64_t)1 << 40));
        assert_string_equal(method.class, "java.util.HashMap");
        assert_string_equal(method.name, "work");
        assert_string_equal(method.descriptor, "()V");
    }
    assert_false(names->no_memory);
    unload(&loaded);
}

// Real recordings of JDKs, each of which writes lambdas in its own form.
TEST(no_lambda_keeps_its_number) {
    static const char *const recordings[] = {"jdk-11", "jdk-17", "jdk-25", "async-profiler-4.6"};
    for (size_t i = 0; i < sizeof recordings / sizeof *recordings; i++) {
        struct profile *profiles[JFR_KINDS];
        char path[128];
        size_t lambdas = 0;
        snprintf(path, sizeof path, "testdata/jfr/%s.jfr.gz", recordings[i]);
        struct jfr *jfr = jfr_open_file(path, 0, NULL);
        assert_non_null(jfr);
        assert_int_equal(jfr_profiles(jfr, (1U << JFR_KINDS) - 1, 0, profiles), JFR_OK);
        jfr_close(jfr);
        for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
            for (size_t sample = 0; sample < profile_sample_count(profiles[kind]); sample++) {
                struct profile_sample_view view;
                assert_int_equal(profile_sample_at(profiles[kind], sample, &view), MERGE_OK);
                for (size_t frame = 0; frame < view.frame_count; frame++) {
                    const char *lambda = strstr(view.frames[frame].function, "$$Lambda");
                    lambdas += !!lambda;
                    if (lambda && strcspn(lambda, "0123456789/") < strcspn(lambda, ".")) {
                        fail_msg("%s: %s", path, view.frames[frame].function);
                    }
                    if (lambda && lambda[8] == '.' && lambda[9] >= '0' && lambda[9] <= '9') {
                        fail_msg("%s: %s", path, view.frames[frame].function);
                    }
                }
            }
            profile_free(profiles[kind]);
        }
        assert_true(lambdas > 0);
    }
}

TEST(frames_have_kinds) {
    assert_int_equal(jfr_frame_kind("Inlined"), JFR_FRAME_INLINED);
    assert_int_equal(jfr_frame_kind("C++"), JFR_FRAME_NATIVE);
    assert_int_equal(jfr_frame_kind("Kernel"), JFR_FRAME_KERNEL);
    assert_int_equal(jfr_frame_kind("C1 compiled"), JFR_FRAME_JAVA);
    assert_int_equal(jfr_frame_kind(""), JFR_FRAME_JAVA);
}

// Many constants may refer to one long text: of each its beginning is made, and it counts against the budget.
TEST(long_names_are_cut) {
    struct loaded loaded = {0};
    enum { LONG = 100000, CLASSES = 100 };
    char *text = calloc(LONG + 1, 1);
    memset(text, 'x', LONG);
    maker_init(&loaded.maker);
    java_types(&loaded.maker);
    maker_begin(&loaded.maker);
    maker_constants(&loaded.maker, "jdk.types.Symbol", 1), maker_number(&loaded.maker, 1), maker_text(&loaded.maker, text);
    maker_end(&loaded.maker);
    maker_constants(&loaded.maker, "java.lang.Class", CLASSES);
    for (int i = 0; i < CLASSES; i++) {
        maker_number(&loaded.maker, i), maker_number(&loaded.maker, 1), maker_int(&loaded.maker, 1);
    }
    maker_end(&loaded.maker);
    struct merge_budget budget = {.limit_bytes = 2 << 20}, *before = merge_use_budget(&budget);
    load(&loaded);
    for (uint64_t i = 0; i < CLASSES; i++) {
        assert_int_equal(strlen(jfr_names_class(&loaded.names, i)), JFR_MAX_NAME);
    }
    assert_true(!loaded.names.no_memory && budget.used_bytes > CLASSES * JFR_MAX_NAME);
    unload(&loaded);
    merge_use_budget(before);
    assert_int_equal(budget.used_bytes, 0);
    free(text);
}

int main(void) {
    return tests_run();
}
