// page_ahead.h: what the page of one upload asks for first, told to the browser with the page itself: a Link header (rel=preload). So the
// receiver makes the call tree while the browser still loads and starts the scripts.
//
// The addresses are those that receiver/web asks for (profile_data.ts, profiles_question.ts), to the letter: any other would be made for
// nothing. So it is said only where the page's address has nothing that changes them, and of profiles, not of recordings.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_PAGE_AHEAD_H
#define CMEMPROF_RECEIVER_PAGE_AHEAD_H

#include "../base/parameters.h"
#include "../index/catalog.h"

enum { PAGE_AHEAD_BYTES = 2000 };

// The upload whose profile the page at this path shows; 0: none, or it asks for something else.
int64_t page_ahead_upload(const char *path, const struct parameters *parameters);
// The value of the header. base: comes before paths (base_path.h), "" for none. False: there is nothing to say.
bool page_ahead_write(struct catalog *catalog, int64_t id, const struct parameters *parameters, const char *base,
                      char text[PAGE_AHEAD_BYTES]);

#endif
