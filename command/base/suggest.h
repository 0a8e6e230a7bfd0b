// suggest.h: what a mistyped word was meant to be. Threads: any. Memory: none.
#ifndef CMEMPROF_SUGGEST_H
#define CMEMPROF_SUGGEST_H

#include <stddef.h>

// The one of the words that is at most two letters (a third of the word's, if that is less) away: typed too many, too few, other, or two
// turned round. NULL: none is.
const char *suggest(const char *typed, const char *const *words, size_t count);

#endif
