// report_page.h: a report (views/report.h) as one HTML file: the page with its data inside, which works from a disk without a network.
//
// The file has the page's own script and styles (assets.h) and the data, compressed and as base64, so that no text of a profile is ever
// markup. Its Content-Security-Policy allows these scripts and styles alone, by their hashes, and no request.
//
// Threads: a report belongs to one. Memory: malloc; the data twice, and the file.
#ifndef CMEMPROF_RECEIVER_REPORT_PAGE_H
#define CMEMPROF_RECEIVER_REPORT_PAGE_H

#include "../views/report.h"

// Writes the whole file. address, title: as in report_write. The report can be freed only.
enum receiver_error report_page_write(struct report *report, const char *address, const char *title, struct json *html);

#endif
