// report_file.h: profiles as one page in a file (../../receiver/http/report_page.h).
//
// Threads: one. Memory: malloc.
#ifndef CMEMPROF_REPORT_FILE_H
#define CMEMPROF_REPORT_FILE_H

#include "../../receiver/views/report.h"
#include "options.h"

// Adds a profile as the next side of the report, of the name of options->files[file], which may be a recording of Java. Returns
// STATUS_DONE, or STATUS_FAILED after an error message.
int report_file_add(const struct options *options, struct report *report, size_t file, bool is_recording, struct profile *profile);
// Writes the file that options name. type: the sample type that a report of one file shows first; NULL: the usual one. The report can be
// freed only. The same.
int report_file_write(const struct options *options, struct report *report, const char *type, const char *title);

#endif
