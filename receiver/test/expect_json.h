// expect_json.h: searches JSON for a piece of text, for tests.
#ifndef CMEMPROF_RECEIVER_TEST_EXPECT_JSON_H
#define CMEMPROF_RECEIVER_TEST_EXPECT_JSON_H

#include "../../base/test/test.h"

#include "http.h"

#include "../base/json.h"

// Frees the JSON.
static inline void expect_json(struct json *json, const char *piece) {
    assert_false(json_failed(json));
    if (!json->bytes || !memmem(json->bytes, json->size, piece, strlen(piece))) {
        fail_msg("no %s in %.*s", piece, (int)json->size, json->bytes ? json->bytes : "");
    }
    json_free(json);
}

#endif
