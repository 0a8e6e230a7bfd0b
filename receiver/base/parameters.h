// parameters.h: the parameters of a question: those of a request's address, or of a query that is asked from inside the receiver.
//
// Threads: those of its connection, or one. Memory: malloc, one copy of a query.
#ifndef CMEMPROF_RECEIVER_PARAMETERS_H
#define CMEMPROF_RECEIVER_PARAMETERS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct parameter {
    const char *key, *value; // value NULL: without "="
};
struct parameters {
    struct MHD_Connection *connection; // NULL: those of list
    struct parameter *list;
    size_t count;
    char *text; // of list
};

struct parameters parameters_of(struct MHD_Connection *connection); // needs no free
// Reads "a=b&c=%20". Returns false without memory.
bool parameters_read(struct parameters *parameters, const char *query);
void parameters_free(struct parameters *parameters);
// The first of that key, as libmicrohttpd compares them: without regard to case. NULL: none, or it has no value.
const char *parameters_get(const struct parameters *parameters, const char *key);
// Calls take for each, in their order, until it returns MHD_NO.
void parameters_each(const struct parameters *parameters, MHD_KeyValueIterator take, void *context);

#endif
