// colours.h: emphasis of text on a terminal. What it says, signs and words say as well.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_COLOURS_H
#define CMEMPROF_COLOURS_H

#include <stdbool.h>

#define COLOUR_BOLD "\033[1m"
#define COLOUR_MORE "\033[31m" // red: has grown
#define COLOUR_LESS "\033[36m" // cyan: has shrunk
#define COLOUR_END "\033[0m"

// Whether what is written to the file is seen in colours: on a terminal that TERM does not call dumb, unless NO_COLOR is set
// (https://no-color.org).
bool colours_are_shown(int fd);

#endif
