// single_flight.h: what is being worked out, and for whom: a question that is asked again meanwhile waits for the same answer, and when all
// who have asked have left, the work ends at the next file.
//
// Threads: any. One works a question out, those that ask the same wait. Memory: malloc, a copy of the answer for each that waits.
#ifndef CMEMPROF_RECEIVER_SINGLE_FLIGHT_H
#define CMEMPROF_RECEIVER_SINGLE_FLIGHT_H

#include "error.h"
#include "json.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { FLIGHT_TEXT_BYTES = 256 };

struct flight; // one that is being worked out
struct single_flight {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct flight *first; // guarded by lock
};
void single_flight_init(struct single_flight *flights);
void single_flight_destroy(struct single_flight *flights);

// Who asks, and whether he has left, which the thread that works the question out looks at now and then.
struct flight_caller {
    const void *who;
    bool (*has_left)(const void *who);
};

// An answer, or an error and what there is to say of it.
struct flight_result {
    struct json json;
    char text[FLIGHT_TEXT_BYTES];
};
// Works it out. Looks now and then whether the question is still wanted, and ends when it is not.
typedef enum receiver_error (*flight_make)(void *context, struct flight *flight, struct flight_result *answer);
// Calls make, or waits for who does it with the same key. key_size 0: like no other. RECEIVER_CLIENT_GONE: nobody waits any more.
enum receiver_error single_flight_do(struct single_flight *flights, const void *key, size_t key_size, struct flight_caller caller,
                                     flight_make make, void *context, struct flight_result *answer);
// False: all who have asked have left; from then on it stays so. NULL is always wanted.
bool flight_is_wanted(struct flight *flight);
size_t flight_caller_count(struct flight *flight);

#endif
