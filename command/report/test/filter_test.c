// filter_test.c: matching frames, selected samples and their remaining frames, invalid expressions.

#include "../../../base/test/test.h"

#include "../filter.h"
#include "../../base/diagnostic.h"
#include "../../test/fixture.h"

static struct filter filter;

static int compile(int argc, char **argv) {
    static const char *const names[] = {"focus", "ignore", "hide", "show", "show_from"};
    (void)argc;
    for (enum filter_kind kind = 0; kind < FILTER_FRAME_KINDS; kind++) {
        if (strcmp(argv[0], names[kind]) == 0) {
            return filter_compile("top", &filter, kind, argv[1]);
        }
    }
    return filter_compile_tags("top", strcmp(argv[0], "tagfocus") == 0 ? &filter.tag_focus : &filter.tag_ignore, argv[0], argv[1]);
}

static unsigned match(const char *function, const char *file, const char *mapping) {
    return filter_frame(&filter, &(struct profile_frame){.function = function, .file = file, .mapping_file = mapping});
}

TEST_IN(directory, match) {
    assert_int_equal(FIXTURE_RUN(compile, "focus", "^sqlite3|\\.so"), STATUS_DONE);
    assert_int_equal(match("sqlite3Malloc", "", ""), 1 << FILTER_FOCUS);
    assert_int_equal(match("x", "", "/lib/x.so.1"), 1 << FILTER_FOCUS);
    assert_int_equal(match("my_sqlite3", "a.c", ""), 0);
    assert_int_equal(FIXTURE_RUN(compile, "ignore", "b\\.c$"), STATUS_DONE);
    assert_int_equal(match("sqlite3Malloc", "/src/b.c", ""), 1 << FILTER_FOCUS | 1 << FILTER_IGNORE);
    assert_int_equal(FIXTURE_RUN(compile, "ignore", "twice"), STATUS_USAGE);
    assert_false(filter_is_empty(&filter));
    filter_free(&filter);
    assert_true(filter_is_empty(&filter));
}

// Filters the stack a, b, c, d (leaf a) with labels. Expects the remaining letters; NULL: not selected.
static const char *choose(void) {
    static char left[8];
    static const char *const functions[] = {"a", "b", "c", "d"};
    static const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"size", NULL, 4096, "bytes"}};
    struct profile_frame frames[4] = {{0}};
    unsigned bits[4];
    uint32_t kept[4];
    size_t count;
    for (size_t i = 0; i < 4; i++) {
        frames[i] = (struct profile_frame){.function = functions[i], .file = "", .mapping_file = ""};
        bits[i] = filter_frame(&filter, &frames[i]);
    }
    struct profile_sample_view sample = {.frames = frames, .frame_count = 4, .labels = labels, .label_count = 2};
    bool counts = filter_choose(&filter, &sample, bits, kept, &count);
    for (size_t i = 0; i < count; i++) {
        left[i] = functions[kept[i]][0];
    }
    left[count] = '\0';
    filter_free(&filter);
    return counts ? left : NULL;
}

#define CHOOSE(left, ...)                                                                                                                  \
    do {                                                                                                                                   \
        const char *const options[] = {__VA_ARGS__};                                                                                       \
        for (size_t i = 0; i < sizeof options / sizeof *options; i += 2) {                                                                 \
            assert_int_equal(FIXTURE_RUN(compile, options[i], options[i + 1]), STATUS_DONE);                                               \
        }                                                                                                                                  \
        const char *chosen = choose();                                                                                                     \
        if (*(left)) {                                                                                                                     \
            assert_non_null(chosen);                                                                                                       \
            assert_string_equal(chosen, left);                                                                                             \
        } else {                                                                                                                           \
            assert_null(chosen);                                                                                                           \
        }                                                                                                                                  \
    } while (0)

TEST_IN(directory, choice) {
    CHOOSE("abcd", "focus", "b");
    CHOOSE("", "focus", "x");
    CHOOSE("", "ignore", "b");
    CHOOSE("", "focus", "b", "ignore", "a");
    CHOOSE("acd", "hide", "b");
    CHOOSE("acd", "hide", "b", "focus", "b"); // a hidden frame still matches focus
    CHOOSE("", "hide", ".");
    CHOOSE("bd", "show", "b|d");
    CHOOSE("", "show", "x");
    CHOOSE("d", "show", "b|d", "hide", "b");
    CHOOSE("abc", "show_from", "b|c"); // from the outermost match
    CHOOSE("", "show_from", "x");
    CHOOSE("", "show_from", "d", "hide", "d");
}

