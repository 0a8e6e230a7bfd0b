// error.c: names of enum upload_error. Threads: any. Memory: none.
#include "upload.h"

const char *upload_error_text(enum upload_error error) {
    static const char *const texts[UPLOAD_ERROR_COUNT] = {
        [UPLOAD_OK] = "sent",
        [UPLOAD_NO_MEMORY] = "out of memory",
        [UPLOAD_BAD_URL] = "not an http or https URL",
        [UPLOAD_BAD_REQUEST] = "bad request",
        [UPLOAD_UNREACHABLE] = "no connection",
        [UPLOAD_TIMEOUT] = "time-out",
        [UPLOAD_INTERRUPTED] = "connection broken",
        [UPLOAD_CANCELLED] = "cancelled",
        [UPLOAD_REJECTED] = "rejected by the server",
        [UPLOAD_TLS] = "TLS failed",
        [UPLOAD_FORKED] = "used after fork",
    };
    return (unsigned)error < UPLOAD_ERROR_COUNT && texts[error] ? texts[error] : "unknown error";
}
