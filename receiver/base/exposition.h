// exposition.h: writes metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0.0.
//
// A family (name, type, help) comes before its samples. A counter's name ends in _total, which OpenMetrics leaves out of the family's name.
// Labels may be any bytes: they are escaped, and what is not UTF-8 becomes U+FFFD, since a reader would refuse the whole answer.
//
// Threads: a struct belongs to one. Memory: that of the stream. Failures stick to the stream (ferror).
#ifndef CMEMPROF_RECEIVER_EXPOSITION_H
#define CMEMPROF_RECEIVER_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct exposition {
    FILE *out;
    bool is_open_metrics;
};
enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };
struct exposition_label {
    const char *name, *value;
};

void exposition_family(struct exposition *exposition, const char *name, enum exposition_type type, const char *help);
// labels may be NULL if count is 0.
void exposition_sample(struct exposition *exposition, const char *name, const struct exposition_label *labels, size_t count, double value);
// A family of one sample without labels.
void exposition_one(struct exposition *exposition, const char *name, enum exposition_type type, const char *help, double value);
// The value of a label as it will be written, cut to what fits: values that differ may be the same then, and no two samples may be.
void exposition_text(const char *value, char *text, size_t size);
void exposition_end(struct exposition *exposition);
const char *exposition_content_type(bool is_open_metrics);
// Whether the header Accept (NULL: none) asks for OpenMetrics.
bool exposition_wants_open_metrics(const char *accept);

#endif
