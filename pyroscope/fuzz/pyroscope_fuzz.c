// pyroscope_fuzz.c: fuzz target of the readers of pushes and names, for libFuzzer. Built by `make fuzz-pyroscope`.
//
// The first byte chooses the reader. A push that is read is written again, and read again: the same.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pyroscope.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

struct reading {
    struct pyroscope_push *again; // NULL: not written
    size_t count, bytes;
};

static enum merge_error take(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *profile, size_t size) {
    struct reading *reading = context;
    struct pyroscope_pair pairs[PYROSCOPE_MAX_LABELS];
    (void)series;
    must(labels->count <= PYROSCOPE_MAX_LABELS, "too many labels");
    for (size_t i = 0; i < labels->count; i++) {
        must(strlen(labels->list[i].name) <= PYROSCOPE_MAX_TEXT, "a long name");
        pairs[i] = (struct pyroscope_pair){labels->list[i].name, labels->list[i].value};
    }
    if (reading->again) {
        pyroscope_push_add(reading->again, pairs, labels->count, "id", profile, size);
    }
    reading->count++;
    reading->bytes += size;
    return MERGE_OK;
}

static void push(const uint8_t *bytes, size_t size) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    struct reading first = {.again = pyroscope_push_new()}, second = {0};
    const uint8_t *again;
    limits.input_bytes = 1 << 20;
    if (pyroscope_read_push(bytes, size, &limits, take, &first, &fault) == MERGE_OK) {
        must(pyroscope_push_encode(first.again, &again, &size), "cannot be written");
        must(pyroscope_read_push(again, size, NULL, take, &second, &fault) == MERGE_OK, "what was written cannot be read");
        must(first.count == second.count && first.bytes == second.bytes, "another push");
    } else {
        must(!!*fault.text, "refused without a reason");
    }
    pyroscope_push_free(first.again);
}

static void name(const char *text) {
    struct pyroscope_labels *labels = calloc(1, sizeof *labels);
    struct merge_fault fault = {0};
    struct pyroscope_kind kind;
    if (pyroscope_read_name(text, labels, &fault) == MERGE_OK) {
        must(!!pyroscope_label(labels, "__name__"), "no name");
        pyroscope_kind_of(pyroscope_label(labels, "__name__"), "samples", 100, &kind);
        must(kind.name_bytes <= strlen(pyroscope_label(labels, "__name__")), "a long name");
    } else {
        must(!!*fault.text, "refused without a reason");
    }
    pyroscope_labels_free(labels);
    free(labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) {
        return 0;
    }
    char *text = strndup((const char *)bytes + 1, size - 1);
    if (*bytes % 2 == 0) {
        push(bytes + 1, size - 1);
    } else {
        name(text);
    }
    free(text);
    return 0;
}
