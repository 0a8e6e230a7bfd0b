// view_api.h: the paths below /api/ that read profiles: types, tree, diff, labels, metrics, analysis of a selection, and the views of one
// attachment (docs/receiver.md).
//
// Threads: any number of connections. To bound memory, at most two views are made at a time, each with two reading threads, and both share
// a budget (view_slots.h); others wait. Equal concurrent requests share one view. A view whose clients have all gone is abandoned. Memory:
// malloc; the cache of answers and merged profiles has 48 MiB at most.
#ifndef CMEMPROF_RECEIVER_VIEW_API_H
#define CMEMPROF_RECEIVER_VIEW_API_H

#include "../base/cache.h"
#include "../base/machine_code.h"
#include "../base/single_flight.h"
#include "../store/store.h"
#include "../views/owner_pairs.h"
#include "../base/parameters.h"
#include "view_slots.h"

#include <microhttpd.h>

struct view_api {
    struct store *store;
    const struct owner_pairs *pairs; // of functions that open and close; NULL: the built-in ones
    const struct machine_code *code; // whose instructions may be shown; NULL: none
    struct cache *cache;             // NULL: no memory for one; then nothing is cached
    struct view_slots slots;         // views being made
    struct single_flight flights;    // shared views in flight
};

void view_api_init(struct view_api *api, struct store *store, size_t memory_bytes); // memory_bytes: of all views together
void view_api_stop(struct view_api *api);                                           // views in flight and later ones get 503
void view_api_destroy(struct view_api *api);
bool view_api_has(const char *path); // "/api/tree" and the like
enum MHD_Result view_api_answer(struct view_api *api, struct MHD_Connection *connection, const char *path);
// The answer to a path of view_api_has, with other parameters than those of the connection, which waits. The caller frees json's contents.
// On an error text has a line.
enum receiver_error view_api_get(struct view_api *api, struct MHD_Connection *connection, const char *path,
                                 const struct parameters *parameters, struct json *json, char *text, size_t text_size);

// A view of one attachment: "types", "tree", "jfr" or "events". Takes the descriptor.
bool view_api_has_view(const char *view);
struct view_attachment {
    int64_t id; // of its upload
    const char *name;
    int file;
    size_t size;
};
enum MHD_Result view_api_attachment(struct view_api *api, struct MHD_Connection *connection, const char *view,
                                    const struct view_attachment *attachment);

#endif
