// units.c: the table of units (units.h), see also there for threads and memory.
#include "units.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum measured { TIME = 1, BYTES };

static const struct unit {
    const char *name; // lower case, without the plural s
    enum measured measured;
    int64_t size; // in nanoseconds, bytes
} units[] = {
    {"n", TIME, 1}, // "ns" without its s
    {"nanosecond", TIME, 1},
    {"u", TIME, 1000}, // "us"
    {"microsecond", TIME, 1000},
    {"m", TIME, 1000000}, // "ms"
    {"millisecond", TIME, 1000000},
    {"s", TIME, 1000000000}, // a single s is not a plural
    {"sec", TIME, 1000000000},
    {"second", TIME, 1000000000},
    {"min", TIME, INT64_C(60) * 1000000000},
    {"minute", TIME, INT64_C(60) * 1000000000},
    {"hr", TIME, INT64_C(3600) * 1000000000},
    {"hour", TIME, INT64_C(3600) * 1000000000},
    {"day", TIME, INT64_C(86400) * 1000000000},
    {"b", BYTES, 1},
    {"byte", BYTES, 1},
    {"kb", BYTES, INT64_C(1) << 10}, // 1,024, as in pprof
    {"kbyte", BYTES, INT64_C(1) << 10},
    {"kilobyte", BYTES, INT64_C(1) << 10},
    {"mb", BYTES, INT64_C(1) << 20},
    {"mbyte", BYTES, INT64_C(1) << 20},
    {"megabyte", BYTES, INT64_C(1) << 20},
    {"gb", BYTES, INT64_C(1) << 30},
    {"gbyte", BYTES, INT64_C(1) << 30},
    {"gigabyte", BYTES, INT64_C(1) << 30},
    {"tb", BYTES, INT64_C(1) << 40},
    {"tbyte", BYTES, INT64_C(1) << 40},
    {"terabyte", BYTES, INT64_C(1) << 40},
};

enum { LONGEST = 16 };

static const struct unit *find(const char *name) {
    char lower[LONGEST];
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof lower) {
        return NULL;
    }
    for (size_t i = 0; i <= length; i++) {
        lower[i] = (char)tolower((unsigned char)name[i]);
    }
    if (length > 1 && lower[length - 1] == 's') {
        lower[--length] = '\0';
    } else if (length == 1 && (*lower == 'n' || *lower == 'u' || *lower == 'm')) { // not a time unit without its s
        return NULL;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, lower) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

bool units_convert(const char *a, const char *b, struct units_ratio *ratio) {
    const struct unit *one = find(a), *two = find(b);
    if (!one || !two || one->measured != two->measured || strcmp(a, b) == 0) {
        return false;
    }
    *ratio = (struct units_ratio){1, 1};
    if (one->size > two->size) {
        ratio->a = one->size / two->size;
    } else {
        ratio->b = two->size / one->size;
    }
    return true;
}
