// check.h: CHECK(condition): a precondition of a function, as its header states it. For merge/, upload/, receiver/ and command/; never
// under malloc. What comes from outside (profiles, uploads, options) is never a precondition: it is an error with a name.
//
// On in sanitized tests, fuzzers and coverage (CMEMPROF_CHECKS): a caller that breaks one ends the process, with the line. Off in what is
// shipped, since a profiler must not end its host: the condition is compiled, not evaluated.
#ifndef CMEMPROF_BASE_CHECK_H
#define CMEMPROF_BASE_CHECK_H

#ifdef CMEMPROF_CHECKS
#include <stdio.h>
#include <stdlib.h>
#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
static inline __attribute__((noreturn, cold, unused)) void check_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: a caller broke: %s\n", file, line, condition);
    abort();
}
#else
#define CHECK(condition) ((void)sizeof(condition))
#endif

#endif
