// terminal.h: the terminal of a table that is drawn again and again: without echo and line mode, on its second screen.
//
// Whatever ends the process but SIGKILL gives the terminal back as it was: terminal_close, exit, and the signals that end a process, also
// those of a crash, which then do what they do without this. SIGTSTP gives it back until the process goes on. Two at once do it once. If
// output is stopped (Ctrl-S), the modes are given back, and what would be written is not.
//
// Threads: one; there is one terminal. Memory: none.
#ifndef CMEMPROF_COMMAND_TERMINAL_H
#define CMEMPROF_COMMAND_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

// Whether standard input and output are a terminal that can move its cursor ($TERM is neither empty nor "dumb").
bool terminal_is_there(void);
// Returns false with errno set.
bool terminal_open(void);
void terminal_close(void);
// Waits for a key, at most so long. Returns it; 0: none came; TERMINAL_CHANGED: the window has another size, or the process went on after a
// stop; TERMINAL_GONE: there is no more input.
enum { TERMINAL_CHANGED = -1, TERMINAL_GONE = -2 };
int terminal_key(int timeout_ms);
// 80 x 24 if it is not known.
void terminal_size(size_t *columns, size_t *lines);
// Replaces what is on the screen. Lines are cut at the window's edge, by characters of UTF-8, as many as fit.
void terminal_draw(const char *text);

#endif
