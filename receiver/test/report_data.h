// report_data.h: the data of a report, out of its file.
#ifndef CMEMPROF_RECEIVER_TEST_REPORT_DATA_H
#define CMEMPROF_RECEIVER_TEST_REPORT_DATA_H

#include "../../base/test/test.h"

#include "../../merge/merge.h"
#include "../base/json.h"

static inline int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

// The caller frees it.
static inline struct json report_data(const char *html, size_t size) {
    static const char mark[] = "id=\"report\">";
    const char *at = memmem(html, size, mark, strlen(mark));
    uint8_t *gzip = malloc(size), *data;
    size_t count = 0, data_size;
    unsigned bits = 0;
    uint32_t held = 0;
    assert_non_null(at);
    assert_non_null(gzip);
    for (at += strlen(mark); base64_digit(*at) >= 0; at++) {
        held = held << 6 | (uint32_t)base64_digit(*at);
        if ((bits += 6) >= 8) {
            bits -= 8;
            gzip[count++] = (uint8_t)(held >> bits);
        }
    }
    assert_int_equal(merge_inflate(gzip, count, 16 << 20, &data, &data_size, NULL), MERGE_OK);
    free(gzip);
    return (struct json){.bytes = (char *)data, .size = data_size, .capacity = data_size};
}

#endif
