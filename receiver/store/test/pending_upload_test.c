// pending_upload_test.c: an upload on its way into the store: names, limits, and no leftovers of one not kept.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

TEST_IN(store, refused_event_leaves_nothing) {
    struct test_store *test = *state;
    struct fixture fixture = {0};
    int64_t id = 0;
    char text[200] = "";
    strcpy(fixture.directory, test->directory);
    assert_int_equal(add(test, "[]", "x", &id, text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "the event part is not a JSON object");
    assert_int_equal(count_files(&fixture, "uploads"), 0);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
    assert_int_equal(add_good(test, "x"), 1);
}

// Names as sent, as stored, and of the file.
TEST_IN(store, names) {
    struct test_store *test = *state;
    static const char *const names[][3] = {
        {"a.pprof", "a.pprof", "0-a.pprof"},        {"../../x", ".._.._x", "1-.._.._x"}, {"a\\b/c", "a_b_c", "2-a_b_c"},
        {"\xc3\xa9\xff\n", "\xc3\xa9__", "3-____"}, {"<b>&\"'", "<b>&\"'", "4-_b____"},  {".", ".", "5-."},
    };
    struct pending_upload *pending;
    char text[200] = "";
    int64_t id;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(pending_upload_attachment(pending, names[i][0], text, sizeof text), RECEIVER_OK);
    }
    pending_upload_refuse(pending, "<b>", "no \"name\"");
    assert_int_equal(keep(pending, "{}", "k:v", &id, text), RECEIVER_OK);
    assert_string_equal(pending_upload_refused(pending), "[{\"name\":\"<b>\",\"reason\":\"no \\\"name\\\"\"}]");
    pending_upload_free(pending);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct catalog_attachment attachment;
        int file;
        assert_int_equal(store_read(test->store, id, names[i][1], true, &attachment, &file), RECEIVER_OK);
        assert_string_equal(attachment.name, names[i][1]);
        assert_string_equal(attachment.file, names[i][2]);
        close(file);
    }
}

TEST_IN(store, refused_names) {
    struct test_store *test = *state;
    struct pending_upload *pending;
    char text[200] = "", longest[202] = "";
    memset(longest, 'x', 201);
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, NULL, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(pending_upload_attachment(pending, "", text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(pending_upload_attachment(pending, longest, text, sizeof text), RECEIVER_BAD_UPLOAD);
    longest[200] = '\0';
    assert_int_equal(pending_upload_attachment(pending, longest, text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, longest, text, sizeof text), RECEIVER_BAD_UPLOAD);
    // Two names that become equal once cleaned.
    assert_int_equal(pending_upload_attachment(pending, "a/b", text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "a\\b", text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "two attachments are named a_b");
    for (int i = 2; i < CATALOG_MAX_ATTACHMENTS; i++) {
        snprintf(longest, sizeof longest, "%d", i);
        assert_int_equal(pending_upload_attachment(pending, longest, text, sizeof text), RECEIVER_OK);
    }
    assert_int_equal(pending_upload_attachment(pending, "one more", text, sizeof text), RECEIVER_BAD_UPLOAD);
    pending_upload_free(pending);
    struct fixture fixture = {0};
    strcpy(fixture.directory, test->directory);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
}

int main(void) {
    return tests_run();
}
