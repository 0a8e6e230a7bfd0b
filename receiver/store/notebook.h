// notebook.h: what users write themselves: pins of uploads, notes on them, and annotations of moments (deploys), views of the page, in an
// SQLite database of its own, DIR/notebook.sqlite. It is the only copy, so each change is synced before it is reported as done; a kill or
// power cut leaves the state before it or behind it.
//
// There is no file until something is written. One that is damaged anywhere is put aside as notebook.sqlite.damaged (.damaged.2, ...), and
// a new one has what can be read of it, which is said: some pins may be missing then. One that cannot be read now (other rights, a newer
// version) is an error: without it what is pinned would be removed.
//
// Threads: any; one handle with a mutex. Memory: SQLite's own.
#ifndef CMEMPROF_RECEIVER_NOTEBOOK_H
#define CMEMPROF_RECEIVER_NOTEBOOK_H

#include "../base/error.h"
#include "../base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTEBOOK_MARKS_MAX = 1000, NOTEBOOK_NOTE_BYTES = 1000, NOTEBOOK_ANNOTATIONS_MAX = 2000, NOTEBOOK_VIEWS_MAX = 200 };

struct notebook;
// text: on failure its cause; else what was put aside, or "". repairs: false: one that is damaged is an error too.
enum receiver_error notebook_open(const char *directory, bool repairs, struct notebook **notebook, char *text, size_t text_size);
void notebook_close(struct notebook *notebook); // NULL is allowed
// Calls take for each mark, by id; it returns false to stop. RECEIVER_DAMAGED: some may be missing.
typedef bool (*notebook_take_mark)(void *context, int64_t id, bool pinned, const char *note);
enum receiver_error notebook_each_mark(struct notebook *notebook, notebook_take_mark take, void *context);

struct notebook_annotation {
    int64_t id, time_ms;
    const char *text, *link, *tags; // link NULL: none; tags: "k:v,k:v", "": none
};
// One more; beyond NOTEBOOK_ANNOTATIONS_MAX the earliest goes. The same once more is the one that is there: *fresh is false.
// RECEIVER_CONFLICT: there are so many, and all are later.
enum receiver_error notebook_annotate(struct notebook *notebook, const struct notebook_annotation *annotation, int64_t *id, bool *fresh);
enum receiver_error notebook_remove_annotation(struct notebook *notebook, int64_t id); // RECEIVER_NOT_FOUND
void notebook_forget_annotations(struct notebook *notebook, int64_t before_ms);
// Those from from_ms on and before to_ms, the latest first; take returns false to stop.
typedef bool (*notebook_take_annotation)(void *context, const struct notebook_annotation *annotation);
enum receiver_error notebook_each_annotation(struct notebook *notebook, int64_t from_ms, int64_t to_ms, notebook_take_annotation take,
                                             void *context);

// A view by that name, or another address of the one that is there. RECEIVER_CONFLICT: there are NOTEBOOK_VIEWS_MAX others.
enum receiver_error notebook_save_view(struct notebook *notebook, const char *name, const char *address, int64_t *id);
enum receiver_error notebook_remove_view(struct notebook *notebook, int64_t id); // RECEIVER_NOT_FOUND
typedef void (*notebook_take_view)(void *context, int64_t id, const char *name, const char *address);
enum receiver_error notebook_each_view(struct notebook *notebook, notebook_take_view take, void *context); // by name

// All of it as JSON, {"marks":[{"upload":7,"pinned":true,"note":"why"}],"annotations":[...],"views":[...]}, and the marks in such a text,
// which is checked: each is one that could have been written here. Annotations and views are as annotations.h and saved_views.h read them.
// RECEIVER_BAD_UPLOAD: it is no such text; then some may have been taken.
enum receiver_error notebook_write_json(struct notebook *notebook, struct json *json);
enum receiver_error notebook_read_json(const char *text, size_t size, notebook_take_mark take, void *context);
bool notebook_is_note(const char *text, size_t size); // UTF-8 without control characters but tabs and line breaks
// Without a pin and a note there is no mark any more.
enum receiver_error notebook_mark(struct notebook *notebook, int64_t id, bool pinned, const char *note);

#endif
