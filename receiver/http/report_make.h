// report_make.h: a report (report_page.h) of what the page shows of a selection, or of two: all their profiles, metrics, analysis and, if
// asked for, growth.
//
// Threads: one per request. Memory: as view_make.h and report.h; one merged profile at a time.
#ifndef CMEMPROF_RECEIVER_REPORT_MAKE_H
#define CMEMPROF_RECEIVER_REPORT_MAKE_H

#include "view_request.h"

// Writes the file. On an error answer.text may have a reason.
enum receiver_error report_make(struct view_request *request, struct json *html);

#endif
