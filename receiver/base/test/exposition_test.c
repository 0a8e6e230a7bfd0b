// exposition_test.c: names, types, escapes and numbers in both formats. e2e/receiver has promtool's own reader look at all of it.

#include "../../../base/test/test.h"

#include "../exposition.h"

#include <math.h>

static char *written;

static void expect(bool is_open_metrics, const char *text) {
    size_t size;
    FILE *out = open_memstream(&written, &size);
    struct exposition exposition = {out, is_open_metrics};
    const struct exposition_label labels[] = {{"service", "a\"b\\c\nd"},
                                              {"site", "\xff"
                                                       "e\xc3\xa9"}};
    exposition_family(&exposition, "x_bytes_total", EXPOSITION_COUNTER, "Bytes.");
    exposition_sample(&exposition, "x_bytes_total", labels, 2, 12345678901234);
    exposition_one(&exposition, "x_ratio", EXPOSITION_GAUGE, "A share.", 0.25);
    exposition_one(&exposition, "x_nothing", EXPOSITION_GAUGE, "Unknown.", NAN);
    exposition_family(&exposition, "x_seconds", EXPOSITION_HISTOGRAM, "Times.");
    exposition_sample(&exposition, "x_seconds_bucket", &(struct exposition_label){"le", "+Inf"}, 1, INFINITY);
    exposition_end(&exposition);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, text);
    free(written);
}

#define SAMPLES                                                                                                                            \
    "x_bytes_total{service=\"a\\\"b\\\\c\\nd\",site=\"\xef\xbf\xbd"                                                                        \
    "e\xc3\xa9\"} 12345678901234\n"                                                                                                        \
    "# HELP x_ratio A share.\n# TYPE x_ratio gauge\nx_ratio 0.25\n"                                                                        \
    "# HELP x_nothing Unknown.\n# TYPE x_nothing gauge\nx_nothing NaN\n"                                                                   \
    "# HELP x_seconds Times.\n# TYPE x_seconds histogram\nx_seconds_bucket{le=\"+Inf\"} +Inf\n"

TEST(text_format) {
    expect(false, "# HELP x_bytes_total Bytes.\n# TYPE x_bytes_total counter\n" SAMPLES);
}

TEST(open_metrics) {
    expect(true, "# HELP x_bytes Bytes.\n# TYPE x_bytes counter\n" SAMPLES "# EOF\n");
}

TEST(texts) {
    char text[8];
    exposition_text("caf\xc3\xa9s", text, sizeof text);
    assert_string_equal(text, "caf\xc3\xa9s");
    exposition_text("cafes \xc3\xa9", text, sizeof text); // the last character does not fit
    assert_string_equal(text, "cafes ");
    exposition_text("\xff\xfe", text, sizeof text);
    assert_string_equal(text, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(negotiation) {
    assert_false(exposition_wants_open_metrics(NULL));
    assert_false(exposition_wants_open_metrics("text/html,*/*"));
    assert_false(exposition_wants_open_metrics("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4"));
    assert_true(exposition_wants_open_metrics("application/openmetrics-text"));
    assert_true(exposition_wants_open_metrics("application/openmetrics-text;version=1.0.0,application/"
                                              "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
    assert_non_null(strstr(exposition_content_type(false), "version=0.0.4"));
    assert_non_null(strstr(exposition_content_type(true), "version=1.0.0"));
}

int main(void) {
    return tests_run();
}
