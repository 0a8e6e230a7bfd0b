// live.h: `cmemprof top --live`: a table that is asked for and drawn again and again, with rates.
//
// On a terminal it has the screen, and keys choose what it shows; elsewhere it is printed each time. Threads: one. Memory: malloc, three
// profiles.
#ifndef CMEMPROF_COMMAND_LIVE_H
#define CMEMPROF_COMMAND_LIVE_H

#include "../report/table_options.h"

// options: one file, URL or process. Returns the exit status.
int live_run(struct options *options, const struct table_options *table);

#endif
