// upload_list_test.c: the uploads of a selection, oldest first, only those with the attachment, and their processes.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

TEST_IN(store, order_and_attachment) {
    struct test_store *test = *state;
    int64_t second = upload_bytes(test, "one", 2, "a.pprof", "x", 1), first = upload_bytes(test, "two", 1, "a.pprof", "x", 1);
    int64_t other = upload_bytes(test, "one", 3, "b.pprof", "x", 1), last = upload_bytes(test, "one", 4, "a.pprof", "x", 1);
    struct upload_list list = list_of(test, "a.pprof");
    assert_int_equal(list.count, 3);
    assert_true(list.uploads[0].id == first && list.uploads[1].id == second && list.uploads[2].id == last);
    assert_true(list.uploads[1].end_ms - list.uploads[1].start_ms == 60000);
    assert_true(list.uploads[1].process == list.uploads[2].process && list.uploads[0].process != list.uploads[1].process);
    assert_int_equal(list.left_out, 0);
    upload_list_free(&list);
    list = list_of(test, NULL);
    assert_int_equal(list.count, 4);
    assert_true(list.uploads[2].id == other);
    upload_list_free(&list);
    list = list_of(test, "none");
    assert_int_equal(list.count, 0);
    upload_list_free(&list);
}

TEST_IN(store, selection) {
    struct test_store *test = *state;
    char text[200];
    struct selection selection;
    struct upload_list list;
    upload_bytes(test, "one", 1, "a.pprof", "x", 1);
    int64_t wanted = upload_bytes(test, "two", 2, "a.pprof", "x", 1);
    selection_init(&selection);
    assert_true(selection_add(&selection, "host", "two", text, sizeof text));
    assert_int_equal(upload_list_read(store_catalog(test->store), &selection, "a.pprof", UPLOAD_LIST_MAX, &list), RECEIVER_OK);
    assert_true(list.count == 1 && list.uploads[0].id == wanted);
    upload_list_free(&list);
    selection_free(&selection);
}

// Whatever says how a list is read is the same of a part of it.
TEST(a_part_is_read_alike) {
    struct flight *flight = (void *)&(char){0};
    atomic_bool stop = false;
    struct listed_upload one = {.id = 1};
    const struct upload_list all = {.uploads = &one, .count = 1, .left_out = 3, .with_times = true, .flight = flight, .stop = &stop};
    struct upload_list part = upload_list_like(&all, 0);
    assert_non_null(part.uploads);
    assert_true(part.with_times && part.flight == flight && part.stop == &stop);
    assert_true(part.count == 0 && part.left_out == 0);
    upload_list_free(&part);
}

int main(void) {
    return tests_run();
}
