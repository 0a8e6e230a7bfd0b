// sweep_test.c: every file is passed once, in order and to the right half; failures are reported and stop nothing else.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

struct part {
    char seen[200];
    pthread_t thread;
};

static enum receiver_error take(void *state, struct sweep_file *file) {
    struct part *part = state;
    part->thread = pthread_self();
    if (memchr(file->bytes, '!', file->size)) {
        snprintf(file->text, sizeof file->text, "bad: %.*s", (int)file->size, (const char *)file->bytes);
        return RECEIVER_BAD_UPLOAD;
    }
    strncat(part->seen, file->bytes, file->size);
    file->duration_ns = 1500000000;
    return memchr(file->bytes, '0', file->size) ? RECEIVER_NO_MEMORY : RECEIVER_OK;
}

static void add_letters(struct test_store *test, const char *letters) {
    for (int i = 0; letters[i]; i++) {
        upload_bytes(test, "h", i, "a.pprof", letters + i, 1);
    }
}

TEST_IN(store, two_halves) {
    struct test_store *test = *state;
    struct part parts[2] = {0};
    struct sweep_report report;
    add_letters(test, "abc!efgh!");
    struct upload_list list = list_of(test, "a.pprof");
    assert_int_equal(sweep_uploads(test->store, &list, "a.pprof", take, (void *[]){&parts[0], &parts[1]}, &report), RECEIVER_OK);
    assert_string_equal(parts[0].seen, "abce");
    assert_string_equal(parts[1].seen, "fgh");
    assert_false(pthread_equal(parts[0].thread, parts[1].thread));
    assert_int_equal(report.uploads, 7);
    assert_true(report.seconds == 420);
    assert_int_equal(report.failed_count, 2);
    assert_int_equal(report.reasons, 1);
    assert_true(report.failed[0].id == 4 && report.failed[0].uploads == 2);
    assert_string_equal(report.failed[0].reason, "bad: !");
    struct json json = {0};
    json_object_begin(&json);
    sweep_report_write(&report, &json);
    json_object_end(&json);
    expect_at(&json, "$",
              "{\"uploads\":7,\"processes\":1,\"uploads_left_out\":0,\"failed_count\":2,\"failed\":["
              "{\"id\":4,\"uploads\":2,\"reason\":\"bad: !\"}]}");
    json_free(&json);
    upload_list_free(&list);
}

TEST_IN(store, one_part) {
    struct test_store *test = *state;
    struct part part = {0};
    struct sweep_report report;
    add_letters(test, "abcdefgh");
    struct upload_list list = list_of(test, "a.pprof");
    assert_int_equal(sweep_uploads(test->store, &list, "a.pprof", take, (void *[]){&part, NULL}, &report), RECEIVER_OK);
    assert_string_equal(part.seen, "abcdefgh");
    // Uploads without the attachment are no failures.
    assert_int_equal(sweep_uploads(test->store, &list, "b.pprof", take, (void *[]){&part, NULL}, &report), RECEIVER_OK);
    assert_true(report.uploads == 0 && report.failed_count == 0);
    upload_list_free(&list);
}

TEST_IN(store, many_failures_and_no_memory) {
    struct test_store *test = *state;
    struct part parts[2] = {0};
    struct sweep_report report;
    add_letters(test, "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!");
    struct upload_list list = list_of(test, "a.pprof");
    assert_int_equal(sweep_uploads(test->store, &list, "a.pprof", take, (void *[]){&parts[0], &parts[1]}, &report), RECEIVER_OK);
    assert_int_equal(report.failed_count, 30);
    assert_true(report.reasons == 1 && report.failed[0].uploads == 30 && report.failed[0].id == 1);
    upload_list_free(&list);
    upload_bytes(test, "h", 50, "a.pprof", "0", 1);
    upload_bytes(test, "h", 51, "a.pprof", "a", 1);
    list = list_of(test, "a.pprof");
    assert_int_equal(sweep_uploads(test->store, &list, "a.pprof", take, (void *[]){&parts[0], NULL}, &report), RECEIVER_NO_MEMORY);
    assert_string_equal(parts[0].seen, "0"); // and no further
    upload_list_free(&list);
}

// Asked before each file, whether it can be taken or not.
static atomic_bool stop;
static enum receiver_error take_and_stop(void *state, struct sweep_file *file) {
    (void)file;
    atomic_store(&stop, ++*(int *)state == 3);
    return RECEIVER_BAD_UPLOAD;
}

TEST_IN(store, stopped) {
    struct test_store *test = *state;
    int taken = 0;
    struct sweep_report report;
    void *parts[2] = {&taken, NULL};
    add_letters(test, "abcdefgh");
    struct upload_list list = list_of(test, "a.pprof");
    list.stop = &stop;
    assert_int_equal(sweep_uploads(test->store, &list, "a.pprof", take_and_stop, parts, &report), RECEIVER_CLIENT_GONE);
    assert_true(taken == 3 && report.failed_count == 3);
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
