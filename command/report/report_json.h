// report_json.h: what tables and reports have in common as JSON (--json).
//
// Threads: one. Memory: that of struct json.
#ifndef CMEMPROF_REPORT_JSON_H
#define CMEMPROF_REPORT_JSON_H

#include "../../receiver/base/json.h"
#include "frame_table.h"

#include <stdio.h>

// Members of an open object: "name", "file" and "line", as far as frames are told apart; of a label's value "name" and "label", its key.
void report_json_frame(const struct profile_frame *frame, enum frame_by by, struct json *json);
// Prints it, and a newline, and frees it. MERGE_NO_MEMORY: nothing is printed.
enum merge_error report_json_put(struct json *json, FILE *out);

#endif
