// sites.h: allocates known amounts at known sites. A site is one C function, whose name is in the stacks.
#ifndef SITES_H
#define SITES_H

#include <stddef.h>
#include <stdint.h>

enum { SITE_THREADS = 4 };

size_t sites_count(void);
const char *site_name(size_t site); // NULL: no such site

// Fate of the blocks of one run: passed are freed at once by the allocating thread, handed later by another thread, kept never.
struct fate {
    size_t passed, handed, kept;
};

// Allocates passed + handed + kept blocks of this size at the site, on the calling thread. Returns false without memory.
_Bool site_run(size_t site, size_t size_bytes, struct fate fate);
// The same on each of SITE_THREADS new threads. Returns false without memory or threads.
_Bool site_run_on_threads(size_t site, size_t size_bytes, struct fate fate);
// Grows one block through all sizes with realloc, as often as fate says. Returns false without memory.
_Bool site_grow(const size_t *sizes_bytes, size_t size_count, struct fate fate);
const char *site_grow_name(void);

#endif
