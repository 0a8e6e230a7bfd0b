// labels_test.c: what tags and files are called as labels, and back.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../labels.h"

TEST(limits) {
    struct pyroscope_labels *labels = calloc(1, sizeof *labels);
    char text[PYROSCOPE_MAX_TEXT + 10];
    memset(text, 'x', sizeof text);
    assert_true(labels_add(labels, text, sizeof text, "ab", 1));
    assert_int_equal(strlen(labels->list[0].name), PYROSCOPE_MAX_TEXT);
    assert_string_equal(labels->list[0].value, "a");
    for (int i = 0; i < PYROSCOPE_MAX_LABELS + 2; i++) {
        assert_true(labels_add(labels, "k", 1, "v", 1));
    }
    assert_int_equal(labels->count, PYROSCOPE_MAX_LABELS);
    assert_int_equal(labels->left_out, 3);
    assert_string_equal(pyroscope_label(labels, "k"), "v");
    assert_null(pyroscope_label(labels, "other"));
    pyroscope_labels_free(labels);
    assert_int_equal(labels->count, 0);
    free(labels);
}

TEST(tags) {
    static const char *const tags[] = {"service", "host", "runtime-id", "git.commit.sha", "git.repository_url", "language", "region"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        assert_string_equal(pyroscope_tag_of_label(pyroscope_label_of_tag(tags[i])), tags[i]);
    }
    assert_string_equal(pyroscope_label_of_tag("service"), "service_name");
    assert_string_equal(pyroscope_label_of_tag("runtime-id"), "__session_id__");
}

// Each of the profiler's files comes back with its own name.
TEST(files) {
    static const char *const files[] = {"cpu.pprof",         "heap.pprof",   "delta-heap.pprof",     "mutex.pprof",
                                        "delta-mutex.pprof", "block.pprof",  "delta-block.pprof",    "goroutines.pprof",
                                        "peak.pprof",        "memory.pprof", "goroutineswait.pprof", "goroutineleak.pprof"};
    char metric[100];
    bool delta;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        pyroscope_metric_of_file(files[i], metric, sizeof metric, &delta);
        assert_string_equal(pyroscope_file_of_metric(metric, delta), files[i]);
    }
    pyroscope_metric_of_file("delta-heap.pprof", metric, sizeof metric, &delta);
    assert_string_equal(metric, "memory");
    assert_true(delta);
    pyroscope_metric_of_file("heap.pprof", metric, sizeof metric, &delta);
    assert_false(delta);
    pyroscope_metric_of_file("off-cpu.pprof", metric, sizeof metric, &delta);
    assert_string_equal(metric, "off_cpu");
    assert_null(pyroscope_file_of_metric("off_cpu", true));
}

int main(void) {
    return tests_run();
}
