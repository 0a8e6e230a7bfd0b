// single_flight.h: makes a result once for all callers with the same key at the same time. When the clients of all of them have gone, the
// work stops at the next file.
//
// Threads: any. One makes the result, the others wait. Memory: malloc, a copy of the result for each caller that waits.
#ifndef CMEMPROF_RECEIVER_SINGLE_FLIGHT_H
#define CMEMPROF_RECEIVER_SINGLE_FLIGHT_H

#include "error.h"
#include "json.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { FLIGHT_TEXT_BYTES = 256 };

struct flight; // a result being made
struct single_flight {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct flight *first; // guarded by lock, as the next one
    bool stopped;
};
void single_flight_init(struct single_flight *flights);
void single_flight_destroy(struct single_flight *flights);

// Who calls, and whether its client has gone, which the thread that makes the result asks from time to time.
struct flight_caller {
    const void *who;
    bool (*has_left)(const void *who);
};

// A result, or the text of an error.
struct flight_result {
    struct json json;
    char text[FLIGHT_TEXT_BYTES];
};
// From now on no result is wanted: those being made stop at the next file, and calls return RECEIVER_BUSY.
void single_flight_stop(struct single_flight *flights);

// Makes the result. Asks flight_is_wanted from time to time, and stops when it is not.
typedef enum receiver_error (*flight_make)(void *context, struct flight *flight, struct flight_result *answer);
// Calls make, or waits for a flight with the same key. key_size 0: matches no other. Returns RECEIVER_CLIENT_GONE once all clients have
// gone.
enum receiver_error single_flight_do(struct single_flight *flights, const void *key, size_t key_size, struct flight_caller caller,
                                     flight_make make, void *context, struct flight_result *answer);
// Returns false once all clients have gone, or after single_flight_stop, and from then on. NULL is always wanted.
bool flight_is_wanted(struct flight *flight);
size_t flight_caller_count(struct flight *flight);

#endif
