// utc.h: a moment as text.
#ifndef CMEMPROF_BASE_UTC_H
#define CMEMPROF_BASE_UTC_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { UTC_TEXT_BYTES = 40 };

// Writes unix_ms, milliseconds since 1970 or before it, as RFC 3339 has it: "2026-11-29T02:42:02.250Z". Of any year.
static inline void utc_text(int64_t unix_ms, char text[static UTC_TEXT_BYTES]) {
    int64_t ms = unix_ms % 1000;
    time_t seconds = (time_t)(unix_ms / 1000 - (ms < 0));
    struct tm utc;
    size_t length = gmtime_r(&seconds, &utc) ? strftime(text, UTC_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc) : 0;
    snprintf(text + length, UTC_TEXT_BYTES - length, ".%03dZ", (int)(ms < 0 ? ms + 1000 : ms));
}

#endif
