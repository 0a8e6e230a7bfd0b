// profiles.h: small profiles for the tests of views, and access to the resulting JSON.
#ifndef CMEMPROF_RECEIVER_TEST_PROFILES_H
#define CMEMPROF_RECEIVER_TEST_PROFILES_H

#include "../../base/test/test.h"

#include "../../merge/merge.h"
#include "../base/json.h"

#include <sqlite3.h>
#include <unistd.h>

struct blob {
    uint8_t *bytes;
    size_t size;
};

static inline uint32_t add_frame(struct profile *profile, const char *name, const char *file) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
    return profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
}

// frames: "leaf file", "caller file", ..., NULL.
static inline void add_labelled(struct profile *profile, const char *const *frames, const int64_t *values,
                                const struct profile_label *labels, size_t label_count) {
    uint32_t locations[64];
    size_t count = 0;
    for (; frames[count]; count++) {
        char name[200];
        const char *space = strrchr(frames[count], ' ');
        snprintf(name, sizeof name, "%.*s", (int)(space - frames[count]), frames[count]);
        locations[count] = add_frame(profile, name, space + 1);
    }
    profile_add_sample(profile, locations, count, values, labels, label_count);
}
static inline void add_stack(struct profile *profile, const char *const *frames, const int64_t *values, bool c) {
    add_labelled(profile, frames, values, &(struct profile_label){"memory", "C", 0, ""}, c);
}
#define FRAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define VALUES(...) ((const int64_t[]){__VA_ARGS__})

static inline struct profile *new_heap_profile(void) {
    static const char *const types[][2] = {
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}};
    struct profile *profile = profile_new();
    assert_non_null(profile);
    for (size_t i = 0; i < 4; i++) {
        profile_add_sample_type(profile, types[i][0], types[i][1]);
    }
    profile_set_period(profile, "space", "bytes", 524288);
    return profile;
}

static inline struct blob finish(struct profile *profile) {
    struct blob blob;
    assert_int_equal(profile_status(profile), MERGE_OK);
    assert_int_equal(profile_encode(profile, MERGE_GZIP, &blob.bytes, &blob.size), MERGE_OK);
    profile_free(profile);
    return blob;
}

// ---- JSON ----

// The value at the path, as text ("null" for null, "(none)" if missing); fails unless all of the JSON is valid. The caller frees it.
static inline char *json_at(const struct json *json, const char *path) {
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_false(json->failed);
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    static const char sql[] = "SELECT CASE WHEN NOT json_valid(?1) THEN '(invalid)' WHEN json_type(?1, ?2) IS NULL THEN '(none)'"
                              " WHEN json_type(?1, ?2) = 'null' THEN 'null' ELSE json_extract(?1, ?2) END";
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, json->bytes, (int)json->size, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *text = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    if (strcmp(text, "(invalid)") == 0) {
        fail_msg("not JSON: %.*s", (int)(json->size < 500 ? json->size : 500), json->bytes);
    }
    return text;
}

static inline void expect_at(const struct json *json, const char *path, const char *expected) {
    char *text = json_at(json, path);
    if (strcmp(text, expected) != 0) {
        fail_msg("%s is %s, expected %s, in %.*s", path, text, expected, (int)(json->size < 3000 ? json->size : 3000), json->bytes);
    }
    free(text);
}

static inline void expect_number_at(const struct json *json, const char *path, double expected, double tolerance) {
    char *text = json_at(json, path);
    double number = strtod(text, NULL), off = number > expected ? number - expected : expected - number;
    if (strcmp(text, "null") == 0 || !(off <= tolerance)) {
        fail_msg("%s is %s, expected %g", path, text, expected);
    }
    free(text);
}

#endif
