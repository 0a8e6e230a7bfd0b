// marks_test.c: pins and notes in memory.

#include "../../../base/test/test.h"

#include "../marks.h"

TEST(set_and_find) {
    struct marks marks = {0};
    assert_null(marks_find(NULL, 1));
    assert_false(marks_are_pinned(NULL, 1));
    for (int64_t id = 90; id > 0; id -= 3) {
        char note[20];
        snprintf(note, sizeof note, "n%d", (int)id);
        assert_true(marks_set(&marks, id, id % 2, id % 5 ? note : ""));
    }
    for (int64_t id = -1; id < 95; id++) {
        const struct mark *mark = marks_find(&marks, id);
        bool is_there = id > 0 && id <= 90 && id % 3 == 0 && (id % 2 || id % 5);
        assert_int_equal(!!mark, is_there);
        assert_int_equal(marks_are_pinned(&marks, id), is_there && id % 2);
        assert_int_equal(mark && mark->note, is_there && id % 5);
    }
    size_t count = marks.count, pinned = marks.pinned;
    assert_true(marks_set(&marks, 9, true, "other"));
    assert_string_equal(marks_find(&marks, 9)->note, "other");
    assert_true(marks_set(&marks, 9, false, NULL) && marks_set(&marks, 9, false, NULL) && marks_set(&marks, 1000, false, ""));
    assert_null(marks_find(&marks, 9));
    assert_true(marks.count == count - 1 && marks.pinned == pinned - 1);
    marks_free(&marks);
    assert_int_equal(marks.count, 0);
}

int main(void) {
    return tests_run();
}
