// labels.h: adds labels to a series (pyroscope.h), for this folder.
#ifndef CMEMPROF_PYROSCOPE_LABELS_H
#define CMEMPROF_PYROSCOPE_LABELS_H

#include "../merge/wire.h"
#include "pyroscope.h"

// Copies both; false: no memory. Beyond the most that a series has it is counted.
bool labels_add(struct pyroscope_labels *labels, const char *name, size_t name_size, const char *value, size_t value_size);

// The name as Pyroscope takes it, cut to size - 1 bytes.
void labels_clean_name(const char *name, char *out, size_t size);
// A field with the name as Pyroscope takes it: what is not a letter, a digit or an underscore becomes one, and a digit at the start.
void labels_write_name(struct wire_writer *writer, uint32_t field, const char *name, size_t size);

#endif
