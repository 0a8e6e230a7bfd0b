// saved_views.h: addresses of the page that users have saved under a name.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_SAVED_VIEWS_H
#define CMEMPROF_RECEIVER_SAVED_VIEWS_H

#include "store.h"

enum { SAVED_VIEW_NAME_BYTES = 100, SAVED_VIEW_ADDRESS_BYTES = 4000 };

// body: JSON, {"name": "...", "address": "/profile?service=shop"}: of the page's own paths, without the base path. One of that name gets
// the address. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE, RECEIVER_CONFLICT (there are too many): text says why.
enum receiver_error saved_view_add(struct store *store, const char *body, size_t size, int64_t *id, char *text, size_t text_size);
enum receiver_error saved_view_remove(struct store *store, int64_t id); // RECEIVER_NOT_FOUND
// Those of a notebook's text (notebook.h) whose names are free. Returns how many were refused; *taken: new ones.
struct notebook;
size_t saved_views_import(struct notebook *notebook, const char *json, size_t size, uint64_t *taken);
// {"views":[{"id":3,"name":"...","address":"/profile?..."}]}, by name.
enum receiver_error saved_views_write(struct store *store, struct json *json);

#endif
