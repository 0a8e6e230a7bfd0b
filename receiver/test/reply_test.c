// reply_test.c: statuses, and the name of a download in its header.
#include "http.h"

#include "../reply.h"
#include "place.h"

static void test_statuses(void **state) {
    (void)state;
    assert_int_equal(reply_status(RECEIVER_OK), 200);
    assert_int_equal(reply_status(RECEIVER_BAD_UPLOAD), 400);
    assert_int_equal(reply_status(RECEIVER_NOT_FOUND), 404);
    assert_int_equal(reply_status(RECEIVER_TOO_LARGE), 413);
    assert_int_equal(reply_status(RECEIVER_DISK_FULL), 507);
    assert_int_equal(reply_status(RECEIVER_BUSY), 503);
    assert_int_equal(reply_status(RECEIVER_BAD_INDEX), 503);
    assert_int_equal(reply_status(RECEIVER_IO), 500);
    assert_int_equal(reply_status(RECEIVER_NO_MEMORY), 500);
}

// The longest name there is, each byte of which takes three characters, and one that would end the header's quotes.
static void test_download_names(void **state) {
    struct fixture *fixture = *state;
    struct text body = {0}, name = {0};
    for (int i = 0; i < 100; i++) {
        text_add(&name, "\xc3\xa9");
    }
    char disposition[300];
    snprintf(disposition, sizeof disposition, "name=\"x\"; filename=\"%s\"", name.bytes);
    body_part(&body, disposition, "1");
    body_part(&body, "name=\"y\"; filename=\"a%b;c.pprof\"", "2");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"id\":1");
    struct text path = {0};
    text_add(&path, "/api/uploads/1/attachments/");
    for (int i = 0; i < 100; i++) {
        text_add(&path, "%%C3%%A9");
    }
    struct answer answer = http_get(fixture->port, path.bytes);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"________"));
    assert_non_null(strstr(answer.all.bytes, "%C3%A9\r\n"));
    answer_free(&answer);
    answer = http_get(fixture->port, "/api/uploads/1/attachments/a%25b;c.pprof");
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"a_b;c.pprof\"; filename*=UTF-8''a%25b%3Bc.pprof\r\n"));
    answer_free(&answer);
    free(name.bytes);
    free(path.bytes);
}

// A quote cannot come through multipart, but it may stand in a store; it must not end the name in the header.
static void test_quote_in_name(void **state) {
    struct fixture *fixture = *state;
    struct store *store;
    struct incoming *incoming;
    char text[200];
    int64_t id;
    receiver_stop(fixture->receiver);
    assert_int_equal(store_open(&(struct store_options){.directory = fixture->directory}, &store, text, sizeof text), RECEIVER_OK);
    assert_int_equal(incoming_new(store, &incoming), RECEIVER_OK);
    assert_int_equal(incoming_attachment(incoming, "a\"b", text, sizeof text), RECEIVER_OK);
    assert_int_equal(keep(incoming, "{}", NULL, &id, text), RECEIVER_OK);
    incoming_free(incoming);
    store_close(store);
    fixture_start(fixture, 0, 0);
    struct answer answer = http_get(fixture->port, "/api/uploads/1/attachments/a%22b");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b\r\n"));
    answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_statuses),
                                       cmocka_unit_test_setup_teardown(test_download_names, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_quote_in_name, fixture_setup, fixture_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
