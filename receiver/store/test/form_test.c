// form_test.c: fields of clients before event.json become an event; their attachment names; names of imported files.

#include "../../../base/test/test.h"

#include "../form.h"

static void set(struct form *form, const char *key, const char *value) {
    char *field = form_field(form, key);
    assert_non_null(field);
    for (const char *at = value; *at; at++) { // a piece may be a byte
        form_append(field, at, 1);
    }
}

static void expect_event(const struct form *form, const char *want) {
    struct json json = {0};
    form_write(form, &json);
    assert_int_equal(json.size, strlen(want));
    assert_memory_equal(json.bytes, want, json.size);
    json_free(&json);
}

TEST(event) {
    struct form form = {0};
    assert_false(form_is_event(&form));
    set(&form, "runtime", "nodejs");
    set(&form, "format", "pprof");
    set(&form, "types[0]", "wall");
    assert_false(form_is_event(&form));
    set(&form, "recording-start", "2021-01-02T03:04:05Z");
    assert_true(form_is_event(&form));
    set(&form, "recording-end", "2021-01-02T03:05:05Z");
    set(&form, "language", "javascript");
    expect_event(&form, "{\"start\":\"2021-01-02T03:04:05Z\",\"end\":\"2021-01-02T03:05:05Z\",\"family\":\"javascript\"}");
    set(&form, "start", "2021"); // the last one counts
    set(&form, "family", "go");
    expect_event(&form, "{\"start\":\"2021\",\"end\":\"2021-01-02T03:05:05Z\",\"family\":\"go\"}");
    expect_event(&(struct form){0}, "{}");
    static const char *const none[] = {"cpu.pprof", "data[0]", "types[x]", "types[32]", "types[", "types", "chunk-data", "event", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(form_field(&form, none[i]));
    }
}

TEST(long_values_are_cut) {
    struct form form = {0};
    char value[3 * FORM_VALUE_BYTES];
    memset(value, 'x', sizeof value);
    form_append(form_field(&form, "end"), value, sizeof value);
    assert_int_equal(strlen(form.end), FORM_VALUE_BYTES - 1);
    form_append(form.end, value, sizeof value);
    assert_int_equal(strlen(form.end), FORM_VALUE_BYTES - 1);
    assert_string_equal(form.family, "");
}

static void expect_name(const struct form *form, const char *key, const char *filename, const char *want) {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    assert_int_equal(form_attachment(form, key, filename, name), !!want);
    if (want) {
        assert_string_equal(name, want);
    }
}

TEST(attachments) {
    struct form form = {0};
    set(&form, "types[0]", "cpu");
    expect_name(&form, "data[0]", "pprof-data", "cpu.pprof");
    expect_name(&form, "data[1]", "pprof-data", "data-1.pprof");
    expect_name(&form, "data[heap.pprof]", "pprof-data", "heap.pprof");
    expect_name(&form, "chunk-data", "dd-profile.jfr", "dd-profile.jfr");
    expect_name(&form, "chunk-data", "pprof-data", "main.jfr");
    expect_name(&form, "chunk-data", NULL, "main.jfr");
    expect_name(&form, "data[]", "x", NULL);
    expect_name(&form, "data", "x", NULL);
    expect_name(&form, "cpu.pprof", "cpu.pprof", NULL);
    char key[3 * CATALOG_NAME_MAX_BYTES];
    memset(key, 'x', sizeof key);
    memcpy(key, "data[", 5);
    memcpy(key + sizeof key - 2, "]", 2);
    expect_name(&form, key, NULL, NULL);
}

TEST(imports) {
    static const char *const cases[][2] = {{NULL, "profile.pprof"},      {"", "profile.pprof"},         {"heap", "heap.pprof"},
                                           {"heap.pprof", "heap.pprof"}, {"a.pb.gz", "a.pb.gz"},        {"main.jfr", "main.jfr"},
                                           {"a.PPROF", "a.PPROF"},       {"heap.out", "heap.out.pprof"}};
    char name[CATALOG_NAME_MAX_BYTES + 1], longest[500];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        form_import_name(cases[i][0], name);
        assert_string_equal(name, cases[i][1]);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    form_import_name(longest, name);
    assert_int_equal(strlen(name), CATALOG_NAME_MAX_BYTES);
    assert_string_equal(name + CATALOG_NAME_MAX_BYTES - 6, ".pprof");
}

int main(void) {
    return tests_run();
}
