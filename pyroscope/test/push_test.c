// push_test.c: pushes that are written come back; others are refused with the reason.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../../merge/compress.h"
#include "../pyroscope.h"

struct taken {
    char text[20000];
    enum merge_error error; // to return
};

static enum merge_error take(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *profile, size_t size) {
    struct taken *taken = context;
    size_t used = strlen(taken->text);
    used += (size_t)snprintf(taken->text + used, sizeof taken->text - used, "%zu:", series);
    for (size_t i = 0; i < labels->count; i++) {
        used += (size_t)snprintf(taken->text + used, sizeof taken->text - used, "%s=%s,", labels->list[i].name, labels->list[i].value);
    }
    snprintf(taken->text + used, sizeof taken->text - used, "%.*s;", (int)size, (const char *)profile);
    return taken->error;
}

static struct pyroscope_push *two_series(void) {
    static const struct pyroscope_pair one[] = {{"__name__", "memory"}, {"service_name", "shop"}, {"k8s.pod-name", "caf\xc3\xa9\xff"}};
    static const struct pyroscope_pair two[] = {{"1st", ""}};
    struct pyroscope_push *push = pyroscope_push_new();
    pyroscope_push_add(push, one, 3, "id-1", "first", 5);
    pyroscope_push_add(push, two, 1, "id-2", "", 0);
    return push;
}

static const char written[] = "0:__name__=memory,service_name=shop,k8s_pod_name=caf\xc3\xa9\xef\xbf\xbd,first;1:_st=,;";

static enum merge_error read_push(const void *bytes, size_t size, struct taken *taken, struct merge_fault *fault) {
    return pyroscope_read_push(bytes, size, NULL, take, taken, fault);
}

TEST(round_trip) {
    struct pyroscope_push *push = two_series();
    const uint8_t *bytes;
    size_t size;
    struct taken taken = {0};
    struct merge_fault fault = {0};
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    assert_int_equal(read_push(bytes, size, &taken, &fault), MERGE_OK);
    assert_string_equal(taken.text, written);
    pyroscope_push_free(push);
}

TEST(packed) {
    struct pyroscope_push *push = two_series();
    struct compress compress = {0};
    const uint8_t *bytes;
    size_t size;
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    for (int kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct taken taken = {0};
        struct merge_fault fault = {0};
        struct wire_writer out = {0};
        assert_int_equal(compress_deflate(&compress, (enum merge_compression)kind, 0, bytes, size, &out), MERGE_OK);
        assert_int_equal(read_push(out.bytes, out.size, &taken, &fault), MERGE_OK);
        assert_string_equal(taken.text, written);
        wire_free(&out);
    }
    compress_free(&compress);
    pyroscope_push_free(push);
}

// At any byte: it is short, or has fewer series; never more.
TEST(cut) {
    struct pyroscope_push *push = two_series();
    const uint8_t *bytes;
    size_t size, whole = 0;
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    for (size_t cut = 0; cut < size; cut++) {
        struct taken taken = {0};
        struct merge_fault fault = {0};
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, bytes, cut);
        enum merge_error error = read_push(copy, cut, &taken, &fault);
        assert_true(error == MERGE_OK || error == MERGE_TRUNCATED);
        assert_memory_equal(taken.text, written, strlen(taken.text));
        whole += error == MERGE_OK;
        free(copy);
    }
    assert_int_equal(whole, 2); // none and the first
    pyroscope_push_free(push);
}

static void refuse(const char *bytes, size_t size, enum merge_error error, const char *reason) {
    struct taken taken = {0};
    struct merge_fault fault = {0};
    assert_int_equal(read_push(bytes, size, &taken, &fault), error);
    assert_non_null(strstr(fault.text, reason));
}

TEST(refusals) {
    refuse("\x12\x01x", 3, MERGE_MALFORMED, "a field that a push does not have");
    refuse("\x0b", 1, MERGE_MALFORMED, "not protobuf");
    refuse("\x0a\x05\x12\x09", 4, MERGE_TRUNCATED, "ends inside a field");
    refuse("{\"series\":[]}", 13, MERGE_MALFORMED, "not protobuf");
    struct pyroscope_push *push = pyroscope_push_new();
    const uint8_t *bytes;
    size_t size;
    for (int i = 0; i <= PYROSCOPE_MAX_PROFILES; i++) {
        pyroscope_push_add(push, NULL, 0, "", "", 0);
    }
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    struct taken taken = {0};
    struct merge_fault fault = {0};
    assert_int_equal(read_push(bytes, size, &taken, &fault), MERGE_TOO_LARGE);
    pyroscope_push_free(push);
}

TEST(the_reader_may_stop) {
    struct pyroscope_push *push = two_series();
    struct taken taken = {.error = MERGE_NOT_FOUND};
    struct merge_fault fault = {0};
    const uint8_t *bytes;
    size_t size;
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    assert_int_equal(read_push(bytes, size, &taken, &fault), MERGE_NOT_FOUND);
    assert_non_null(strstr(taken.text, "first;"));
    assert_null(strstr(taken.text, "1:"));
    pyroscope_push_free(push);
}

int main(void) {
    return tests_run();
}
