// time_labels_test.c: labels come back from a stack's words as they were put there, each with and without the others.

#include "../../base/test/test.h"

#include "../time_labels.h"

TEST(they_come_back) {
    for (unsigned which = 0; which < 32; which++) {
        const struct time_labels labels = {
            .thread = 4194303,
            .is_python = which & 1,
            .is_release = which & 8,
            .exception = which & 2 ? (uintptr_t)1 << 63 | 17 : 0,
            .task = which & 4 ? 12 : 0,
            .span = which & 16 ? UINT64_MAX : 0,
            .root = which & 16 ? 77 : 0,
        };
        struct time_labels read;
        uintptr_t words[2 + TIME_LABEL_WORDS] = {101, 102};
        uint32_t count = time_labels_put(&labels, words, 2);
        assert_in_range(count, 3, 2 + TIME_LABEL_WORDS);
        assert_int_equal(time_labels_get(&read, words, count), 2);
        assert_int_equal(read.thread, labels.thread);
        assert_int_equal(read.is_python, labels.is_python);
        assert_int_equal(read.is_release, labels.is_release);
        assert_int_equal(read.exception, labels.exception);
        assert_int_equal(read.task, labels.task);
        assert_int_equal(read.span, labels.span);
        assert_int_equal(read.root, labels.root);
        assert_int_equal(words[1], 102);
    }
}

int main(void) {
    return tests_run();
}
