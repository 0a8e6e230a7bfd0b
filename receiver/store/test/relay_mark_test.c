// relay_mark_test.c: marks grow from receiver to receiver, and tell a loop.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../relay_mark.h"

#include <fcntl.h>
#include <unistd.h>

TEST(id) {
    char directory[FOLDER_BYTES], id[RELAY_MARK_ID_BYTES], again[RELAY_MARK_ID_BYTES];
    assert_int_equal(folder_make(directory), 0);
    int opened = open(directory, O_RDONLY | O_DIRECTORY);
    assert_true(relay_mark_id(opened, false, id));
    assert_string_equal(id, "");
    assert_true(relay_mark_id(opened, true, id));
    assert_int_equal(strlen(id), 16);
    assert_true(relay_mark_id(opened, true, again));
    assert_string_equal(id, again);
    assert_true(relay_mark_id(opened, false, again));
    assert_string_equal(id, again);
    close(opened);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(marks) {
    char tag[RELAY_MARK_BYTES], tags[RELAY_MARK_BYTES + 20];
    assert_true(relay_mark_add("service:shop,host:a", "0123456789abcdef", tag));
    assert_string_equal(tag, "relay:0123456789abcdef");
    assert_true(relay_mark_add("service:shop,relay:0123456789abcdef,host:a", "1111111111111111", tag));
    assert_string_equal(tag, "relay:0123456789abcdef.1111111111111111");
    assert_true(relay_mark_has("service:shop,relay:0123456789abcdef.1111111111111111", "1111111111111111"));
    assert_false(relay_mark_has("service:shop,relay:0123456789abcdef", "1111111111111111"));
    assert_false(relay_mark_has("service:shop,relays:1111111111111111", "1111111111111111"));
    assert_false(relay_mark_has("service:shop,relay:1111111111111111", ""));
    assert_false(relay_mark_has(NULL, "1111111111111111"));
    // A service has a tag of that name, and an older mark.
    const char *several = "relay:foo,relay:1111111111111111,a:b,relay:2222222222222222.3333333333333333,relay:bar";
    for (int i = 1; i <= 3; i++) {
        snprintf(tags, sizeof tags, "%.16s", &"111111111111111122222222222222223333333333333333"[16 * (i - 1)]);
        assert_true(relay_mark_has(several, tags));
    }
    assert_false(relay_mark_has(several, "4444444444444444"));
    assert_true(relay_mark_add(several, "4444444444444444", tag));
    assert_string_equal(tag, "relay:2222222222222222.3333333333333333.4444444444444444");
    assert_true(relay_mark_add("relay:foo", "4444444444444444", tag));
    assert_string_equal(tag, "relay:4444444444444444");
    snprintf(tags, sizeof tags, "a:b");
    for (int i = 0; i < RELAY_MARK_MAX; i++) {
        assert_true(relay_mark_add(tags, "2222222222222222", tag));
        snprintf(tags, sizeof tags, "a:b,%s", tag);
    }
    assert_false(relay_mark_add(tags, "2222222222222222", tag));
}

int main(void) {
    return tests_run();
}
