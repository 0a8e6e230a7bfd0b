// annotations.h: moments that users mark in the charts, such as deploys: a time, a text, perhaps a link, and of which uploads: tags.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_ANNOTATIONS_H
#define CMEMPROF_RECEIVER_ANNOTATIONS_H

#include "store.h"

enum {
    ANNOTATION_TEXT_BYTES = 500,
    ANNOTATION_LINK_BYTES = 1000,
    ANNOTATION_TAGS_BYTES = 4000, // joined
    ANNOTATION_TAGS = 32,
    ANNOTATIONS_ANSWER = 500, // of one answer
    ANNOTATION_AHEAD_MS = 24 * 3600 * 1000
};

// body: JSON, {"time": unix milliseconds or RFC 3339, "text": "...", "link": "https://...", "service": "shop", "tags": ["env:prod"]}; all
// but the text may be missing, and tags be one text with commas. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE, RECEIVER_CONFLICT
// (as many as are kept are all later): text says why.
enum receiver_error annotation_add(struct store *store, const char *body, size_t size, int64_t *id, char *text, size_t text_size);
enum receiver_error annotation_remove(struct store *store, int64_t id); // RECEIVER_NOT_FOUND
// Calls annotation_add's with each of a notebook's text (notebook.h). Returns how many were refused; *taken: new ones.
struct notebook;
size_t annotations_import(struct notebook *notebook, const char *json, size_t size, uint64_t *taken);
// {"annotations":[{"id":3,"time_ms":...,"text":"...","link":null,"tags":["service:shop"]}],"left_out":0}: those of the selection's time,
// the latest first, which the selection's facets and tags let through: one without a tag of that key is of all.
enum receiver_error annotations_write(struct store *store, const struct selection *selection, struct json *json);

#endif
