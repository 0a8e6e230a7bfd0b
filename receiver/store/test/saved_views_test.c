// saved_views_test.c: views by JSON: what is taken and refused, replaced, bounded; restarts and backups.

#include "../../../base/test/test.h"

#include "backup_scene.h"

#include "../../test/expect_json.h"
#include "../notebook.h"
#include "../saved_views.h"

static enum receiver_error add_text(struct test_store *test, const char *body, int64_t *id, char text[300]) {
    return saved_view_add(test->store, body, strlen(body), id, text, 300);
}

static int64_t save(struct test_store *test, const char *body) {
    int64_t id;
    char text[300];
    if (add_text(test, body, &id, text) != RECEIVER_OK) {
        fail_msg("%s: %s", body, text);
    }
    return id;
}

static void expect(struct test_store *test, const char *piece) {
    struct json json = {0};
    assert_int_equal(saved_views_write(test->store, &json), RECEIVER_OK);
    expect_json(&json, piece);
}

TEST_IN(store, saved) {
    struct test_store *test = *state;
    expect(test, "{\"views\":[]}");
    assert_int_equal(saved_view_remove(test->store, 1), RECEIVER_NOT_FOUND);
    int64_t first = save(test, "{\"name\":\"the leak\",\"address\":\"/profile?service=shop&tab=memory\"}");
    save(test, "{\"name\":\"All\",\"address\":\"/\"}");
    save(test, "{\"name\":\"caf\xc3\xa9 <b>\",\"address\":\"/compare?ids=7&base.ids=3\"}");
    assert_int_equal(save(test, "{\"name\":\"the leak\",\"address\":\"/?q=%20a\"}"), first); // the same with another address
    for (int round = 0; round < 2; round++) {
        char expected[200];
        snprintf(expected, sizeof expected, "{\"id\":%d,\"name\":\"the leak\",\"address\":\"/?q=%%20a\"}]}", (int)first);
        expect(test, expected); // by name, whatever the case
        expect(test, "{\"views\":[{\"id\":2,\"name\":\"All\",\"address\":\"/\"},");
        reopen(test, 0);
    }
    assert_int_equal(saved_view_remove(test->store, 2), RECEIVER_OK);
    assert_int_equal(saved_view_remove(test->store, 2), RECEIVER_NOT_FOUND);
    assert_true(save(test, "{\"name\":\"All\",\"address\":\"/\"}") > 3); // numbers are not used again
}

TEST_IN(store, refused) {
    struct test_store *test = *state;
    static const char *const bad[] = {"",
                                      "x",
                                      "[]",
                                      "{",
                                      "{}",
                                      "{\"name\":\"a\"}",
                                      "{\"address\":\"/\"}",
                                      "{\"name\":\"\",\"address\":\"/\"}",
                                      "{\"name\":7,\"address\":\"/\"}",
                                      "{\"name\":\"a\\nb\",\"address\":\"/\"}",
                                      "{\"name\":\"a\",\"address\":\"\"}",
                                      "{\"name\":\"a\",\"address\":null}",
                                      "{\"name\":\"a\",\"address\":[\"/\"]}",
                                      "{\"name\":\"a\",\"address\":\"//evil.example/\"}",
                                      "{\"name\":\"a\",\"address\":\"/\\\\evil.example\"}",
                                      "{\"name\":\"a\",\"address\":\"https://evil.example/\"}",
                                      "{\"name\":\"a\",\"address\":\"javascript:alert(1)\"}",
                                      "{\"name\":\"a\",\"address\":\"/api/uploads\"}",
                                      "{\"name\":\"a\",\"address\":\"/profile/../x\"}",
                                      "{\"name\":\"a\",\"address\":\"/?q=a b\"}",
                                      "{\"name\":\"a\",\"address\":\"/?q=<b>\"}",
                                      "{\"name\":\"a\",\"address\":\"/?token=x\"}",
                                      "{\"name\":\"a\",\"address\":\"/profile?a=b&t%6Fken=x\"}",
                                      "{\"name\":\"a\",\"address\":\"/?a&token\"}",
                                      "{\"name\":\"a\xc2\x85z\",\"address\":\"/\"}",
                                      "{\"name\":\"a\xe2\x80\xaez\",\"address\":\"/\"}",
                                      "{\"name\":\"a\xe2\x81\xa6z\",\"address\":\"/\"}"};
    int64_t id;
    char text[300];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (add_text(test, bad[i], &id, text) != RECEIVER_BAD_UPLOAD || !*text) {
            fail_msg("%s: %s", bad[i], text);
        }
    }
    char large[400];
    snprintf(large, sizeof large, "{\"name\":\"%0101d\",\"address\":\"/\"}", 1);
    assert_int_equal(add_text(test, large, &id, text), RECEIVER_TOO_LARGE);
    expect(test, "{\"views\":[]}");
    for (int i = 0; i < NOTEBOOK_VIEWS_MAX; i++) {
        snprintf(large, sizeof large, "{\"name\":\"view %d\",\"address\":\"/\"}", i);
        save(test, large);
    }
    assert_int_equal(add_text(test, "{\"name\":\"one more\",\"address\":\"/\"}", &id, text), RECEIVER_CONFLICT);
    assert_non_null(strstr(text, "200 views"));
    save(test, "{\"name\":\"view 7\",\"address\":\"/?tokens=x&atoken=&toke=&q=token=y\"}"); // others' names
    save(test, "{\"name\":\"view 8\",\"address\":\"/\"}");
    save(test, "{\"name\":\"view 7\",\"address\":\"/?q=x\"}"); // another address for one that is there
}

// A name that is there keeps its own address.
TEST_IN(store, in_a_backup) {
    struct test_store *test = *state, other = {0};
    struct told told;
    char path[200];
    save(test, "{\"name\":\"a\",\"address\":\"/?q=1\"}");
    save(test, "{\"name\":\"b\",\"address\":\"/?q=2\"}");
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_int_equal(folder_make(other.directory), 0);
    reopen(&other, 0);
    save(&other, "{\"name\":\"b\",\"address\":\"/?q=own\"}");
    store_close(other.store);
    other.store = NULL;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(import_from(&told, other.directory, path), RECEIVER_OK);
        assert_string_equal(told.said, "");
    }
    reopen(&other, 0);
    expect(&other, "\"name\":\"a\",\"address\":\"/?q=1\"},{\"id\":1,\"name\":\"b\",\"address\":\"/?q=own\"}]}");
    store_close(other.store);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(folder_remove(other.directory), 0);
}

int main(void) {
    return tests_run();
}
