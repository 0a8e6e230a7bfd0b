// assets.h: the files of the page, part of the program. Threads: any. Memory: constant.
#ifndef CMEMPROF_RECEIVER_ASSETS_H
#define CMEMPROF_RECEIVER_ASSETS_H

#include <stddef.h>

struct asset {
    const char *path; // "/page.js"
    const char *content_type;
    const unsigned char *bytes, *end;
};
const struct asset *asset_find(const char *path); // NULL: none of that path

#endif
