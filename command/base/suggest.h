// suggest.h: corrects a mistyped word. Threads: any. Memory: none.
#ifndef CMEMPROF_SUGGEST_H
#define CMEMPROF_SUGGEST_H

#include <stddef.h>

// Returns the nearest word within an edit distance (insertions, deletions, substitutions, transpositions) of 2, or of a third of the typed
// word's length rounded up, if that is less. Returns NULL if there is none.
const char *suggest(const char *typed, const char *const *words, size_t count);

#endif
