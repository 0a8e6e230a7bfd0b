// partial_success.h: what an OTLP server's answer of 200 says that it did not take.
//
// The answer is an ExportProfilesServiceResponse, whose partial_success (1) has rejected_profiles (1) and error_message (2): protobuf.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_CLIENT_PARTIAL_SUCCESS_H
#define CMEMPROF_CLIENT_PARTIAL_SUCCESS_H

#include <stddef.h>
#include <stdint.h>

struct partial_success {
    int64_t rejected;  // profiles
    const char *words; // of the server, in the bytes; NULL: none
    size_t words_size;
};
// Bytes that are cut off or damaged say what is read before.
struct partial_success partial_success_read(const void *bytes, size_t size);

#endif
