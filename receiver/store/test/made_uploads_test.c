// made_uploads_test.c: uploads that are made of one request: their tags, windows and files, all of them or none.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../made_uploads.h"

struct made_scene {
    struct made_uploads made;
    bool done;
};

static void on_done(void *context) {
    *(bool *)context = true;
}

static void begin(struct made_scene *scene, struct test_store *test) {
    scene->made = (struct made_uploads){.store = test->store};
    pthread_mutex_init(&scene->made.lock, NULL);
    snprintf(scene->made.own_host, sizeof scene->made.own_host, "host:here");
}

static void keep_all(struct made_scene *scene) {
    scene->done = false;
    made_uploads_keep(&scene->made, on_done, &scene->done);
    WAIT_UNTIL(__atomic_load_n(&scene->done, __ATOMIC_ACQUIRE));
    assert_true(scene->done);
}

static void expect(struct test_store *test, int64_t id, const char *word) {
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    char *text = strndup(json.bytes, json.size);
    if (!strstr(text, word)) {
        fail_msg("%s is not in %s", word, text);
    }
    free(text);
    json_free(&json);
}

TEST_IN(store, tags) {
    struct test_store *test = *state;
    struct made_scene scene;
    static const struct made_tag tags[] = {{"service", "shop"}, {"note", "a,b"}, {"service", "other"}, {"language", "go"}, {"host", ""}};
    begin(&scene, test);
    struct made_upload *upload = made_uploads_begin(&scene.made, tags, 5, 2, "family");
    assert_non_null(upload);
    assert_true(made_upload_attachment(upload, "a.pprof"));
    made_upload_write(upload, "one", 3);
    made_upload_window(upload, 0, 5); // unknown
    made_upload_window(upload, INT64_C(1767322985000000000), INT64_C(1767322986000000000));
    made_upload_window(upload, INT64_C(1767322984000000000), INT64_C(1767322985000000000));
    upload = made_uploads_begin(&scene.made, tags, 1, 0, "family");
    assert_true(made_upload_attachment(upload, "a.pprof"));
    keep_all(&scene);
    assert_int_equal(scene.made.error, RECEIVER_OK);
    expect(test, 1, "[\"service:shop\",\"note:a_b\",\"language:go\",\"host:\",\"attributes_left_out:2\",\"host:here\"]");
    expect(test, 1, "\"family\":\"go\",\"start\":\"2026-01-02T03:03:04.000Z\",\"end\":\"2026-01-02T03:03:06.000Z\"");
    expect(test, 2, "[\"service:shop\",\"host:here\"]");
    expect(test, 2, "\"family\":\"family\"");
    made_uploads_destroy(&scene.made);
}

// A name twice belongs into another upload; a bad one refuses all.
TEST_IN(store, names) {
    struct test_store *test = *state;
    struct made_scene scene;
    begin(&scene, test);
    struct made_upload *upload = made_uploads_begin(&scene.made, NULL, 0, 0, "family");
    assert_true(made_upload_attachment(upload, "a.pprof"));
    assert_false(made_upload_attachment(upload, "a.pprof"));
    assert_int_equal(scene.made.error, RECEIVER_OK);
    upload = made_uploads_begin(&scene.made, NULL, 0, 0, "family");
    assert_true(made_upload_attachment(upload, ""));
    assert_int_equal(scene.made.error, RECEIVER_BAD_UPLOAD);
    made_uploads_refuse(&scene.made, RECEIVER_TOO_LARGE, "later");
    keep_all(&scene);
    assert_int_equal(scene.made.error, RECEIVER_BAD_UPLOAD);
    assert_null(strstr(scene.made.reason, "later"));
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), 1, &json), RECEIVER_NOT_FOUND);
    json_free(&json);
    made_uploads_destroy(&scene.made);
}

TEST_IN(store, too_many) {
    struct test_store *test = *state;
    struct made_scene scene;
    begin(&scene, test);
    for (int i = 0; i < 250; i++) {
        assert_non_null(made_uploads_begin(&scene.made, NULL, 0, 0, "family"));
    }
    assert_null(made_uploads_begin(&scene.made, NULL, 0, 0, "family"));
    assert_int_equal(scene.made.error, RECEIVER_TOO_LARGE);
    made_uploads_destroy(&scene.made);
}

TEST(names_after_types) {
    static const char *const cases[][3] = {{"samples", "cpu", "cpu.pprof"},
                                           {"alloc_space", "inuse_space", "heap.pprof"},
                                           {"goroutine", NULL, "goroutines.pprof"},
                                           {"contentions", "delay", "contentions.pprof"},
                                           {NULL, NULL, "profile.pprof"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = profile_new();
        char name[CATALOG_NAME_MAX_BYTES + 1];
        for (int type = 0; type < 2 && cases[i][type]; type++) {
            profile_add_sample_type(profile, cases[i][type], "count");
        }
        made_upload_name(profile, name);
        assert_string_equal(name, cases[i][2]);
        profile_free(profile);
    }
}

int main(void) {
    return tests_run();
}
