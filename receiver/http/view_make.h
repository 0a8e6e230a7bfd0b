// view_make.h: makes the views of a selection.
//
// Threads: one per request. Memory: malloc; the merged profiles, and that of sweep.h.
#ifndef CMEMPROF_RECEIVER_VIEW_MAKE_H
#define CMEMPROF_RECEIVER_VIEW_MAKE_H

#include "view_request.h"

// Writes the whole answer: JSON, or the bytes of a file (is_file). On an error answer.text may have a reason.
enum receiver_error view_make(struct view_request *request, enum view_kind kind, struct json *json);

// The merged profile of the request's uploads and attachment, its gauges as the request says.
enum receiver_error view_make_profile(struct view_request *request, struct profile **profile, struct sweep_report *report);

#endif
