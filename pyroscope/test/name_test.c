// name_test.c: names of applications in addresses.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../pyroscope.h"

// Labels as "key=value;", in their order.
static void expect(const char *name, const char *labels) {
    struct pyroscope_labels *read = calloc(1, sizeof *read);
    struct merge_fault fault = {0};
    char text[300] = "";
    assert_int_equal(pyroscope_read_name(name, read, &fault), MERGE_OK);
    for (size_t i = 0; i < read->count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%s;", read->list[i].name, read->list[i].value);
    }
    assert_string_equal(text, labels);
    pyroscope_labels_free(read);
    free(read);
}

static void refuse(const char *name, const char *reason) {
    struct pyroscope_labels *read = calloc(1, sizeof *read);
    struct merge_fault fault = {0};
    assert_int_equal(pyroscope_read_name(name, read, &fault), MERGE_MALFORMED);
    assert_non_null(strstr(fault.text, reason));
    pyroscope_labels_free(read);
    free(read);
}

TEST(names) {
    expect("shop", "__name__=shop;");
    expect("shop.api{}", "__name__=shop.api;");
    expect("shop{region=eu,version=1.2}", "__name__=shop;region=eu;version=1.2;");
    expect("shop{region=eu, version=, }", "__name__=shop;region=eu;version=;");
    expect("shop {url=a=b:c/d}", "__name__=shop;url=a=b:c/d;");
}

TEST(no_names) {
    refuse("", "empty");
    refuse("{a=b}", "empty");
    refuse("shop{", "NAME{key=value");
    refuse("shop{a=b", "NAME{key=value");
    refuse("shop}", "NAME{key=value");
    refuse("shop{a}", "key=value");
    refuse("shop{=b}", "key=value");
    refuse("shop{a=b,c}", "key=value");
}

static void expect_kind(const char *application, const char *units, uint32_t rate, const char *metric, const char *type, const char *unit,
                        int64_t period_ns, size_t name_bytes) {
    struct pyroscope_kind kind;
    pyroscope_kind_of(application, units, rate, &kind);
    assert_string_equal(kind.metric, metric);
    assert_string_equal(kind.type, type);
    assert_string_equal(kind.unit, unit);
    assert_int_equal(kind.period_ns, period_ns);
    assert_int_equal(kind.name_bytes, name_bytes);
}

TEST(kinds) {
    expect_kind("shop", "samples", 100, "process_cpu", "cpu", "nanoseconds", 10000000, 4);
    expect_kind("shop.cpu", "", 0, "process_cpu", "cpu", "nanoseconds", 10000000, 4);
    expect_kind("shop.api", "bytes", 100, "memory", "inuse_space", "bytes", 0, 8);
    expect_kind("shop.api.wall", "", 50, "wall", "wall", "nanoseconds", 20000000, 8);
    expect_kind("shop.alloc_space", "samples", 100, "memory", "alloc_space", "bytes", 0, 4);
    expect_kind("shop.mutex_duration", "", 0, "mutex", "delay", "nanoseconds", 0, 4);
    expect_kind("shop", "", UINT32_MAX, "process_cpu", "cpu", "nanoseconds", 1, 4);
}

int main(void) {
    return tests_run();
}
