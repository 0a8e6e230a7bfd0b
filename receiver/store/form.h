// form.h: what an upload without an event says about itself, made into an event like any other.
//
// Clients before event.json (until about 2021) send the times, the family and the names of what they send as parts of their own:
// recording-start or start, recording-end or end, language or family, types[0] with data[0], data[cpu.pprof], chunk-data. Whoever imports
// one file (POST /api/import) says the same in the address.
//
// Threads: as the owner. Memory: malloc, some KiB at most.
#ifndef CMEMPROF_RECEIVER_FORM_H
#define CMEMPROF_RECEIVER_FORM_H

#include "../base/json.h"
#include "../index/catalog.h"

#include <stdbool.h>
#include <stddef.h>

enum { FORM_VALUE_BYTES = 100, FORM_TYPES = 32 };

struct form { // zeroed at first; nothing to free
    char start[FORM_VALUE_BYTES], end[FORM_VALUE_BYTES], family[FORM_VALUE_BYTES];
    char types[FORM_TYPES][FORM_VALUE_BYTES];
    char ignored[FORM_VALUE_BYTES];
    bool seen;
};

// Where the value of a part of that name goes, FORM_VALUE_BYTES with its end; it may be one that nobody reads. NULL: no such field.
char *form_field(struct form *form, const char *key);
// Adds a piece of a value; what does not fit is cut.
void form_append(char *field, const char *bytes, size_t size);
// The name of an attachment that the old form gives: "cpu.pprof" for data[0] with types[0]=cpu, and for data[cpu.pprof]. False: the part
// is named like any other.
bool form_attachment(const struct form *form, const char *key, const char *filename, char name[CATALOG_NAME_MAX_BYTES + 1]);
// Whether there were fields enough to stand for an event.
bool form_is_event(const struct form *form);
void form_write(const struct form *form, struct json *json);

// The name under which an imported file is kept, so that it is shown: it ends in .pprof unless it ends like something else that is.
void form_import_name(const char *wanted, char name[CATALOG_NAME_MAX_BYTES + 1]);

#endif
