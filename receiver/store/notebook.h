// notebook.h: what users write themselves: pins of uploads and notes on them, in an SQLite database of its own, DIR/notebook.sqlite. It is
// the only copy, so each change is synced before it is reported as done; a kill or power cut leaves the state before it or behind it.
//
// There is no file until something is written. One that is damaged is put aside as notebook.sqlite.damaged and begun anew, which is said;
// one that cannot be read now (other rights, a newer version) is an error: without it what is pinned would be removed.
//
// Threads: any; one handle with a mutex. Memory: SQLite's own.
#ifndef CMEMPROF_RECEIVER_NOTEBOOK_H
#define CMEMPROF_RECEIVER_NOTEBOOK_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTEBOOK_MARKS_MAX = 1000, NOTEBOOK_NOTE_BYTES = 1000 };

struct notebook;
// text: on failure its cause; else what was put aside, or "".
enum receiver_error notebook_open(const char *directory, struct notebook **notebook, char *text, size_t text_size);
void notebook_close(struct notebook *notebook); // NULL is allowed
// Calls take for each mark, by id; it returns false to stop. RECEIVER_DAMAGED: some may be missing.
typedef bool (*notebook_take_mark)(void *context, int64_t id, bool pinned, const char *note);
enum receiver_error notebook_each_mark(struct notebook *notebook, notebook_take_mark take, void *context);
// Without a pin and a note there is no mark any more.
enum receiver_error notebook_mark(struct notebook *notebook, int64_t id, bool pinned, const char *note);

#endif
