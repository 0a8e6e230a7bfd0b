// open_in.h: files of a directory for struct measured_upload (index/measures.h), in tests.
#ifndef CMEMPROF_RECEIVER_TEST_OPEN_IN_H
#define CMEMPROF_RECEIVER_TEST_OPEN_IN_H

#include "../base/failure.h"

#include <errno.h>
#include <fcntl.h>

// directory: the address of its descriptor.
static inline enum receiver_error open_in(void *directory, const char *name, int *file) {
    *file = openat(*(const int *)directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return *file >= 0        ? RECEIVER_OK
           : errno == ENOENT ? RECEIVER_NOT_FOUND
           : errno == ELOOP  ? RECEIVER_DAMAGED
                             : receiver_error_from_errno(errno);
}

#endif
