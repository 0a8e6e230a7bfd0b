// json.h: writes JSON into a growing buffer.
//
// The writer sets commas and escapes: begin, key, value, end. Text may be any bytes; invalid UTF-8 becomes U+FFFD. The first failure (no
// memory, over JSON_MAX_BYTES) sticks: ask json_failed once, at the end.
//
// Threads: a struct json belongs to one thread. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_JSON_H
#define CMEMPROF_RECEIVER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_BYTES ((size_t)256 << 20)

// Zero-initialised is empty.
struct json {
    char *bytes; // not terminated
    size_t size, capacity;
    bool comma; // the next value needs one before it
    bool failed;
};

void json_free(struct json *json);
bool json_failed(const struct json *json);
void json_object_begin(struct json *json);
void json_object_end(struct json *json);
void json_array_begin(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
void json_text(struct json *json, const char *text); // NULL: null
void json_text_n(struct json *json, const char *text, size_t size);
void json_number(struct json *json, int64_t number);
void json_raw(struct json *json, const char *value, size_t size); // a value that is JSON already
void json_real(struct json *json, double number);                 // 12 digits; null if not finite
void json_bool(struct json *json, bool value);
// Members of an object: the key, then the value.
void json_member_text(struct json *json, const char *key, const char *text);
void json_member_number(struct json *json, const char *key, int64_t number);
void json_member_raw(struct json *json, const char *key, const char *value, size_t size);

#endif
