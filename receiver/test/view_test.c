// view_test.c: profiles as JSON: valid whatever the profile holds, bounded, and with the reason when it is no profile.
#include "http.h"

#include "../view.h"
#include "../../merge/merge.h"

#include <sqlite3.h>

static uint32_t add_frame(struct profile *profile, const char *name, const char *file) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
    return profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
}

static bool is_valid(const struct json *json) {
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT json_valid(?)", -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, json->bytes, (int)json->size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    bool valid = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return valid;
}

static void finish(struct profile *profile, uint8_t **bytes, size_t *size) {
    assert_int_equal(profile_encode(profile, MERGE_RAW, bytes, size), MERGE_OK);
    profile_free(profile);
}

// The tree of the default type, terminated.
static char *tree_of(const uint8_t *bytes, size_t size) {
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(view_tree(bytes, size, NULL, VIEW_ALL, &json, text, sizeof text), RECEIVER_OK);
    assert_true(is_valid(&json));
    char *copy = strndup(json.bytes, json.size);
    json_free(&json);
    return copy;
}

static void test_kinds(void **state) {
    (void)state;
    static const char *const frames[][3] = {{"main.work", "/src/main.go", "go"},
                                            {"crosscall", "/src/asm_amd64.s", "go"},
                                            {"runtime.mallocgc", "/go/malloc.go", "runtime"},
                                            {"internal/runtime/maps.Get", "/go/m.go", "runtime"},
                                            {"runtimes.x", "/src/x.go", "go"},
                                            {"malloc", "/src/malloc.c", "c"},
                                            {"memcpy", "/src/memcpy.S", "c"},
                                            {"nofile", "", "c"},
                                            {"runtime.x", "/src/x.c", "c"},
                                            {"x", "/src/go", "c"}};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct profile *profile = profile_new();
        uint8_t *bytes;
        size_t size;
        char expected[200];
        profile_add_sample_type(profile, "inuse_space", "bytes");
        uint32_t location = add_frame(profile, frames[i][0], frames[i][1]);
        profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
        finish(profile, &bytes, &size);
        char *tree = tree_of(bytes, size);
        snprintf(expected, sizeof expected, "{\"name\":\"%s\",\"file\":\"%s\",\"kind\":\"%s\"}", frames[i][0], frames[i][1], frames[i][2]);
        assert_non_null(strstr(tree, expected));
        free(tree);
        free(bytes);
    }
}

// So many functions f0, f1, ... of one sample each, of this weight but for one.
static char *tree_of_leaves(int count, int64_t weight, int other, int64_t other_weight) {
    struct profile *profile = profile_new();
    uint8_t *bytes;
    size_t size;
    char name[32];
    profile_add_sample_type(profile, "inuse_space", "bytes");
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "f%d", i);
        uint32_t location = add_frame(profile, name, "x.c");
        profile_add_sample(profile, &location, 1, &(int64_t){i == other ? other_weight : weight}, NULL, 0);
    }
    finish(profile, &bytes, &size);
    char *tree = tree_of(bytes, size);
    free(bytes);
    return tree;
}

// More leaves than are shown: the small ones are left out and counted, the large one stays.
static void test_large_tree(void **state) {
    (void)state;
    char *tree = tree_of_leaves(250000, 1, 77, 1000000000);
    assert_non_null(strstr(tree, "\"total\":1000249999,\"self\":0,\"nodes_left_out\":249999,"));
    assert_non_null(strstr(tree, "\"nodes\":[[0,0,7,1000000000,1000000000]]"));
    free(tree);
}

// Nodes that no weight tells apart, below a root that weighs next to nothing: the picture still ends.
static void test_large_negative_tree(void **state) {
    (void)state;
    alarm(120); // without the bound it would not end at all
    char *tree = tree_of_leaves(200100, INT64_MIN, 200099, INT64_MAX);
    alarm(0);
    assert_non_null(strstr(tree, "\"total\":-1,\"self\":0,\"nodes_left_out\":100,"));
    free(tree);
}

// A few bytes that stand for 10^9 frames are refused before the first of them is looked at.
static void test_many_frames(void **state) {
    (void)state;
    struct profile *profile = profile_new();
    struct profile_line *lines = calloc(9999, sizeof *lines);
    struct json json = {0};
    uint8_t *bytes;
    size_t size;
    char text[200] = "";
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = ""});
    for (int i = 0; i < 9999; i++) {
        lines[i].function = function;
    }
    uint32_t location = profile_add_location(profile, 0, 0, lines, 9999);
    for (int i = 0; i < 10000; i++) {
        struct profile_label label = {"n", NULL, i + 1, ""};
        profile_add_sample(profile, &location, 1, (int64_t[]){1}, &label, 1);
    }
    finish(profile, &bytes, &size);
    assert_int_equal(view_types(bytes, size, &json, text, sizeof text), RECEIVER_TOO_LARGE);
    assert_non_null(strstr(text, "frames in all samples"));
    json_free(&json);
    free(lines);
    free(bytes);
}

static void test_empty_and_negative(void **state) {
    (void)state;
    struct profile *profile = profile_new();
    uint8_t *bytes;
    size_t size;
    profile_add_sample_type(profile, "\"<\xff", "\\");
    finish(profile, &bytes, &size);
    char *tree = tree_of(bytes, size);
    assert_non_null(strstr(tree, "\"functions\":[],\"nodes\":[]"));
    free(tree);
    free(bytes);
    profile = profile_new();
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t location = add_frame(profile, "f", "x.c");
    profile_add_sample(profile, &location, 1, (int64_t[]){INT64_MIN}, NULL, 0);
    profile_add_sample(profile, NULL, 0, (int64_t[]){3}, NULL, 0);
    finish(profile, &bytes, &size);
    tree = tree_of(bytes, size);
    assert_non_null(strstr(tree, "[0,0,7,-9223372036854775808,-9223372036854775808]"));
    assert_non_null(strstr(tree, "\"self\":3,"));
    free(tree);
    free(bytes);
}

static void test_no_profile(void **state) {
    (void)state;
    static const char *const inputs[] = {"", "x", "not a profile at all", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"};
    for (size_t i = 1; i < sizeof inputs / sizeof *inputs; i++) {
        struct json json = {0};
        char text[200] = "";
        assert_int_equal(view_types(inputs[i], strlen(inputs[i]), &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
        assert_non_null(strstr(text, "not a readable profile: "));
        json_free(&json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_large_tree),         cmocka_unit_test(test_large_negative_tree),
        cmocka_unit_test(test_many_frames), cmocka_unit_test(test_empty_and_negative), cmocka_unit_test(test_no_profile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
