// single_flight.c: flights and callers (single_flight.h). Both are on the stacks of the calling threads.
#include "single_flight.h"

#include <stdlib.h>
#include <string.h>

struct caller {
    struct caller *next;
    struct flight_caller who;
    struct flight_result *answer;
    enum receiver_error error;
    bool done;
};

struct flight {
    struct flight *next;    // guarded by the lock of all flights, as the next two
    struct caller *callers; // the last one is the one that makes the result
    bool given_up;
    struct single_flight *all;
    const void *key;
    size_t key_size;
};

void single_flight_init(struct single_flight *flights) {
    *flights = (struct single_flight){0};
    pthread_mutex_init(&flights->lock, NULL);
    pthread_cond_init(&flights->answered, NULL);
}

void single_flight_destroy(struct single_flight *flights) {
    pthread_cond_destroy(&flights->answered);
    pthread_mutex_destroy(&flights->lock);
}

void single_flight_stop(struct single_flight *flights) {
    pthread_mutex_lock(&flights->lock);
    flights->stopped = true;
    pthread_mutex_unlock(&flights->lock);
}

// Caller must hold the lock, as for all below but the last three.
static struct flight *find(const struct single_flight *flights, const void *key, size_t key_size) {
    struct flight *flight = key_size > 0 ? flights->first : NULL;
    while (flight && (flight->given_up || flight->key_size != key_size || memcmp(flight->key, key, key_size) != 0)) {
        flight = flight->next;
    }
    return flight;
}

static void take_out(struct single_flight *flights, const struct flight *flight) {
    struct flight **link = &flights->first;
    while (*link != flight) {
        link = &(*link)->next;
    }
    *link = flight->next;
}

static void tell(struct single_flight *flights, struct caller *caller, enum receiver_error error) {
    caller->error = error;
    caller->done = true;
    pthread_cond_broadcast(&flights->answered);
}

static enum receiver_error copy(const struct flight_result *from, struct flight_result *to) {
    memcpy(to->text, from->text, sizeof to->text);
    to->json = (struct json){.failed = from->json.failed};
    if (from->json.size > 0) {
        to->json.bytes = malloc(from->json.size);
        if (!to->json.bytes) {
            return RECEIVER_NO_MEMORY;
        }
        memcpy(to->json.bytes, from->json.bytes, from->json.size);
        to->json.size = to->json.capacity = from->json.size;
    }
    return RECEIVER_OK;
}

static enum receiver_error wait_for(struct single_flight *flights, struct flight *flight, struct caller *caller) {
    caller->next = flight->callers;
    flight->callers = caller;
    while (!caller->done) {
        pthread_cond_wait(&flights->answered, &flights->lock);
    }
    return caller->error;
}

static enum receiver_error work_out(struct single_flight *flights, struct flight *flight, struct caller *own, flight_make make,
                                    void *context) {
    flight->next = flights->first;
    flights->first = flight;
    pthread_mutex_unlock(&flights->lock);
    enum receiver_error error = flight_is_wanted(flight) ? make(context, flight, own->answer) : RECEIVER_CLIENT_GONE;
    pthread_mutex_lock(&flights->lock);
    take_out(flights, flight);
    error = !flight->given_up ? error : flights->stopped ? RECEIVER_BUSY : RECEIVER_CLIENT_GONE;
    for (struct caller *caller = flight->callers; caller != own; caller = caller->next) {
        enum receiver_error copied = copy(own->answer, caller->answer);
        tell(flights, caller, copied == RECEIVER_OK ? error : copied);
    }
    return error;
}

enum receiver_error single_flight_do(struct single_flight *flights, const void *key, size_t key_size, struct flight_caller who,
                                     flight_make make, void *context, struct flight_result *answer) {
    struct caller caller = {.who = who, .answer = answer};
    struct flight own = {.callers = &caller, .all = flights, .key = key, .key_size = key_size};
    pthread_mutex_lock(&flights->lock);
    struct flight *same = find(flights, key, key_size);
    enum receiver_error error = same ? wait_for(flights, same, &caller) : work_out(flights, &own, &caller, make, context);
    pthread_mutex_unlock(&flights->lock);
    return error;
}

// A caller that waits and whose client has gone returns: its thread has other work.
bool flight_is_wanted(struct flight *flight) {
    if (!flight) {
        return true;
    }
    bool wanted = false;
    pthread_mutex_lock(&flight->all->lock);
    for (struct caller **link = &flight->callers; *link && !flight->given_up;) {
        struct caller *caller = *link;
        bool left = caller->who.has_left(caller->who.who), makes = !caller->next;
        wanted |= !left;
        if (left && !makes) {
            *link = caller->next;
            tell(flight->all, caller, RECEIVER_CLIENT_GONE);
        } else {
            link = &caller->next;
        }
    }
    flight->given_up = !wanted || flight->all->stopped;
    wanted = !flight->given_up;
    pthread_mutex_unlock(&flight->all->lock);
    return wanted;
}

size_t flight_caller_count(struct flight *flight) {
    size_t count = 0;
    pthread_mutex_lock(&flight->all->lock);
    for (const struct caller *caller = flight->callers; caller; caller = caller->next) {
        count++;
    }
    pthread_mutex_unlock(&flight->all->lock);
    return count;
}
