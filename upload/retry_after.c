// retry_after.c: upload_retry_after_ms, the two forms of Retry-After (RFC 9110, 10.2.3): seconds, or a date as "Sun, 06 Nov 1994 08:49:37
// GMT".
//
// The two obsolete date formats are ignored. Threads: any. Memory: none.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "upload.h"

enum { MAX_S = 3600 }; // a server that asks for more is faulty, and must not stop profiles for a day

static bool read_date(const char *text, int64_t *unix_s) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm utc = {0};
    char month[4], zone[4];
    const char *found;
    if (!text || sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3s", &utc.tm_mday, month, &utc.tm_year, &utc.tm_hour,
                        &utc.tm_min, &utc.tm_sec, zone) != 7) {
        return false;
    }
    found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 != 0 || strcmp(zone, "GMT") != 0) {
        return false;
    }
    utc.tm_mon = (int)(found - months) / 3;
    utc.tm_year -= 1900;
    *unix_s = timegm(&utc);
    return true;
}

static bool read_seconds(const char *text, int64_t *seconds) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits + strspn(text + digits, " \t\r\n")] != '\0') {
        return false;
    }
    *seconds = digits > 9 ? MAX_S : strtol(text, NULL, 10);
    return true;
}

uint64_t upload_retry_after_ms(const char *retry_after, const char *date, int64_t unix_s) {
    int64_t seconds, until;
    if (!retry_after) {
        return 0;
    }
    retry_after += strspn(retry_after, " \t");
    if (!read_seconds(retry_after, &seconds)) {
        if (!read_date(retry_after, &until)) {
            return 0;
        }
        read_date(date ? date + strspn(date, " \t") : NULL, &unix_s);
        seconds = until - unix_s;
    }
    if (seconds < 0) {
        return 0;
    }
    return (uint64_t)(seconds < MAX_S ? seconds : MAX_S) * 1000;
}
