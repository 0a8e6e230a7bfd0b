// marks.h: what users have put on uploads, in memory: that one is pinned, so that it is not removed, and a note. The notebook
// (store/notebook.h) has the same on the disk.
//
// Threads: guarded by the owner. Memory: malloc, 24 bytes and its note a mark.
#ifndef CMEMPROF_RECEIVER_MARKS_H
#define CMEMPROF_RECEIVER_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mark {
    int64_t id; // of the upload
    char *note; // NULL: none
    bool pinned;
};
struct marks {         // zero-initialised: none
    struct mark *list; // by id
    size_t count, capacity;
    size_t pinned; // of them
};

void marks_free(struct marks *marks);
const struct mark *marks_find(const struct marks *marks, int64_t id); // NULL: none. marks may be NULL, here and below
bool marks_are_pinned(const struct marks *marks, int64_t id);
// What the upload is to have; without both it has no mark any more. Returns false without memory; nothing has changed then.
bool marks_set(struct marks *marks, int64_t id, bool pinned, const char *note);

#endif
