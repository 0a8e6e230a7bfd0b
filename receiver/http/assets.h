// assets.h: the files of the page, embedded in the program. Threads: any. Memory: constant.
#ifndef CMEMPROF_RECEIVER_ASSETS_H
#define CMEMPROF_RECEIVER_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *path; // "/page.js"
    const char *content_type;
    const unsigned char *bytes, *end, *gzip, *gzip_end, *brotli, *brotli_end; // gzip, brotli NULL: not compressed
    const char *hash;                                                         // 16 hexadecimal digits, of the bytes
    bool is_part; // of a script: asked for by a part of the same version, and useless beside one of another
};
// NULL: none with that path.
const struct asset *asset_find(const char *path);
// The whole script in one; not served, and as it is alone.
const struct asset *asset_script_of_reports(void);
// The frame of a report (report_page.h): HTML with marks where its parts belong.
const char *asset_report(void);

#endif
