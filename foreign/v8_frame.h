// v8_frame.h: a "callFrame" of V8's profiles: function, script and line.
#ifndef CMEMPROF_FOREIGN_V8_FRAME_H
#define CMEMPROF_FOREIGN_V8_FRAME_H

#include "reading.h"

// Reads the object that is next, and sets *location: 0 for V8's root, which is no function. False: the reading, or the scan, has failed.
bool v8_frame_read(struct reading *reading, struct json_scan *scan, uint32_t *location);

#endif
