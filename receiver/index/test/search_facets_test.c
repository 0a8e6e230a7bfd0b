// search_facets_test.c: counts by facet and over time.

#include "../../../base/test/test.h"

#include "searching.h"

#include <math.h>

static void expect_values(const struct search *search, const char *parameters, struct search_values wanted, const char *piece) {
    struct selection selection;
    struct json json = {0};
    select_by(&selection, parameters);
    assert_true(search_facets(search, &selection, &wanted, &json));
    expect_json(&json, piece);
    selection_free(&selection);
}

static void expect_facets(const struct search *search, const char *parameters, const char *piece) {
    expect_values(search, parameters, (struct search_values){NULL, SEARCH_VALUES_DEFAULT}, piece);
}

#define VALUE(value, count) "{\"value\":\"" value "\",\"count\":" count "}"

TEST(facets) {
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

// Of many values the most frequent are shown; the same for many keys.
TEST(bounds) {
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
    assert_true(search_facets(&search, &selection, &(struct search_values){NULL, SEARCH_VALUES_DEFAULT}, &json));
    size_t keys = 0;
    for (size_t i = 0; i + 6 < json.size; i++) {
        keys += memcmp(json.bytes + i, "\"name\"", 6) == 0;
    }
    assert_int_equal(keys, FACET_COUNT + 100);
    expect_json(&json, "\"more\":0");
    search_free(&search);
}

// The 218th service is found by name, or by a higher limit.
TEST(finding) {
    struct search search = {0};
    for (int i = 0; i < 300; i++) {
        char service[40], tags[80];
        snprintf(service, sizeof service, "Service-%d", i);
        snprintf(tags, sizeof tags, "service:%s,team:t%d,serial:%d", service, i % 3, i);
        add_upload(&search, i + 1, i, service, NULL, tags);
    }
    expect_facets(&search, "", "\"more\":250}");
    expect_values(&search, "", (struct search_values){NULL, 300}, VALUE("Service-99", "1") "],\"more\":0}");
    expect_values(&search, "", (struct search_values){NULL, 2}, VALUE("Service-1", "1") "],\"more\":298}");
    expect_values(&search, "", (struct search_values){"vice-217", 50},
                  "{\"facets\":[{\"name\":\"service\",\"values\":[" VALUE("Service-217", "1") "],\"more\":0}]}");
    expect_values(&search, "", (struct search_values){"217", 50},
                  "\"more\":0},{\"name\":\"serial\",\"values\":[" VALUE("217", "1") "],\"more\":0}]}");
    expect_values(&search, "", (struct search_values){"TEA", 50},
                  "{\"facets\":[{\"name\":\"team\",\"values\":[" VALUE("t0", "100") "," VALUE("t1", "100") "," VALUE("t2", "100") "],");
    expect_values(&search, "", (struct search_values){"nothing has this", 50}, "{\"facets\":[]}");
    search_free(&search);
}

static void expect_histogram(const struct search *search, const char *parameters, struct search_buckets wanted, const char *piece) {
    struct selection selection;
    struct json json = {0};
    struct search_rest rest = {0};
    select_by(&selection, parameters);
    assert_true(search_histogram(search, &selection, &rest, &wanted, &json));
    expect_json(&json, piece);
    selection_free(&selection);
}

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

TEST(histogram) {
    static const int64_t starts_ms[] = {100, 200 * 1000, 300 * 1000, 400 * 1000, 500 * 1000};
    struct search search = {0};
    for (int64_t i = 0; i < 5; i++) {
        add_upload(&search, i + 1, starts_ms[i], "shop", "prod", "");
    }
    search_measured(&search, 1, &(struct measures){{2, NAN, NAN, NAN, NAN, NAN}});
    search_measured(&search, 2, &(struct measures){{4, NAN, NAN, NAN, NAN, NAN}});
    struct search_buckets three = {3, 0, -1, -1, NULL}, four = {4, 0, -1, -1, NULL}, cpu = {2, 0, MEASURE_CPU_CORES, -1, NULL};
    expect_histogram(&search, "from=0&to=600000", three,
                     "{\"from_ms\":0,\"to_ms\":600000,\"bucket_ms\":300000,\"counts\":[2,3],\"measure\":null}");
    expect_histogram(&search, "from=0&to=600000", cpu, "\"measure\":{\"name\":\"cpu_cores\",\"unit\":\"cores\",\"values\":[3,null]}");
    // The fallback measure, if no upload has the first.
    struct search_buckets c_or_cpu = {2, 0, MEASURE_C_LIVE_BYTES, MEASURE_CPU_CORES, NULL},
                          cpu_or_c = {2, 0, MEASURE_CPU_CORES, MEASURE_C_LIVE_BYTES, NULL};
    expect_histogram(&search, "from=0&to=600000", c_or_cpu, "\"measure\":{\"name\":\"cpu_cores\",\"unit\":\"cores\",\"values\":[3,null]}");
    expect_histogram(&search, "from=0&to=600000", cpu_or_c, "\"measure\":{\"name\":\"cpu_cores\",\"unit\":\"cores\",\"values\":[3,null]}");
    expect_histogram(&search, "from=300000&to=600000", c_or_cpu,
                     "\"measure\":{\"name\":\"cpu_cores\",\"unit\":\"cores\",\"values\":[null]}");
    // If a range begins anywhere, the first bucket begins before it.
    expect_histogram(&search, "from=199999&to=450000", four,
                     "{\"from_ms\":120000,\"to_ms\":480000,\"bucket_ms\":120000,\"counts\":[1,1,1],");
    expect_histogram(&search, "", (struct search_buckets){60, 0, -1, -1, NULL},
                     "{\"from_ms\":0,\"to_ms\":510000,\"bucket_ms\":10000,\"counts\":[1,0,");
    expect_histogram(&search, "service=nobody", four, "{\"from_ms\":0,\"to_ms\":1000,\"bucket_ms\":1000,\"counts\":[0],");
    expect_histogram(&search, "from=300&to=200", four, "\"counts\":[0],");
    expect_histogram(&search, "from=-1000&to=1000", (struct search_buckets){1, 0, -1, -1, NULL},
                     "{\"from_ms\":-1000,\"to_ms\":1000,\"bucket_ms\":2000,\"counts\":[1],");
    expect_histogram(&search, "from=-62167219200000&to=253402300799999", four, "\"bucket_ms\":78892380000000,\"counts\":[5,0,0,0],");
    search_free(&search);
}

// For any range: a round width, limits at multiples of it, and no more buckets than requested.
TEST(round_widths) {
    struct search search = {0};
    static const struct {
        int64_t range_ms, width_ms;
    } cases[] = {{1000, 1000},
                 {79 * 1000, 1000},
                 {15 * MINUTE, 15 * 1000},
                 {HOUR, MINUTE},
                 {4 * HOUR, 5 * MINUTE},
                 {DAY, 30 * MINUTE},
                 {7 * DAY, 3 * HOUR},
                 {30 * (int64_t)DAY, 12 * HOUR},
                 {365 * (int64_t)DAY, 7 * (int64_t)DAY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char parameters[80], piece[120];
        int64_t from_ms = INT64_C(1767322845678), first = from_ms - from_ms % cases[i].width_ms;
        snprintf(parameters, sizeof parameters, "from=%lld&to=%lld", (long long)from_ms, (long long)(from_ms + cases[i].range_ms));
        int64_t count = (from_ms + cases[i].range_ms - first - 1) / cases[i].width_ms + 1;
        snprintf(piece, sizeof piece, "{\"from_ms\":%lld,\"to_ms\":%lld,\"bucket_ms\":%lld,", (long long)first,
                 (long long)(first + count * cases[i].width_ms), (long long)cases[i].width_ms);
        expect_histogram(&search, parameters, (struct search_buckets){80, 0, -1, -1, NULL}, piece);
    }
    // Days that begin at midnight, two hours east of Greenwich.
    expect_histogram(&search, "from=1767322845678&to=1767922845678", (struct search_buckets){10, -2 * HOUR, -1, -1, NULL},
                     "{\"from_ms\":1767304800000,\"to_ms\":1767996000000,\"bucket_ms\":86400000,");
    search_free(&search);
}

// Tags that are not in memory are not listed. Uploads that only they decide are not counted, which is said.
TEST(tags_not_in_memory) {
    struct search search;
    fill_without_tags(&search);
    search.strings.bytes -= FULL_BYTES;
    add_upload(&search, 10, 600, "shop", "prod", "region:a,team:y");
    expect_facets(&search, "", "{\"name\":\"region\",\"values\":[" VALUE("a", "1") "],\"more\":0},");
    expect_facets(&search, "", "\"more\":0}],\"uploads_with_unlisted_tags\":4}");
    expect_facets(&search, "service=shop", VALUE("shop", "3"));
    expect_facets(&search, "service=cart&env=prod", "\"uploads_with_unlisted_tags\":1}");
    expect_facets(&search, "tag=region:a", "{\"facets\":[{\"name\":\"service\",\"values\":[" VALUE("shop", "1") "],\"more\":0},");
    expect_facets(&search, "tag=region:a", "\"more\":0}],\"uploads_not_looked_at\":4}");
    expect_facets(&search, "tag=region:a&service=cart", "\"uploads_not_looked_at\":4}"); // two would count for service
    expect_facets(&search, "tag=region:a&service=cart&env=prod", "\"uploads_not_looked_at\":3}");
    expect_histogram(&search, "q=team&from=0&to=1000", (struct search_buckets){1, 0, -1, -1, NULL},
                     "\"counts\":[1],\"measure\":null,\"uploads_not_looked_at\":4}");
    expect_histogram(&search, "q=team", (struct search_buckets){1, 0, MEASURE_CPU_CORES, -1, NULL},
                     "\"values\":[null]},\"uploads_not_looked_at\":4}");
    search_free(&search);
}

int main(void) {
    return tests_run();
}
