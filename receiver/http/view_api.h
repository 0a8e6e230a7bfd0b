// view_api.h: the paths below /api/ that look into profiles: types, tree, diff, labels, metrics, analysis of a selection, and the views of
// one attachment (docs/receiver.md).
//
// Threads: any number of connections at once. At most two views are made at the same time, the others wait their turn, so that memory
// stays bounded; each reads files with two threads. Views of the same that are asked for at the same time are made once, and one that
// nobody waits for any more ends. Memory: malloc; answers and merged profiles are kept, 48 MiB at most.
#ifndef CMEMPROF_RECEIVER_VIEW_API_H
#define CMEMPROF_RECEIVER_VIEW_API_H

#include "../base/cache.h"
#include "../base/single_flight.h"
#include "../store/store.h"

#include <microhttpd.h>
#include <semaphore.h>

struct view_api {
    struct store *store;
    struct cache *cache;          // NULL: no memory for one; then nothing is kept
    sem_t view_slots;             // for views that are being made
    struct single_flight flights; // what is being made for whom
};

void view_api_init(struct view_api *api, struct store *store);
void view_api_destroy(struct view_api *api);
bool view_api_has(const char *path); // "/api/tree" and the like
enum MHD_Result view_api_answer(struct view_api *api, struct MHD_Connection *connection, const char *path);

// A view of one attachment: "types", "tree" or "jfr". Takes the descriptor.
bool view_api_has_view(const char *view);
enum MHD_Result view_api_attachment(struct view_api *api, struct MHD_Connection *connection, const char *view, int file, size_t size);

#endif
