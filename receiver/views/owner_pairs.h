// owner_pairs.h: which functions of C open something, and which close it: sqlite3_prepare_v2 and sqlite3_finalize.
//
// A pair is two names. A star stands for any letters, digits and underscores; the one of the second name is what that of the first one
// stood for: "rocksdb_*_create rocksdb_*_destroy". What cgo makes itself has the names of Go: C.CString, C.CBytes, C.malloc.
//
// A text of pairs has a pair a line, both names with blanks between them; empty lines and those that begin with # are skipped. Pairs of a
// text come before the built-in ones, the last ones first.
//
// Threads: any number may read. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_OWNER_PAIRS_H
#define CMEMPROF_RECEIVER_OWNER_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

enum { OWNER_PAIRS_NAME_BYTES = 100, OWNER_PAIRS_MAX = 10000, OWNER_PAIRS_MAX_BYTES = 1 << 20 };

struct owner_pairs;
struct owner_pairs *owner_pairs_new(void); // the built-in ones. NULL: no memory
void owner_pairs_free(struct owner_pairs *pairs);
// Returns false with what is wrong in fault, as "line 3: ..."; the pairs are unchanged then.
bool owner_pairs_add(struct owner_pairs *pairs, const char *text, size_t size, char *fault, size_t fault_size);
// Whether a frame's function opens something. pairs NULL: the built-in ones alone. Sets the names of what opens and what closes. What a
// compiler appends (".part.0") does not matter; the function that cgo writes around each call ("main._Cfunc_sqlite3_open") is that call.
struct owner_pair {
    char opens[OWNER_PAIRS_NAME_BYTES], closes[OWNER_PAIRS_NAME_BYTES];
};
bool owner_pairs_find(const struct owner_pairs *pairs, const char *function, struct owner_pair *pair);

#endif
