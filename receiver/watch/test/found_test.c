// found_test.c: findings become series, each once, and not more than there may be.

#include "../../../base/test/test.h"

#include "../found.h"

#include <math.h>

static struct finding *add(struct findings *findings, const char *kind, const char *service, const char *site, double slope) {
    findings->service = service;
    struct finding *finding = findings_add(findings, kind, MEASURE_COUNT, SEVERITY_HIGH, 1);
    snprintf(finding->site, sizeof finding->site, "%s", site);
    finding->slope_bytes_per_minute = slope;
    return finding;
}

static char *written(const struct found *found) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    found_write(found, &(struct exposition){.out = out});
    assert_int_equal(fclose(out), 0);
    return text;
}

TEST(series) {
    struct findings findings = {0};
    struct found *found = malloc(sizeof *found);
    add(&findings, "c_leak", "shop", "leak", 60);
    add(&findings, "c_leak", "shop", "leak", 120); // another stack of that site
    add(&findings, "c_leak", "bad\xfe", "leak", 60);
    add(&findings, "c_leak", "bad\xff", "leak", 60); // equal in what is written
    add(&findings, "go_heap_growth", "shop", "grow", 600);
    add(&findings, "lock_contention", "shop", "lock", NAN);
    found_take(found, &findings);
    char *text = written(found);
    static const char *const lines[] = {"\ncmemprof_leak_bytes_per_second{service=\"shop\",site=\"leak\"} 3\n",
                                        "\ncmemprof_leak_bytes_per_second{service=\"bad\xef\xbf\xbd\",site=\"leak\"} 2\n",
                                        "\ncmemprof_growth_bytes_per_second{service=\"shop\",site=\"grow\",kind=\"go_heap_growth\"} 10\n",
                                        "\ncmemprof_findings{service=\"shop\",kind=\"c_leak\",severity=\"high\"} 2\n",
                                        "\ncmemprof_findings{service=\"shop\",kind=\"lock_contention\",severity=\"high\"} 1\n",
                                        "\ncmemprof_findings_left_out 0\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!strstr(text, lines[i])) {
            fail_msg("%s is not in %s", lines[i], text);
        }
    }
    assert_null(strstr(text, "\"lock\""));
    free(text);
    free(found);
    findings_free(&findings);
}

TEST(bounded) {
    struct findings findings = {0};
    struct found *found = malloc(sizeof *found);
    for (int i = 0; i < FOUND_MAX_SERIES + 50; i++) {
        char site[40];
        snprintf(site, sizeof site, "site%d", i);
        add(&findings, "c_leak", "shop", site, 60);
    }
    findings.left_out = 7;
    found_take(found, &findings);
    assert_int_equal(found->rate_count, FOUND_MAX_SERIES);
    assert_int_equal(found->count, 1);
    assert_int_equal(found->left_out, 57);
    assert_string_equal(found->rates[0].site, "site0"); // the worst come first
    free(found);
    findings_free(&findings);
}

int main(void) {
    return tests_run();
}
