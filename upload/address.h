// address.h: what has to be known about a URL before libcurl may have it: is it http or https, and is its host this machine.
//
// Threads: any. Memory: malloc, by libcurl, freed before return.
#ifndef CMEMPROF_UPLOAD_ADDRESS_H
#define CMEMPROF_UPLOAD_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "namespace.h"

struct upload_address {
    bool usable;    // an http or https URL with a host
    bool no_memory; // could not tell
    bool loopback;  // localhost, 127.0.0.0/8 or [::1]
    bool tls;       // https
};

// reason: one line why it is not usable, else "". The URL itself is not in it: it may hold a password.
void upload_address_check(const char *url, struct upload_address *address, char *reason, size_t reason_size);

#endif
