// search_facets_test.c: counts by facet and over time.
#include "searching.h"

static void expect_facets(const struct search *search, const char *parameters, const char *piece) {
    struct selection selection;
    struct json json = {0};
    select_by(&selection, parameters);
    assert_true(search_facets(search, &selection, &json));
    expect_json(&json, piece);
    selection_free(&selection);
}

#define VALUE(value, count) "{\"value\":\"" value "\",\"count\":" count "}"

static void test_facets(void **state) {
    (void)state;
    struct search search;
    fill(&search);
    expect_facets(
        &search, "",
        "{\"facets\":[{\"name\":\"service\",\"values\":[" VALUE("cart", "2") "," VALUE("shop", "2") "," VALUE("", "1") "],\"more\":0},");
    expect_facets(
        &search, "",
        "{\"name\":\"region\",\"values\":[" VALUE("a", "2") "," VALUE("b", "1") "," VALUE("c", "1") "],\"more\":0},{\"name\":\"team\"");
    // A facet's own values do not narrow its counts, those of others do.
    expect_facets(&search, "service=shop", "{\"name\":\"service\",\"values\":[" VALUE("cart", "2") "," VALUE("shop", "2"));
    expect_facets(&search, "service=shop", "{\"name\":\"env\",\"values\":[" VALUE("prod", "1") "," VALUE("test", "1") "],\"more\":0}");
    expect_facets(&search, "service=shop&env=prod", "{\"name\":\"service\",\"values\":[" VALUE("cart", "1") "," VALUE("shop", "1") "],");
    expect_facets(&search, "service=shop&env=prod", "{\"name\":\"region\",\"values\":[" VALUE("a", "1") "],");
    expect_facets(&search, "tag=region:b",
                  "{\"name\":\"region\",\"values\":[" VALUE("a", "2") "," VALUE("b", "1") "," VALUE("c", "1") "],");
    expect_facets(&search, "tag=region:b", "{\"name\":\"service\",\"values\":[" VALUE("shop", "1") "],");
    expect_facets(&search, "to=0", "{\"name\":\"service\",\"values\":[],\"more\":0}");
    search_free(&search);
}

// Of many values the most frequent are shown; of many keys as well.
static void test_bounds(void **state) {
    (void)state;
    struct search search = {0};
    for (int i = 0; i < 130; i++) {
        char tags[80];
        snprintf(tags, sizeof tags, "a-seq:%d,key%d:v", i / 2, i);
        add_upload(&search, i + 1, i, i % 2 ? "odd" : "even", NULL, tags);
    }
    expect_facets(&search, "", VALUE("1", "2"));
    expect_facets(&search, "service=odd&tag=a-seq:1", VALUE("odd", "1"));
    struct selection selection;
    struct json json = {0};
    select_by(&selection, "");
    assert_true(search_facets(&search, &selection, &json));
    size_t keys = 0;
    for (size_t i = 0; i + 6 < json.size; i++) {
        keys += memcmp(json.bytes + i, "\"name\"", 6) == 0;
    }
    assert_int_equal(keys, FACET_COUNT + 100);
    expect_json(&json, "\"more\":0");
    search_free(&search);
}

static void expect_histogram(const struct search *search, const char *parameters, int buckets, int measure, const char *piece) {
    struct selection selection;
    struct json json = {0};
    select_by(&selection, parameters);
    assert_true(search_histogram(search, &selection, buckets, measure, &json));
    expect_json(&json, piece);
    selection_free(&selection);
}

static void test_histogram(void **state) {
    (void)state;
    struct search search;
    fill(&search);
    search_measured(&search, 1, &(struct measures){{2}});
    search_measured(&search, 3, &(struct measures){{4}});
    expect_histogram(&search, "from=0&to=600", 3, -1,
                     "{\"from_ms\":0,\"to_ms\":600,\"bucket_ms\":200,\"counts\":[1,2,2],\"measure\":null}");
    expect_histogram(&search, "from=0&to=600", 2, MEASURE_CPU_CORES,
                     "\"counts\":[2,3],\"measure\":{\"name\":\"cpu_cores\",\"unit\":\"cores\",\"values\":[3,null]}");
    expect_histogram(&search, "", 4, -1, "{\"from_ms\":100,\"to_ms\":501,\"bucket_ms\":101,\"counts\":[2,1,1,1],");
    expect_histogram(&search, "service=nobody", 2, -1, "{\"from_ms\":0,\"to_ms\":1,\"bucket_ms\":1,\"counts\":[0,0],");
    expect_histogram(&search, "from=-62167219200000&to=253402300799999", 2, -1, "\"counts\":[5,0],");
    expect_histogram(&search, "from=300&to=200", 2, -1, "\"counts\":[0,0],");
    search_free(&search);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_facets), cmocka_unit_test(test_bounds), cmocka_unit_test(test_histogram)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
