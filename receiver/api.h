// api.h: the JSON interface below /api/ and GET /info (docs/receiver.md).
//
// Threads: any number of connections at once. At most two profiles are read at the same time, the others wait their turn, so that memory
// stays bounded. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_API_H
#define CMEMPROF_RECEIVER_API_H

#include "store.h"

#include <microhttpd.h>
#include <semaphore.h>

struct api {
    struct store *store;
    sem_t decoding; // the free places for reading a profile
};

void api_init(struct api *api, struct store *store);
void api_destroy(struct api *api);
bool api_has(const char *path); // answers this path
enum MHD_Result api_answer(struct api *api, struct MHD_Connection *connection, const char *path);

#endif
