// name.c: names of applications in addresses of /ingest, and what their ends say (pyroscope.h).
#include "../merge/fault.h"
#include "labels.h"

#include <stdio.h>
#include <string.h>

static enum merge_error no_memory(struct merge_fault *fault) {
    return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory");
}

enum merge_error pyroscope_read_name(const char *text, struct pyroscope_labels *labels, struct merge_fault *fault) {
    size_t length = strcspn(text, "{}"), size = strlen(text);
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    const char *brace = strchr(text, '{');
    if (length == 0) {
        return fault_set(fault, MERGE_MALFORMED, 0, "the name of the application is empty");
    }
    if ((brace && text[size - 1] != '}') || (!brace && strchr(text, '}'))) {
        return fault_set(fault, MERGE_MALFORMED, 0, "the name is not of the form NAME{key=value,key=value}");
    }
    if (!labels_add(labels, "__name__", 8, text, length)) {
        return no_memory(fault);
    }
    for (const char *at = brace ? brace + 1 : text + size, *end = text + size - 1; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        at += strspn(at, " ");
        if (at < stop && (!equals || equals <= at)) {
            return fault_set(fault, MERGE_MALFORMED, (size_t)(at - text), "a label of the name is not of the form key=value");
        }
        if (at < stop && !labels_add(labels, at, (size_t)(equals - at), equals + 1, (size_t)(stop - equals - 1))) {
            return no_memory(fault);
        }
        at = stop + 1;
    }
    return MERGE_OK;
}

static const struct end {
    const char *end, *metric, *type, *unit; // unit NULL: a time of samples
} ends[] = {
    {"cpu", "process_cpu", "cpu", NULL},
    {"itimer", "process_cpu", "cpu", NULL},
    {"wall", "wall", "wall", NULL},
    {"inuse_objects", "memory", "inuse_objects", "count"},
    {"inuse_space", "memory", "inuse_space", "bytes"},
    {"alloc_objects", "memory", "alloc_objects", "count"},
    {"alloc_space", "memory", "alloc_space", "bytes"},
    {"alloc_in_new_tlab_objects", "memory", "alloc_in_new_tlab_objects", "count"},
    {"alloc_in_new_tlab_bytes", "memory", "alloc_in_new_tlab_bytes", "bytes"},
    {"alloc_outside_tlab_objects", "memory", "alloc_outside_tlab_objects", "count"},
    {"alloc_outside_tlab_bytes", "memory", "alloc_outside_tlab_bytes", "bytes"},
    {"live", "memory", "live", "count"},
    {"goroutines", "goroutine", "goroutine", "count"},
    {"mutex_count", "mutex", "contentions", "count"},
    {"mutex_duration", "mutex", "delay", "nanoseconds"},
    {"block_count", "block", "contentions", "count"},
    {"block_duration", "block", "delay", "nanoseconds"},
    {"lock_count", "block", "contentions", "count"},
    {"lock_duration", "block", "delay", "nanoseconds"},
    {"exceptions", "exceptions", "exceptions", "count"},
};
// Of a name without such an end.
static const struct end units_of[] = {
    {"objects", "memory", "inuse_objects", "count"},       {"bytes", "memory", "inuse_space", "bytes"},
    {"goroutines", "goroutine", "goroutine", "count"},     {"lock_samples", "mutex", "contentions", "count"},
    {"lock_nanoseconds", "mutex", "delay", "nanoseconds"}, {"exceptions", "exceptions", "exceptions", "count"},
};

static const struct end *find(const struct end *list, size_t count, const char *text) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].end, text) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

void pyroscope_kind_of(const char *application, const char *units, uint32_t sample_rate, struct pyroscope_kind *kind) {
    const char *dot = strrchr(application, '.');
    const struct end *end = dot ? find(ends, sizeof ends / sizeof *ends, dot + 1) : NULL;
    size_t length = end ? (size_t)(dot - application) : strlen(application);
    end = end ? end : find(units_of, sizeof units_of / sizeof *units_of, units);
    end = end ? end : &ends[0];
    *kind = (struct pyroscope_kind){.metric = end->metric, .type = end->type, .unit = end->unit, .name_bytes = length};
    if (!end->unit) {
        kind->unit = "nanoseconds";
        kind->period_ns = INT64_C(1000000000) / (sample_rate > 0 ? sample_rate : 100);
        kind->period_ns = kind->period_ns > 0 ? kind->period_ns : 1;
    }
}
