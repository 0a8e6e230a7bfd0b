// text.h: formats values and names for a terminal.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_TEXT_H
#define CMEMPROF_TEXT_H

#include "../../merge/merge.h"

#include <stdio.h>

enum { TEXT_VALUE_BYTES = 40, TEXT_NAME_BYTES = 256 };

// Prints text from a profile. Control characters become '?', so that no escape sequence reaches the terminal. All such text is printed
// here.
void text_put(const char *text, FILE *out);
// "1,242".
const char *text_count(int64_t value, char text[TEXT_VALUE_BYTES]);
// Formats by unit: "1.50 MB" (powers of 1000), "3.20 ms", else a count. unit NULL: "1500000".
const char *text_value(int64_t value, const char *unit, char text[TEXT_VALUE_BYTES]);
// The same in a given unit ("MB", "kib", "ms"), if both are units of bytes or both of time. Otherwise, and with in NULL, text_value.
const char *text_value_in(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]);
// Whether `in` is a known unit of bytes or time.
bool text_has_unit(const char *in);
// Whether values of the unit can be converted to `in`.
bool text_can_show(const char *unit, const char *in);
// How many of unit ("bytes", "nanoseconds") one `in` is; 0 if it cannot be converted.
double text_unit_size(const char *unit, const char *in);
// text_value_in with a plus sign for values > 0.
const char *text_change(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]);
// "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec" -> "go-sqlite3.(*SQLiteStmt).exec"; without a function "libc.so.6+0x2a3f0".
const char *text_frame(const struct profile_frame *frame, char name[TEXT_NAME_BYTES]);
// The part after the last slash.
const char *text_base_name(const char *path);
// Replaces each of a character by another one.
void text_replace(char *text, char from, char to);
// |value|, also for INT64_MIN.
uint64_t text_magnitude(int64_t value);

#endif
