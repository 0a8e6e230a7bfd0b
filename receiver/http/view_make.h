// view_make.h: makes the views of a selection.
//
// Threads: one per request. Memory: malloc; the merged profiles, and that of sweep.h.
#ifndef CMEMPROF_RECEIVER_VIEW_MAKE_H
#define CMEMPROF_RECEIVER_VIEW_MAKE_H

#include "view_request.h"

// Writes the whole answer: JSON, or for VIEW_PROFILE the bytes of a file. On an error answer.text may have a reason.
enum receiver_error view_make(struct view_request *request, enum view_kind kind, struct json *json);

#endif
