// json_scan.h: reads JSON from memory, value by value, without building anything.
//
//     json_scan_object(scan);                          json_scan_array(scan);
//     while (json_scan_member(scan, &key)) ...         while (json_scan_item(scan)) ...
//
// In each round exactly one value must be taken: entered, read, or skipped. The first fault sticks: then all functions return false, and
// loops end. Keys and texts are decoded (UTF-8), and valid until the next call. Whitespace and values are those of RFC 8259; text that is
// not UTF-8 is passed on as it is. That the thread's budget is stopped (merge.h) is a fault.
//
// Threads: as its owner. Memory: malloc, one text; json_scan_free frees it. Depth is bounded by JSON_SCAN_MAX_DEPTH, without recursion.
#ifndef CMEMPROF_FOREIGN_JSON_SCAN_H
#define CMEMPROF_FOREIGN_JSON_SCAN_H

#include "lines.h"

enum { JSON_SCAN_MAX_DEPTH = 1 << 20 };

struct json_scan {
    const char *start, *at, *end;
    size_t depth;
    bool first;        // no value of the innermost object or array has been read
    const char *fault; // NULL: none
    size_t fault_offset;
    bool no_memory;
    char *text; // zero-terminated
    size_t text_capacity;
};

static inline struct json_scan json_scan_of(const void *bytes, size_t size) {
    return (struct json_scan){.start = bytes, .at = bytes, .end = (const char *)bytes + size};
}
void json_scan_free(struct json_scan *scan);

// The first character of the next value, '\0' at the end: '{', '[', '"', a digit, '-', 't', 'f', 'n'.
char json_scan_peek(struct json_scan *scan);
bool json_scan_object(struct json_scan *scan);
bool json_scan_member(struct json_scan *scan, struct span *key); // false: the object has ended
bool json_scan_array(struct json_scan *scan);
bool json_scan_item(struct json_scan *scan); // false: the array has ended
bool json_scan_text(struct json_scan *scan, struct span *text);
bool json_scan_number(struct json_scan *scan, double *number);
bool json_scan_skip(struct json_scan *scan); // any value
// A value of another kind than asked for is skipped; the result is false then, without a fault.
bool json_scan_number_or_skip(struct json_scan *scan, double *number);
bool json_scan_text_or_skip(struct json_scan *scan, struct span *text);

#endif
