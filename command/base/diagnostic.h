// diagnostic.h: what commands tell on standard error: "cmemprof merge: heap.pprof: No such file or directory".
//
// Threads: one. Memory: none. Texts out of profiles and file names go through text_put, so no terminal is ever reprogrammed.
#ifndef CMEMPROF_DIAGNOSTIC_H
#define CMEMPROF_DIAGNOSTIC_H

// Exit status of every command.
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

// subject: the file it is about, or NULL. The text is cut after 500 bytes. Returns STATUS_FAILED.
__attribute__((format(printf, 3, 4))) int diagnostic_error(const char *command, const char *subject, const char *format, ...);
// The same for wrong usage, with a line that names --help. Returns STATUS_USAGE.
__attribute__((format(printf, 2, 3))) int diagnostic_usage(const char *command, const char *format, ...);

// What is worth knowing although all went well.
__attribute__((format(printf, 2, 3))) void diagnostic_note(const char *command, const char *format, ...);

#endif
