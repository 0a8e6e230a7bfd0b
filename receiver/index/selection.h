// selection.h: which uploads a request is about: a time range, facets, tags, free text, ids (docs/receiver.md, "Selection").
//
// All paths below /api/ that read more than one upload take the same parameters. A prefix ("base.service=shop") distinguishes two
// selections in one request. Any value of a facet may match; all facets must. Tags of the same key count as one facet.
//
// Threads: one at a time. Memory: malloc, released by selection_free. At most 256 values and 10,000 ids bound it.
#ifndef CMEMPROF_RECEIVER_SELECTION_H
#define CMEMPROF_RECEIVER_SELECTION_H

#include "../base/error.h"
#include "../base/parameters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The named facets; each is also the first tag of that key.
enum facet { FACET_SERVICE, FACET_ENV, FACET_VERSION, FACET_HOST, FACET_RUNTIME, FACET_LANGUAGE, FACET_COUNT };
const char *facet_name(enum facet facet); // "service": the parameter, the tag and the JSON key

enum { SELECTION_MAX_VALUES = 256, SELECTION_MAX_IDS = 10000 };

struct selection_value {
    int facet;  // enum facet, or -1: text is a whole tag, "key:value"
    char *text; // "" of a facet: uploads without it
};

// Initialise with selection_init: zero is not a valid time range.
struct selection {
    int64_t from_ms, to_ms; // of the upload's start; from <= start < to; INT64_MIN and INT64_MAX: no bound
    struct selection_value *values;
    size_t value_count, value_capacity;
    bool pinned; // only what is (marks.h)
    char *text;  // words to search for (query_text.h), 16 at most; NULL: none
    int64_t *ids;
    size_t id_count, id_capacity; // 0: any id
};

void selection_init(struct selection *selection); // everything
void selection_free(struct selection *selection);

// Reads the parameters that begin with prefix ("" or "base."), and ignores those that are no part of a selection. RECEIVER_BAD_UPLOAD: one
// is malformed, text says which; selection needs no free then.
enum receiver_error selection_parse(const struct parameters *parameters, const char *prefix, struct selection *selection, char *text,
                                    size_t text_size);
// One parameter, without its prefix. Returns false with a line in text if it is malformed.
bool selection_add(struct selection *selection, const char *key, const char *value, char *text, size_t text_size);

// "2026-01-02T03:04:05.678Z", also with an offset, or unix milliseconds. Returns false for anything else.
bool selection_time(const char *text, int64_t *unix_ms);

#endif
