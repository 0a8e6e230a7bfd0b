// live_table_test.c: rates of rows.

#include "../../../base/test/test.h"

#include "../../base/diagnostic.h"
#include "../live_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t frame(struct profile *profile, const char *name, int64_t line) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = "/src/x.go"});
    return profile_add_location(profile, 0, 0, &(struct profile_line){function, line, 0}, 1);
}

// a and b have so much in use and allocated; b is C's. 0, 0: absent.
static struct live_sample sample_of(int64_t seconds, int64_t a, int64_t a_made, int64_t b, int64_t b_made) {
    struct live_sample sample = {0};
    struct profile *profile = profile_new();
    char text[100];
    profile_add_sample_type(profile, "alloc_space", "bytes");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    profile_set_time(profile, seconds * 1000000000, 0);
    uint32_t root = frame(profile, "main.main", 1), first[] = {frame(profile, "main.a", 7), root},
             second[] = {frame(profile, "main.b", 8), root};
    profile_add_sample(profile, first, 2, (int64_t[]){a_made, a}, &(struct profile_label){"tenant", "acme", 0, ""}, 1);
    profile_add_sample(profile, second, 2, (int64_t[]){b_made, b}, &(struct profile_label){"memory", "C", 0, ""}, 1);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &sample.input.bytes, &sample.input.size), MERGE_OK);
    profile_free(profile);
    struct options own = {.limits = merge_default_limits};
    assert_true(live_sample_check(&own, &sample, 5, text, sizeof text));
    return sample;
}

// The same with a duration: what was allocated in it.
static struct live_sample delta_of(int64_t seconds, int64_t a, int64_t a_made) {
    struct live_sample sample = sample_of(seconds, a, a_made, 0, 0);
    struct options own = {.limits = merge_default_limits};
    struct merge_fault fault;
    char text[100];
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, sample.input.bytes, sample.input.size, &own.limits, NULL, &fault), MERGE_OK);
    profile_set_time(profile, seconds * 1000000000, 10000000000);
    free(sample.input.bytes);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &sample.input.bytes, &sample.input.size), MERGE_OK);
    profile_free(profile);
    assert_true(live_sample_check(&own, &sample, 5, text, sizeof text));
    return sample;
}

static void expect(const struct live_table *table, size_t at, const char *name, int64_t value, double growth, double rate) {
    assert_true(at < table->count);
    const struct live_row *row = &table->rows[at];
    assert_string_equal(row->name, name);
    assert_int_equal(row->value, value);
    assert_true(row->growth_per_minute == growth || (isnan(growth) && isnan(row->growth_per_minute)));
    assert_true(row->rate_per_second == rate || (isnan(rate) && isnan(row->rate_per_second)));
}

TEST(rates) {
    struct options own = {.limits = merge_default_limits};
    struct top_options top = {.by = FRAME_BY_FUNCTION, .lines = 10};
    struct live_sample first = sample_of(100, 600, 1000, 50, 50), before = sample_of(150, 500, 2000, 0, 0),
                       now = sample_of(160, 900, 2500, 0, 0);
    struct live_table table;
    char text[100];
    assert_int_equal(live_table_make(&own, &top, &first, &before, &now, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    assert_string_equal(table.type, "inuse_space");
    assert_string_equal(table.rate_type, "alloc_space");
    assert_int_equal(table.value, 900);
    assert_true(table.growth_per_minute == 250 && table.rate_per_second == 50);
    assert_int_equal(table.count, 2); // not main.main, which has nothing of its own
    expect(&table, 0, "main.a  x.go", 900, 300, 50);
    expect(&table, 1, "main.b  x.go", 0, -50, 0); // what is gone
    live_table_free(&table);
    assert_int_equal(live_table_make(&own, &top, &now, &now, &now, LIVE_BY_RATE, &table, text, sizeof text), STATUS_DONE);
    expect(&table, 0, "main.a  x.go", 900, NAN, NAN); // at first nothing is known
    live_table_free(&table);
    top.by_cum = true;
    assert_int_equal(live_table_make(&own, &top, &first, &before, &now, LIVE_BY_GROWTH, &table, text, sizeof text), STATUS_DONE);
    expect(&table, 0, "main.a  x.go", 900, 300, 50);
    expect(&table, 1, "main.main  x.go", 900, 250, 50);
    live_table_free(&table);
    top = (struct top_options){.by = FRAME_BY_LINE, .lines = 10, .memory = FLAT_CUM_C};
    assert_int_equal(live_table_make(&own, &top, &first, &first, &first, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    assert_int_equal(table.count, 1);
    expect(&table, 0, "main.b  x.go:8", 50, NAN, NAN);
    live_table_free(&table);
    top = (struct top_options){.by = FRAME_BY_LABEL, .lines = 10, .group_by = "tenant"};
    assert_int_equal(live_table_make(&own, &top, &first, &before, &now, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    expect(&table, 0, "acme", 900, 300, 50);
    live_table_free(&table);
    top = (struct top_options){.type = "alloc_space", .lines = 10}; // no gauge: its own rate
    assert_int_equal(live_table_make(&own, &top, &first, &before, &now, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    expect(&table, 0, "main.a  x.go", 2500, NAN, 50);
    live_table_free(&table);
    top.type = "miles";
    assert_int_equal(live_table_make(&own, &top, &first, &before, &now, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_FAILED);
    assert_string_equal(text, "the profile has no such sample type");
    assert_true(live_table_next_key(&own, &now, NULL, text, sizeof text) && strcmp(text, "tenant") == 0);
    assert_true(live_table_next_key(&own, &now, "tenant", text, sizeof text) && strcmp(text, "tenant") == 0); // there is one
    free(first.input.bytes);
    free(before.input.bytes);
    free(now.input.bytes);
}

TEST(a_profile_with_a_duration_has_its_own_rate) {
    struct options own = {.limits = merge_default_limits};
    struct top_options top = {.by = FRAME_BY_FUNCTION, .lines = 10};
    struct live_sample first = delta_of(100, 600, 1000), now = delta_of(160, 900, 1000), less = delta_of(170, -300, 500);
    struct live_table table;
    char text[100];
    assert_int_equal(live_table_make(&own, &top, &first, &first, &first, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    assert_true(table.rate_per_second == 100 && isnan(table.growth_per_minute));
    expect(&table, 0, "main.a  x.go", 600, NAN, 100); // known at once
    live_table_free(&table);
    assert_int_equal(live_table_make(&own, &top, &first, &first, &now, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    assert_true(table.rate_per_second == 100);
    expect(&table, 0, "main.a  x.go", 900, 300, 100); // what is in use is of the moment
    live_table_free(&table);
    assert_int_equal(live_table_make(&own, &top, &first, &now, &less, LIVE_BY_VALUE, &table, text, sizeof text), STATUS_DONE);
    assert_true(table.rate_per_second == 50);
    expect(&table, 0, "main.a  x.go", -300, NAN, 50); // a difference, which has no growth
    live_table_free(&table);
    free(first.input.bytes);
    free(now.input.bytes);
    free(less.input.bytes);
}

TEST(no_profile) {
    struct options own = {.limits = merge_default_limits};
    struct live_sample sample = {.input = {(uint8_t *)"no profile", 10}};
    char text[100];
    assert_false(live_sample_check(&own, &sample, 5, text, sizeof text));
    assert_non_null(strstr(text, "not a profile: "));
}

int main(void) {
    return tests_run();
}
