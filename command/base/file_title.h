// file_title.h: names of files for what is made to be shared: reports and files for other tools.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_FILE_TITLE_H
#define CMEMPROF_FILE_TITLE_H

#include <stddef.h>

enum { FILE_TITLE_BYTES = 256 };

// Returns the last part of the path of files[index], with as many parts before it as tell it apart from the others: "heap.pprof",
// "new/heap.pprof". Files whose paths are equal are counted: "heap.pprof (2)". Of a URL without user, token, query and fragment, which may
// have secrets. A long one is cut at its start.
const char *file_title(char *const *files, size_t count, size_t index, char title[FILE_TITLE_BYTES]);
// The title of what was made of all of them: that of the first, "heap.pprof and 2 more".
const char *file_title_of_all(char *const *files, size_t count, char title[FILE_TITLE_BYTES]);

#endif