TEST_IN(directory, tags) {
    CHOOSE("abcd", "tagfocus", "memory=C");
    CHOOSE("", "tagfocus", "memory=Go");
    CHOOSE("", "tagfocus", "owner=C");
    CHOOSE("", "tagignore", "memory=C");
    CHOOSE("abcd", "tagignore", "memory=Go");
    CHOOSE("abcd", "tagfocus", "memory=x,C"); // with a key, any may match
    CHOOSE("abcd", "tagfocus", "^memory:C$");
    CHOOSE("abcd", "tagfocus", "mem,4096"); // without, all must match
    CHOOSE("", "tagfocus", "mem,8192");
    CHOOSE("abcd", "tagfocus", "size=^4096$");
    assert_int_equal(FIXTURE_RUN(compile, "tagfocus", "size=4kb:"), STATUS_USAGE);
    assert_non_null(strstr(fixture_error, "numeric ranges are not supported"));
    assert_int_equal(FIXTURE_RUN(compile, "tagfocus", "size=(x"), STATUS_USAGE);
    filter_free(&filter);
}

// A sample without a stack is selected unless a filter requires a frame.
TEST_IN(directory, no_stack) {
    struct profile_sample_view sample = {0};
    size_t count;
    assert_int_equal(FIXTURE_RUN(compile, "hide", "x"), STATUS_DONE);
    assert_true(filter_choose(&filter, &sample, NULL, NULL, &count));
    assert_int_equal(FIXTURE_RUN(compile, "focus", "x"), STATUS_DONE);
    assert_false(filter_choose(&filter, &sample, NULL, NULL, &count));
    filter_free(&filter);
}

TEST_IN(directory, wrong_expression) {
    assert_int_equal(FIXTURE_RUN(compile, "focus", "a("), STATUS_USAGE);
    assert_non_null(strstr(fixture_error, "cmemprof top: --focus a(: "));
    filter_free(&filter);
}

// Leaf to root: a, b, and the value x of a label. Returns the letters that remain; NULL: not selected.
static const char *choose_labelled(const char *name, const char *expression, size_t code) {
    static char left[4];
    struct profile_frame all[] = {{.function = "a", .file = "", .mapping_file = ""},
                                  {.function = "b", .file = "", .mapping_file = ""},
                                  {.function = "x", .file = "tenant", .mapping_file = "", .label = true}};
    struct profile_frame *frames = all + 2 - code;
    unsigned bits[3];
    uint32_t kept[3];
    size_t count;
    assert_int_equal(FIXTURE_RUN(compile, name, expression), STATUS_DONE);
    for (size_t i = 0; i <= code; i++) {
        bits[i] = filter_frame(&filter, &frames[i]);
    }
    struct profile_sample_view sample = {.frames = frames, .frame_count = code + 1};
    bool selected = filter_choose(&filter, &sample, bits, kept, &count);
    for (size_t i = 0; i < count; i++) {
        left[i] = *frames[kept[i]].function;
    }
    left[count] = '\0';
    filter_free(&filter);
    return selected ? left : NULL;
}

// What drops frames never drops the value of a label, which alone is no frame; focus and ignore find it.
TEST_IN(directory, labels_stay) {
    assert_string_equal(choose_labelled("hide", "a|x", 2), "bx");
    assert_string_equal(choose_labelled("show", "a", 2), "ax");
    assert_string_equal(choose_labelled("show_from", "a", 2), "ax");
    assert_string_equal(choose_labelled("focus", "^x$", 2), "abx");
    assert_null(choose_labelled("ignore", "^x$", 2));
    assert_null(choose_labelled("hide", "a|b", 2));
    assert_null(choose_labelled("show", "x", 2));
    assert_string_equal(choose_labelled("hide", "a", 0), "x"); // a sample without a stack
    assert_null(choose_labelled("show", "a", 0));
}

int main(void) {
    return tests_run();
}
