// labels.c: labels of series, and what tags and files are called in them (pyroscope.h).
//
// Labels: pkg/distributor and the clients pyroscope-go v1.5.0, pyroscope-io 1.4.0, @pyroscope/nodejs 0.6.4 and agent 2.1.2 for Java, which
// have OpenTelemetry's names of attributes beside (process.runtime.name).
#include "labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pyroscope_labels_free(struct pyroscope_labels *labels) {
    for (size_t i = 0; i < labels->count; i++) {
        free(labels->list[i].name);
        free(labels->list[i].value);
    }
    labels->count = labels->left_out = 0;
}

const char *pyroscope_label(const struct pyroscope_labels *labels, const char *name) {
    for (size_t i = 0; i < labels->count; i++) {
        if (strcmp(labels->list[i].name, name) == 0) {
            return labels->list[i].value;
        }
    }
    return NULL;
}

static char *text_of(const char *bytes, size_t size) {
    size = size > PYROSCOPE_MAX_TEXT ? PYROSCOPE_MAX_TEXT : size;
    return strndup(bytes, size);
}

bool labels_add(struct pyroscope_labels *labels, const char *name, size_t name_size, const char *value, size_t value_size) {
    if (labels->count == PYROSCOPE_MAX_LABELS) {
        labels->left_out++;
        return true;
    }
    struct pyroscope_label *label = &labels->list[labels->count];
    *label = (struct pyroscope_label){text_of(name, name_size), text_of(value, value_size)};
    if (!label->name || !label->value) {
        free(label->name);
        free(label->value);
        return false;
    }
    labels->count++;
    return true;
}

static char clean(char c, bool at_start) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9' && !at_start);
    return plain ? c : '_';
}

void labels_clean_name(const char *name, char *out, size_t size) {
    size_t length = 0;
    for (; name[length] && length + 1 < size; length++) {
        out[length] = clean(name[length], length == 0);
    }
    out[length] = '\0';
}

void labels_write_name(struct wire_writer *writer, uint32_t field, const char *name, size_t size) {
    size_t mark = wire_open(writer, field);
    for (size_t i = 0; i < size && wire_reserve(writer, 1); i++) {
        writer->bytes[writer->size++] = (uint8_t)clean(name[i], i == 0);
    }
    wire_close(writer, mark);
}

static const struct {
    const char *tag, *label;
} names[] = {
    {"service", "service_name"},
    {"host", "hostname"},
    {"runtime-id", "__session_id__"},
    {"git.commit.sha", "service_git_ref"},
    {"git.repository_url", "service_repository"},
    {"language", "pyroscope_spy"},
};
enum { NAMES = sizeof names / sizeof *names };

const char *pyroscope_label_of_tag(const char *tag) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].tag, tag) == 0) {
            return names[i].label;
        }
    }
    return tag;
}

const char *pyroscope_tag_of_label(const char *label) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].label, label) == 0) {
            return names[i].tag;
        }
    }
    return label;
}

static const struct {
    const char *metric, *file, *delta_file; // delta_file NULL: as file
} metrics[] = {
    {"process_cpu", "cpu.pprof", NULL},
    {"memory", "heap.pprof", "delta-heap.pprof"},
    {"mutex", "mutex.pprof", "delta-mutex.pprof"},
    {"block", "block.pprof", "delta-block.pprof"},
    {"goroutine", "goroutines.pprof", NULL},
    {"goroutines", "goroutines.pprof", NULL},
    {"wall", "wall.pprof", NULL},
    {"exceptions", "exceptions.pprof", NULL},
    {"memory_breakdown", "memory.pprof", NULL}, // "memory" is the heap
    {"memory_peak", "peak.pprof", NULL},
    {"goroutine_wait", "goroutineswait.pprof", NULL},
    {"goroutine_leak", "goroutineleak.pprof", NULL},
};
enum { METRICS = sizeof metrics / sizeof *metrics };

void pyroscope_metric_of_file(const char *file, char *metric, size_t size, bool *delta) {
    for (size_t i = 0; i < METRICS; i++) {
        bool as_delta = metrics[i].delta_file && strcmp(file, metrics[i].delta_file) == 0;
        if (as_delta || strcmp(file, metrics[i].file) == 0) {
            snprintf(metric, size, "%s", metrics[i].metric);
            *delta = as_delta || !metrics[i].delta_file;
            return;
        }
    }
    const char *end = strrchr(file, '.');
    size_t length = end && end > file ? (size_t)(end - file) : strlen(file);
    snprintf(metric, size, "%.*s", (int)(length > 200 ? 200 : length), file);
    for (char *c = metric; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        *c = plain ? *c : '_';
    }
    *delta = true; // what we send beside is of its period
}

const char *pyroscope_file_of_metric(const char *metric, bool delta) {
    for (size_t i = 0; i < METRICS; i++) {
        if (strcmp(metric, metrics[i].metric) == 0) {
            return delta && metrics[i].delta_file ? metrics[i].delta_file : metrics[i].file;
        }
    }
    return NULL;
}
