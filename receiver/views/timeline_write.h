// timeline_write.h: writes a timeline (timeline.h) as JSON.
//
// Threads: the timeline's. Memory: malloc, as much again as a row.
#ifndef CMEMPROF_RECEIVER_TIMELINE_WRITE_H
#define CMEMPROF_RECEIVER_TIMELINE_WRITE_H

#include "timeline.h"

// Writes the members from "type" on into an open object (docs/receiver.md). Nothing is added after it. False: no memory.
bool timeline_write(struct timeline *timeline, struct json *json);

#endif
