// flame_layout.h: a call tree as a flame graph's boxes: callers above their callees, widths by total. For pictures (export.h).
//
// Frames that would be narrower than a third of a pixel are not there, and children of one node begin at its left edge. Values
// below 0 have no box; what beside them would be wider than its caller is cut at the caller's edge.
//
// Threads: any, one tree per call. Memory: malloc, 24 bytes for each level of the tree and 8 for each node; what is given to the callback
// is valid until it returns.
#ifndef CMEMPROF_RECEIVER_FLAME_LAYOUT_H
#define CMEMPROF_RECEIVER_FLAME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export.h"
#include "view.h"

// Pixels.
enum { FLAME_WIDTH = 1200, FLAME_MARGIN = 10, FLAME_ROW = 17, FLAME_HEAD = 40, FLAME_FONT = 11, FLAME_TITLE_FONT = 15, FLAME_TITLE_Y = 24 };

struct flame_colour {
    unsigned hue, saturation, lightness; // degrees, percent, percent
};

struct flame_box {
    const struct tree_node *node;
    const char *name;  // whole
    const char *label; // what of it fits; ""
    double x, width;
    size_t y, height;
    double text_x;
    size_t text_y;
    struct flame_colour colour;
};

// False ends the walk.
typedef bool flame_take(void *context, const struct flame_box *box);
// Calls take with each box, parents before their children. False: no memory, or take returned false.
bool flame_layout(const struct export_tree *of, flame_take *take, void *context);
// The height of the picture. 0: no memory.
size_t flame_height(const struct export_tree *of);
// A value with its unit, "1.50 MB".
void flame_value(int64_t value, const char *unit, char *text, size_t size);

#endif
