// form.c: an event from form fields (form.h).
#include "form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// The number in "NAME[7]", or -1.
static int index_in(const char *key, const char *name) {
    size_t length = strlen(name);
    if (strncmp(key, name, length) != 0 || key[length] != '[' || key[length + 1] < '0' || key[length + 1] > '9') {
        return -1;
    }
    char *end;
    long index = strtol(key + length + 1, &end, 10);
    return strcmp(end, "]") == 0 && index < FORM_TYPES ? (int)index : -1;
}

char *form_field(struct form *form, const char *key) {
    // Ignored: the tags have the same, or nobody reads it.
    static const char *const others[] = {"version",         "format",          "type",          "runtime",
                                         "runtime_version", "runtime-version", "runtime-id",    "profiler_version",
                                         "tracer_version",  "profile-types",   "chunk-seq-num", "recording-name"};
    const struct {
        const char *name;
        char *field;
    } fields[] = {{"recording-start", form->start}, {"start", form->start},    {"recording-end", form->end}, {"end", form->end},
                  {"family", form->family},         {"language", form->family}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(key, fields[i].name) == 0) {
            form->seen = true;
            fields[i].field[0] = '\0'; // the last one counts
            return fields[i].field;
        }
    }
    int type = index_in(key, "types");
    if (type >= 0) {
        form->types[type][0] = '\0';
        return form->types[type];
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(key, others[i]) == 0) {
            form->ignored[0] = '\0';
            return form->ignored;
        }
    }
    return NULL;
}

void form_append(char *field, const char *bytes, size_t size) {
    size_t used = strlen(field), left = FORM_VALUE_BYTES - 1 - used;
    size = size < left ? size : left;
    memcpy(field + used, bytes, size);
    field[used + size] = '\0';
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

bool form_attachment(const struct form *form, const char *key, const char *filename, char name[CATALOG_NAME_MAX_BYTES + 1]) {
    int index = index_in(key, "data");
    if (index >= 0 && form->types[index][0]) {
        snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s.pprof", form->types[index]);
    } else if (index >= 0) {
        snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "data-%d.pprof", index);
    } else if (strncmp(key, "data[", 5) == 0 && ends_with(key, "]") && strlen(key) > 6 && strlen(key) < CATALOG_NAME_MAX_BYTES) {
        snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%.*s", (int)strlen(key) - 6, key + 5);
    } else if (strcmp(key, "chunk-data") == 0) {
        bool recording = filename && ends_with(filename, ".jfr");
        snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s", recording ? filename : "main.jfr");
    } else {
        return false;
    }
    return true;
}

bool form_is_event(const struct form *form) {
    return form->seen && form->start[0];
}

void form_write(const struct form *form, struct json *json) {
    const char *const members[][2] = {{"start", form->start}, {"end", form->end}, {"family", form->family}};
    json_object_begin(json);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (*members[i][1]) {
            json_key(json, members[i][0]);
            json_text(json, members[i][1]);
        }
    }
    json_object_end(json);
}

void form_import_name(const char *wanted, char name[CATALOG_NAME_MAX_BYTES + 1]) {
    static const char *const known[] = {".pprof", ".pb.gz", ".jfr", ".json", ".trace"};
    wanted = wanted && *wanted ? wanted : "profile";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (ends_with(wanted, known[i])) {
            snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%s", wanted);
            return;
        }
    }
    snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%.*s.pprof", CATALOG_NAME_MAX_BYTES - 6, wanted);
}
