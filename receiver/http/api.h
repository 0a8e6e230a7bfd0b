// api.h: the JSON interface below /api/ (docs/receiver.md).
//
// Threads: any number of connections. Most answers are made on the thread pool (thread_pool.h) while their connection is suspended. Memory:
// malloc.
#ifndef CMEMPROF_RECEIVER_API_H
#define CMEMPROF_RECEIVER_API_H

#include "../receiver.h"
#include "../store/store.h"
#include "../watch/lookout.h"
#include "event_stream.h"
#include "view_api.h"

#include <microhttpd.h>

struct api {
    struct store *store;
    struct event_stream event_stream;
    struct view_api views;
    struct receiver_sources sources;
    struct lookout *lookout; // set before the first request; NULL: nobody looks at the services
};

void api_init(struct api *api, struct store *store, size_t view_bytes); // of memory, for views
void api_stop(struct api *api);                                         // what profiles are being read for, and all later views, get 503
void api_destroy(struct api *api);
bool api_has(const char *path); // whether it answers this path

enum api_cost {
    API_LIGHT, // reads the index, or opens a file
    API_HEAVY  // reads profiles, or unpacks them
};
enum api_cost api_cost(const struct api *api, const char *path);
enum MHD_Result api_answer(struct api *api, struct MHD_Connection *connection, const char *path);
// The answer of GET path?query, of the facets and of what reads profiles, for who asks inside of the receiver; the connection waits for it.
// The caller frees json's contents. On an error text has a line.
enum receiver_error api_get(struct api *api, struct MHD_Connection *connection, const char *path, const char *query, struct json *json,
                            char *text, size_t text_size);

#endif
