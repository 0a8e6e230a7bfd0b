// recording_profile.c: opens recordings of Java (recording_profile.h).
#include "recording_profile.h"

#include <inttypes.h>
#include <stdio.h>

enum receiver_error recording_error(enum jfr_error error) {
    return error == JFR_OK          ? RECEIVER_OK
           : error == JFR_NO_MEMORY ? RECEIVER_NO_MEMORY
           : error == JFR_TOO_LARGE ? RECEIVER_TOO_LARGE
                                    : RECEIVER_BAD_UPLOAD;
}

enum receiver_error recording_open(const void *bytes, size_t size, struct jfr **jfr, char *text, size_t text_size) {
    struct jfr_fault fault = {0};
    *jfr = jfr_open(bytes, size, (size_t)RECORDING_MAX_MIB << 20, &fault);
    if (!*jfr) {
        snprintf(text, text_size, "not a readable recording: %s at byte %" PRIu64, fault.text, fault.offset);
    }
    return *jfr ? RECEIVER_OK : recording_error(fault.error);
}
