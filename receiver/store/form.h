// form.h: makes an event for an upload that has none, from its form fields.
//
// Clients before event.json (until about 2021) send times, family and names as parts: recording-start or start, recording-end or end,
// language or family, types[0] with data[0], data[cpu.pprof], chunk-data. An import of one file (POST /api/import) has the same in the
// address.
//
// Threads: the owner's. Memory: malloc, some KiB at most.
#ifndef CMEMPROF_RECEIVER_FORM_H
#define CMEMPROF_RECEIVER_FORM_H

#include "../base/json.h"
#include "../index/catalog.h"

#include <stdbool.h>
#include <stddef.h>

enum { FORM_VALUE_BYTES = 100, FORM_TYPES = 32 };

struct form { // zero-initialised; nothing to free
    char start[FORM_VALUE_BYTES], end[FORM_VALUE_BYTES], family[FORM_VALUE_BYTES];
    char types[FORM_TYPES][FORM_VALUE_BYTES];
    char ignored[FORM_VALUE_BYTES];
    bool seen;
};

// Returns the buffer for the value of that part, of FORM_VALUE_BYTES with the terminator, also for an ignored field. NULL: no such field.
char *form_field(struct form *form, const char *key);
// Appends to a value; cuts what does not fit.
void form_append(char *field, const char *bytes, size_t size);
// The attachment name by the old form: "cpu.pprof" for data[0] with types[0]=cpu, and for data[cpu.pprof]. Returns false if the part is
// named like any other.
bool form_attachment(const struct form *form, const char *key, const char *filename, char name[CATALOG_NAME_MAX_BYTES + 1]);
// Whether the fields suffice for an event.
bool form_is_event(const struct form *form);
void form_write(const struct form *form, struct json *json);

// The stored name of an imported file: gets the suffix .pprof unless it has another one that is shown.
void form_import_name(const char *wanted, char name[CATALOG_NAME_MAX_BYTES + 1]);

#endif
