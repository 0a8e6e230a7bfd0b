// flame_png.h: a flame graph as a picture in pixels, the same as in SVG (../../receiver/views/flame_layout.h).
//
// It is drawn by cairo, which is loaded when a picture is asked for, so that the command does not need it: functions of its C interface
// that have been the same since version 1.2 (2006).
//
// Threads: one. Memory: malloc, and cairo's: 4 bytes for each pixel.
#ifndef CMEMPROF_FLAME_PNG_H
#define CMEMPROF_FLAME_PNG_H

#include "../../receiver/views/export.h"

extern const char flame_png_library[]; // its usual name

// Writes the file. tree: of one sample type, with values above 0. Returns NULL, or why there is no picture, which is valid until the next
// call; then there is nothing to free.
const char *flame_png(const struct export_tree *of, const char *library, struct json *file);

#endif
