// search_lines_test.c: means over time by the values of a tag: the highest, the others together, and a measure in place of another.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_lines.h"

#include <math.h>

static void add(struct search *search, int64_t id, const char *region, int bucket, double c, double heap) {
    char tags[40];
    snprintf(tags, sizeof tags, "region:%s", region);
    add_upload(search, id, bucket, "shop", NULL, tags);
    struct measures measures = {{NAN, NAN, NAN, NAN, NAN, NAN}};
    measures.values[MEASURE_C_LIVE_BYTES] = c;
    measures.values[MEASURE_HEAP_LIVE_BYTES] = heap;
    search_measured(search, id, &measures);
}

static void expect_lines(struct search *search, const char *key, int otherwise, size_t buckets, const char *piece) {
    struct search_lines lines;
    struct json json = {0};
    assert_true(search_lines_init(&lines, search, key, buckets));
    for (size_t row = search->begin; row < search->end; row++) {
        size_t bucket = (size_t)search_at(search, SEARCH_START, row);
        assert_true(search_lines_add(&lines, search, row, bucket, MEASURE_C_LIVE_BYTES, otherwise));
    }
    json_object_begin(&json);
    assert_true(search_lines_write(&lines, otherwise >= 0, buckets, &json));
    json_object_end(&json);
    expect_json(&json, piece);
    search_lines_free(&lines);
}

TEST(lines) {
    struct search search = {0};
    add(&search, 1, "eu", 0, 10, 1);
    add(&search, 2, "eu", 0, 30, 1);
    add(&search, 3, "us", 1, 90, NAN);
    add(&search, 4, "asia", 2, NAN, 5);
    expect_lines(&search, "region", -1, 3,
                 "{\"groups\":[{\"value\":\"us\",\"values\":[null,90,null]},{\"value\":\"eu\",\"values\":[20,null,null]}]}");
    expect_lines(&search, "region", MEASURE_HEAP_LIVE_BYTES, 3,
                 "{\"groups\":[{\"value\":\"asia\",\"values\":[null,null,5]},{\"value\":\"eu\",\"values\":[1,null,null]}]}");
    expect_lines(&search, "nobody", -1, 3, "{\"groups\":[{\"value\":\"(none)\",\"values\":[20,90,null]}]}");
    search_free(&search);
}

TEST(others) {
    struct search search = {0};
    for (int i = 0; i < SEARCH_LINES + 3; i++) {
        char region[20];
        snprintf(region, sizeof region, "r%02d", i);
        add(&search, i + 1, region, 0, 10 * i, NAN);
    }
    expect_lines(&search, "region", -1, 1, "{\"groups\":[{\"value\":\"r14\",\"values\":[140]},");
    expect_lines(&search, "region", -1, 1, "{\"value\":\"r03\",\"values\":[30]}],\"others\":{\"count\":3,\"values\":[10]}}");
    search_free(&search);
}

int main(void) {
    return tests_run();
}
