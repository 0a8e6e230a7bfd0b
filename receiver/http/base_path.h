// base_path.h: the path below which others see the receiver ("/profiles"): it is taken off the paths of requests, and put before those in
// the page. A proxy may take it off too, so requests without it are the same.
//
// Threads: any, between open and close. Memory: malloc, a copy of the page.
#ifndef CMEMPROF_RECEIVER_BASE_PATH_H
#define CMEMPROF_RECEIVER_BASE_PATH_H

#include "assets.h"

#include <stdbool.h>

enum { BASE_PATH_BYTES = 101 };

struct base_path {
    char text[BASE_PATH_BYTES]; // "/profiles"; "": none
    struct asset page;          // with it; no bytes: as it is
    char hash[17];
    unsigned char *bytes;
};

// Zero-initialise. text: "/profiles", also with a slash at its end; "/" and NULL: none. Returns NULL, or why that cannot be one.
const char *base_path_open(struct base_path *base, const char *text);
void base_path_close(struct base_path *base);
// Returns what follows it in a path, or the path itself. It points into path, or is "/".
const char *base_path_strip(const struct base_path *base, const char *path);
// As asset_find, of a path without it.
const struct asset *base_path_asset(const struct base_path *base, const char *path);

#endif
