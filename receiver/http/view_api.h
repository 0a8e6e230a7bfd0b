// view_api.h: the paths below /api/ that read profiles: types, tree, diff, labels, metrics, analysis of a selection, and the views of one
// attachment (docs/receiver.md).
//
// Threads: any number of connections. To bound memory, at most two views are made at a time, each with two reading threads; others wait.
// Equal concurrent requests share one view. A view whose clients have all gone is abandoned. Memory: malloc; the cache of answers and
// merged profiles has 48 MiB at most.
#ifndef CMEMPROF_RECEIVER_VIEW_API_H
#define CMEMPROF_RECEIVER_VIEW_API_H

#include "../base/cache.h"
#include "../base/single_flight.h"
#include "../store/store.h"

#include <microhttpd.h>
#include <semaphore.h>

struct view_api {
    struct store *store;
    struct cache *cache;          // NULL: no memory for one; then nothing is cached
    sem_t view_slots;             // views in flight
    struct single_flight flights; // shared views in flight
};

void view_api_init(struct view_api *api, struct store *store);
void view_api_stop(struct view_api *api); // views in flight and later ones get 503
void view_api_destroy(struct view_api *api);
bool view_api_has(const char *path); // "/api/tree" and the like
enum MHD_Result view_api_answer(struct view_api *api, struct MHD_Connection *connection, const char *path);

// A view of one attachment: "types", "tree" or "jfr". Takes the descriptor.
bool view_api_has_view(const char *view);
enum MHD_Result view_api_attachment(struct view_api *api, struct MHD_Connection *connection, const char *view, int file, size_t size);

#endif
