// tags.c: the labels of a series that are made of a batch's tags (pyroscope.h).
#include "../base/fnv.h"
#include "labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// By these services are told apart: they come first. relay keeps receivers that send to each other from doing so for ever.
static const char *const first[] = {"service", "env", "version", "host", "runtime-id", "language", "relay"};
// What changes with each batch would make a series of each, and what tells of the profiler is of no use there.
static const char *const others[] = {"profile_seq", "profiler_version",    "runtime_compiler", "runtime_arch", "runtime_os", "runtime",
                                     "pgo",         "go_execution_traced", "trigger",          "left_out",     "process_id"};

static bool is_one_of(const char *tag, size_t size, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == size && memcmp(list[i], tag, size) == 0) {
            return true;
        }
    }
    return false;
}

static bool add(struct pyroscope_labels *labels, const char *tag, size_t tag_size, const char *value, size_t size) {
    char key[PYROSCOPE_MAX_TEXT + 1], name[PYROSCOPE_MAX_TEXT + 1], session[20];
    snprintf(key, sizeof key, "%.*s", (int)tag_size, tag);
    labels_clean_name(pyroscope_label_of_tag(key), name, sizeof name);
    if (!*name || size == 0 || strcmp(name, "__name__") == 0 || strcmp(name, "__delta__") == 0 || pyroscope_label(labels, name)) {
        return true;
    }
    if (strcmp(key, "runtime-id") == 0) { // the server takes 16 hexadecimal digits
        snprintf(session, sizeof session, "%016" PRIx64, fnv64(FNV64_START, value, size));
        value = session;
        size = strlen(session);
    } else if (strcmp(key, "language") == 0 && size == 2 && memcmp(value, "go", 2) == 0) {
        value = "gospy";
        size = strlen(value);
    }
    if (labels->count == PYROSCOPE_SENT_LABELS) {
        labels->left_out++;
        return true;
    }
    return labels_add(labels, name, strlen(name), value, size);
}

bool pyroscope_labels_of_tags(const char *tags, struct pyroscope_labels *labels) {
    bool ok = true;
    for (size_t pass = 0; pass <= sizeof first / sizeof *first; pass++) { // one for each of those, one for the rest
        const char *wanted = pass < sizeof first / sizeof *first ? first[pass] : NULL;
        for (const char *tag = tags; ok && *tag;) {
            size_t length = strcspn(tag, ","), size = strcspn(tag, ":,");
            bool is = size > 0 && size < length && size <= PYROSCOPE_MAX_TEXT &&
                      (wanted ? is_one_of(tag, size, &wanted, 1)
                              : !is_one_of(tag, size, others, sizeof others / sizeof *others) && strncmp(tag, "_dd.", 4) != 0);
            ok = !is || add(labels, tag, size, tag + size + 1, length - size - 1);
            tag += length + (tag[length] == ',');
        }
    }
    return ok;
}
