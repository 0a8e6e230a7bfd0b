// edits.h: requests that change what is stored (docs/receiver.md, "Changing what is stored"): below /api/, with PUT, POST and DELETE.
//
// Threads: one at a time for a struct edit. Memory: malloc; the body, EDIT_BODY_BYTES at most.
#ifndef CMEMPROF_RECEIVER_EDITS_H
#define CMEMPROF_RECEIVER_EDITS_H

#include "../store/store.h"
#include "access.h"

#include <microhttpd.h>

enum { EDIT_BODY_BYTES = 16 << 10 };

// Zero-initialised: none.
struct edit {
    const struct edit_route *route; // NULL: the request is none
    int64_t id;                     // in its path
    char *body;                     // NULL: none yet
    size_t size, received;
};

// Whether the path may be changed; *allow: with which methods, for 405, and GET where it may be read. The edit's route is set if the method
// is one of them.
bool edit_find(const char *path, const char *method, struct edit *edit, const char **allow);
enum access_action edit_access(const struct edit *edit); // what who asks must be allowed to
// What is too much is counted only, and refused by edit_answer. Returns false if it has no end.
bool edit_data(struct edit *edit, const char *bytes, size_t size);
void edit_answer(const struct edit *edit, struct store *store, struct MHD_Connection *connection);
void edit_free(struct edit *edit);

#endif
