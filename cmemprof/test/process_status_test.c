// process_status_test.c: figures of /proc/PID/status, with and without what some kernels leave out.

#include "../../base/test/test.h"

#include <unistd.h>

#include "../process_status.h"

// Returns process_status_filters.
static uint64_t read_text(const char *text, bool expected, struct process_status *status) {
    char path[] = "/tmp/process_status_test.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    assert_int_equal(process_status_read(path, status), expected);
    uint64_t filters = process_status_filters(path);
    unlink(path);
    return filters;
}

TEST(figures_are_read) {
    struct process_status status;
    read_text("Name:\tVmRSS: 1\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t 7 kB\nVmSwap:\t       0 kB\nThreads:\t12\n", true,
              &status);
    assert_int_equal(status.peak_rss, 2048 << 10);
    assert_int_equal(status.rss, 1024 << 10);
    assert_int_equal(status.swap, 0);
    assert_int_equal(status.threads, 12);
    assert_int_equal(status.anonymous, 7 << 10);
}

TEST(pages_of_files_are_not_kept) {
    struct process_status status;
    read_text("Name:\tx\nVmRSS:\t 1000 kB\nRssAnon:\t 200 kB\nRssFile:\t 790 kB\nRssShmem:\t 10 kB\nVmSwap:\t 5 kB\n", true, &status);
    assert_int_equal(process_status_kept(&status), 215 << 10);
    read_text("Name:\tx\nVmRSS:\t 1000 kB\nRssAnon:\t 200 kB\nRssFile:\t 790 kB\nRssShmem:\t 10 kB\n", true, &status);
    assert_int_equal(process_status_kept(&status), 210 << 10);
    read_text("Name:\tx\nVmRSS:\t 1000 kB\nVmSwap:\t 5 kB\n", true, &status); // before Linux 4.5
    assert_int_equal(process_status_kept(&status), 1000 << 10);
    read_text("Name:\tx\n", true, &status);
    assert_true(process_status_kept(&status) == PROCESS_STATUS_UNKNOWN);
}

// 65,536 groups: the line that they are in is longer than any buffer, and what comes behind it is read.
TEST(a_long_line_hides_nothing) {
    struct process_status status;
    enum { GROUPS = 65536, TEXT_BYTES = GROUPS * 8 + 200 };
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    for (int extra = 0; extra < 8; extra++) { // wherever the buffer ends
        size_t size = (size_t)sprintf(text, "Name:\tx\nVmHWM:\t 9 kB\nGroups:\t%.*s", extra, "xxxxxxxx");
        for (int i = 0; i < GROUPS; i++) {
            size += (size_t)sprintf(text + size, "%d ", i);
        }
        sprintf(text + size, "\nVmRSS:\t 1000 kB\nThreads:\t3\nSeccomp:\t1\nSeccomp_filters:\t2\n");
        assert_int_equal(read_text(text, true, &status), 2);
        assert_int_equal(status.peak_rss, 9 << 10);
        assert_int_equal(status.rss, 1000 << 10);
        assert_int_equal(status.threads, 3);
        assert_int_equal(status.seccomp, 1);
        assert_int_equal(status.filters, 2);
    }
    free(text);
}

TEST(what_is_not_said_is_unknown) {
    struct process_status status;
    assert_int_equal(read_text("Name:\tcat\nThreads:\t1\n", true, &status), 0);
    assert_true(status.rss == PROCESS_STATUS_UNKNOWN && status.peak_rss == PROCESS_STATUS_UNKNOWN);
    assert_true(status.swap == PROCESS_STATUS_UNKNOWN && status.threads == 1);
    read_text("", false, &status);
    assert_true(status.threads == PROCESS_STATUS_UNKNOWN);
    assert_false(process_status_read("/no/such/file", &status));
    assert_int_equal(process_status_filters("/no/such/file"), 0);
    assert_true(status.rss == PROCESS_STATUS_UNKNOWN && status.threads == PROCESS_STATUS_UNKNOWN);
}

TEST(this_process_has_all) {
    struct process_status status;
    assert_true(process_status_read(PROCESS_STATUS, &status));
    assert_true(status.rss != 0 && status.rss <= status.peak_rss && status.peak_rss != PROCESS_STATUS_UNKNOWN && status.threads >= 1);
    assert_true(process_status_kept(&status) != 0 && process_status_kept(&status) < PROCESS_STATUS_UNKNOWN);
}

int main(void) {
    return tests_run();
}
