// event_fuzz.c: fuzz target of the reader of an upload's event, for libFuzzer. Built by `make fuzz-event`.
//
// The input is the event, after its first line if that begins with "+": tags from outside. What is taken must be within its limits, be
// text, and read the same again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../index/upload_event.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

static bool is_same(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check(const struct upload_event *event) {
    must(event->tags && strlen(event->tags) <= UPLOAD_EVENT_TAGS_MAX_BYTES, "tags over the limit");
    const char *const fields[] = {event->start, event->end, event->family};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        must(!fields[i] || strlen(fields[i]) <= UPLOAD_EVENT_FIELD_MAX_BYTES, "a field over the limit");
    }
}

static void check_same(const struct upload_event *a, const struct upload_event *b) {
    must(is_same(a->tags, b->tags) && is_same(a->start, b->start) && is_same(a->end, b->end) && is_same(a->family, b->family),
         "other text");
    must(a->start_ms == b->start_ms && a->end_ms == b->end_ms, "other times");
    for (int i = 0; i < FACET_COUNT; i++) {
        must(is_same(a->facets[i], b->facets[i]), "other facets");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct upload_event_reader *reader;
    char text[256], *more = NULL;
    const uint8_t *line = size > 0 && *data == '+' ? memchr(data, '\n', size) : NULL;
    if (!reader) {
        reader = upload_event_reader_new();
    }
    if (line) {
        more = strndup((const char *)data + 1, (size_t)(line - data) - 1);
        size -= (size_t)(line + 1 - data);
        data = line + 1;
    }
    struct upload_event event, again;
    enum receiver_error error = upload_event_read(reader, (const char *)data, size, more, &event, text, sizeof text);
    must(error == RECEIVER_OK || error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE, "another error");
    if (error == RECEIVER_OK) {
        check(&event);
        must(upload_event_read(reader, (const char *)data, size, more, &again, text, sizeof text) == RECEIVER_OK,
             "not the same answer again");
        check_same(&event, &again);
        upload_event_free(&again);
        upload_event_free(&event);
    } else {
        must(*text != '\0' && strlen(text) < sizeof text, "an error without a line");
    }
    free(more);
    return 0;
}
