// address.h: checks a URL before it is passed to libcurl: whether it is http or https, and whether its host is loopback.
//
// Threads: any. Memory: malloc, by libcurl, freed before return.
#ifndef CMEMPROF_CLIENT_ADDRESS_H
#define CMEMPROF_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct upload_address {
    bool usable;    // an http or https URL with a host
    bool no_memory; // the check failed for lack of memory
    bool loopback;  // localhost, 127.0.0.0/8 or [::1]
    bool tls;       // https
};

// reason: one line why the URL is not usable, else "". It does not quote the URL, which may contain a password.
void upload_address_check(const char *url, struct upload_address *address, char *reason, size_t reason_size);

#endif
