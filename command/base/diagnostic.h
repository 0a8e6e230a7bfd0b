// diagnostic.h: messages on standard error: "cmemprof merge: heap.pprof: No such file or directory".
//
// Names from profiles and files pass through text_put, so they cannot send escape sequences to the terminal. Threads: one. Memory: none.
#ifndef CMEMPROF_DIAGNOSTIC_H
#define CMEMPROF_DIAGNOSTIC_H

#include <stdio.h>

// Exit status of every command.
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

// subject: the file or URL that the message is about, the URL without its secrets (web_address_shown), or NULL. The text is cut after 500
// bytes. Returns STATUS_FAILED.
__attribute__((format(printf, 3, 4))) int diagnostic_error(const char *command, const char *subject, const char *format, ...);
// For wrong usage: adds a line that names --help. Returns STATUS_USAGE.
__attribute__((format(printf, 2, 3))) int diagnostic_usage(const char *command, const char *format, ...);

// From now on messages go there; NULL: to standard error again.
void diagnostic_into(FILE *out);

// For information about a command that succeeds.
__attribute__((format(printf, 2, 3))) void diagnostic_note(const char *command, const char *format, ...);

#endif
