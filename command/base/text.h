// text.h: values and names as a terminal shows them.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_TEXT_H
#define CMEMPROF_TEXT_H

#include "../../merge/merge.h"

#include <stdio.h>

enum { TEXT_VALUE_BYTES = 40, TEXT_NAME_BYTES = 256 };

// A text out of a profile: control characters, which could reprogram the terminal, become '?'. All such texts go through here.
void text_put(const char *text, FILE *out);
// "1,242".
const char *text_count(int64_t value, char text[TEXT_VALUE_BYTES]);
// By the unit: "1.50 MB" (powers of 1000), "3.20 ms", else a count. Unit NULL: "1500000".
const char *text_value(int64_t value, const char *unit, char text[TEXT_VALUE_BYTES]);
// The same in that unit ("MB", "kib", "ms"), if both are of bytes or of time; else as above. in NULL: as above.
const char *text_value_in(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]);
// Whether there is such a unit to show values in: bytes or of time.
bool text_has_unit(const char *in);
// Whether values of the unit can be shown in it.
bool text_can_show(const char *unit, const char *in);
// The same with a plus sign before what is greater than 0.
const char *text_change(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]);
// "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec" -> "go-sqlite3.(*SQLiteStmt).exec"; without a function "libc.so.6+0x2a3f0".
const char *text_frame(const struct profile_frame *frame, char name[TEXT_NAME_BYTES]);
// What follows the last slash.
const char *text_base_name(const char *path);
// a + b, which saturates.
int64_t text_sum(int64_t a, int64_t b);
// Without its sign, also of INT64_MIN.
uint64_t text_magnitude(int64_t value);

#endif
