// failure.c: texts and causes of failures (failure.h).
#include "failure.h"

#include <errno.h>

const char *receiver_error_text(enum receiver_error error) {
    static const char *const texts[RECEIVER_ERROR_COUNT] = {
        [RECEIVER_OK] = "ok",
        [RECEIVER_NO_MEMORY] = "out of memory",
        [RECEIVER_BAD_ADDRESS] = "not an address of the form ADDRESS:PORT or unix:PATH",
        [RECEIVER_NOT_LOOPBACK] = "not a loopback address; without a token only 127.0.0.1, [::1] and localhost are served",
        [RECEIVER_ADDRESS_IN_USE] = "address already in use",
        [RECEIVER_CANNOT_LISTEN] = "cannot listen",
        [RECEIVER_BAD_DIRECTORY] = "data directory cannot be written",
        [RECEIVER_DIRECTORY_TAKEN] = "data directory is used by another receiver",
        [RECEIVER_BAD_INDEX] = "the index is damaged and being rebuilt; try again later",
        [RECEIVER_DISK_FULL] = "disk full",
        [RECEIVER_BAD_UPLOAD] = "malformed upload",
        [RECEIVER_TOO_LARGE] = "too large",
        [RECEIVER_NOT_FOUND] = "not found",
        [RECEIVER_CONFLICT] = "not possible now",
        [RECEIVER_DAMAGED] = "the stored file is damaged: it is missing or its size has changed",
        [RECEIVER_BUSY] = "busy; try again later",
        [RECEIVER_BAD_CERTIFICATE] = "the certificate or its key cannot be used",
        [RECEIVER_BAD_TOKEN] = "no usable token: one line of 8 to 200 printable characters without blanks, commas and semicolons is needed",
        [RECEIVER_CLIENT_GONE] = "the client has gone",
        [RECEIVER_READ_ONLY] = "the disk is read-only",
        [RECEIVER_DIRECTORY_GONE] = "the data directory was removed or replaced; the receiver has to be started again",
        [RECEIVER_IO] = "input/output error",
    };
    return (unsigned)error < RECEIVER_ERROR_COUNT ? texts[error] : "unknown error";
}

enum receiver_error receiver_error_from_errno(int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RECEIVER_DISK_FULL;
    case EROFS:
        return RECEIVER_READ_ONLY;
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
        return RECEIVER_DIRECTORY_GONE;
    case ENOMEM:
        return RECEIVER_NO_MEMORY;
    default:
        return RECEIVER_IO;
    }
}
