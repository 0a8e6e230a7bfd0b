// progress.h: a line on the terminal that says what a command is at, once that takes longer than a second.
//
// On standard error, if that is a terminal: else nothing is written. The line is gone before anything else is written there, and at the
// end. There is one at a time. Threads: one begins, tells and ends; a thread of its own writes. Memory: none.
#ifndef CMEMPROF_PROGRESS_H
#define CMEMPROF_PROGRESS_H

#include <stddef.h>

enum { PROGRESS_TEXT_BYTES = 100 };

// fd: where it is written. first_ms: how long nothing is. A second begin, before the end, changes nothing, and has an end of its own.
void progress_begin(const char *command, int fd, unsigned first_ms);
// "reading heap.pprof (3 of 120)": at counts from 0. Cut to the width of the terminal; without escape sequences, as of text_put.
void progress_file(const char *name, size_t at, size_t count);
// Takes the line away until it is written again: before anything else is written.
void progress_hide(void);
void progress_end(void);

#endif
