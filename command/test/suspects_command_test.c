// suspects_command_test.c: `cmemprof suspects`: the table of an answer, what is not known, answers that are none, and usage.

#include "../../base/test/test.h"

#include "../../base/clock.h"
#include "../../client/test/loopback_server.h"
#include "../commands.h"
#include "fixture.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

// Runs the command on the page of a server that answers so.
static int suspects(const char *option, const char *answer) {
    char url[100];
    struct server *server = server_start(SERVER_ANSWERS, answer, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server->port);
    int status = option ? FIXTURE_RUN(suspects_command, "suspects", option, url) : FIXTURE_RUN(suspects_command, "suspects", url);
    server_stop(server);
    return status;
}

TEST_IN(directory, table) {
    setenv("TZ", "UTC", 1);
    char answer[2000]; // two minutes old
    snprintf(
        answer, sizeof answer,
        HEAD
        "{\"from_ms\":1767302100000,\"made_ms\":1767323700000,\"by_measures_alone\":false,\"services\":2,\"processes\":3,"
        "\"suspects\":[{\"service\":\"shop & co\",\"host\":\"db-1\",\"kind\":\"c_leak\",\"severity\":\"high\",\"site\":\"main.report\","
        "\"slope_bytes_per_minute\":3000000,\"kept_bytes\":51000000,\"limit_seconds\":5550,\"limit_from_ms\":%.0f,\"since_ms\":"
        "1767322800000,"
        "\"version\":\"1.1\",\"version_brought_it\":true,\"others\":2,\"uploads\":[3,14]},"
        "{\"service\":\"\",\"kind\":\"cpu_in_c\\u001b[31m\",\"severity\":\"\\u001b[31m\",\"site\":null,\"slope_bytes_per_minute\":null,"
        "\"kept_bytes\":null,\"limit_seconds\":null,\"since_ms\":null,\"version\":null,\"others\":0}]}",
        (double)clock_ns(CLOCK_REALTIME) / 1e6 - 120000);
    assert_int_equal(suspects(NULL, answer), 0);
    assert_string_equal(fixture_error, "");
    assert_non_null(strstr(fixture_out,
                           "high      +3.00 MB/min    51.0 MB  in 1 h 30 min  Jan 02 03:00  shop & co (+2): c leak in main.report, "
                           "brought by version 1.1\n"));
    assert_non_null(strstr(fixture_out, "/profile?service=shop%20%26%20co&from=1767302100000&to=1767323700001&tab=analysis\n"));
    assert_non_null(strstr(fixture_out, "-          -              -  -             (no service): cpu in c"));
    assert_null(strchr(fixture_out, '\033'));
}

TEST_IN(directory, nothing_and_figures_alone) {
    assert_int_equal(suspects(NULL, HEAD "{\"by_measures_alone\":true,\"services\":2,\"processes\":3,\"suspects\":[]}"), 0);
    assert_string_equal(fixture_out, "No suspects among 2 services with 3 processes.\n"
                                     "By figures alone: the receiver has not looked at stacks yet, and does so now.\n");
}

// The limit is of the newest upload: what has passed since then is taken off, and said.
TEST_IN(directory, old_limit) {
    setenv("TZ", "UTC", 1);
    assert_int_equal(suspects(NULL, HEAD "{\"made_ms\":1767323700000,\"suspects\":[{\"service\":\"shop\",\"kind\":\"memory_limit\","
                                         "\"limit_seconds\":5400,\"limit_from_ms\":1767322800000}]}"),
                     0);
    assert_non_null(strstr(fixture_out, "       reached  "));
    assert_non_null(strstr(fixture_out, "shop: memory limit, limit as of Jan 02 03:00\n"));
}

// An all-clear says what it is not of.
TEST_IN(directory, gaps) {
    assert_int_equal(suspects(NULL, HEAD "{\"services\":2,\"processes\":30,\"uploads_left_out\":5,\"processes_not_examined\":3,"
                                         "\"processes_by_totals\":4,\"findings_left_out\":0,\"analysis_failed\":true,\"suspects\":[]}"),
                     0);
    assert_string_equal(fixture_out, "No suspects among 2 services with 30 processes.\n"
                                     "Not looked at: 3 processes, without memory, CPU time or goroutines in any upload, or just arrived.\n"
                                     "Not looked at: 4 processes' stacks, their totals alone.\n"
                                     "Not looked at: 5 uploads, the older ones.\n"
                                     "The last analysis of the receiver has failed: what is here is older, or of figures alone.\n");
}

TEST_IN(directory, json) {
    assert_int_equal(suspects("--json", HEAD "{\"suspects\":[]}"), 0);
    assert_string_equal(fixture_out, "{\"suspects\":[]}\n");
}

TEST_IN(directory, no_receiver) {
    assert_int_equal(suspects(NULL, HEAD "<html>"), 1);
    assert_non_null(strstr(fixture_error, "the answer is not that of a receiver"));
    assert_int_equal(suspects(NULL, HEAD "{\"suspects\":[{\"service\":"), 1);
    assert_int_equal(suspects(NULL, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 11\r\n\r\nwrong token"), 1);
    assert_non_null(strstr(fixture_error, "wrong token"));
}

TEST_IN(directory, usage) {
    assert_int_equal(FIXTURE_RUN(suspects_command, "suspects"), 2);
    assert_non_null(strstr(fixture_error, "which receiver? Give its URL"));
    assert_int_equal(FIXTURE_RUN(suspects_command, "suspects", "heap.pprof"), 2);
    assert_non_null(strstr(fixture_error, "heap.pprof is not a URL"));
    assert_int_equal(FIXTURE_RUN(suspects_command, "suspects", "http://a", "http://b"), 2);
    assert_int_equal(FIXTURE_RUN(suspects_command, "suspects", "--no-such"), 2);
    assert_int_equal(FIXTURE_RUN(suspects_command, "suspects", "--help"), 0);
    assert_int_equal(strncmp(fixture_out, "usage: cmemprof suspects ", 25), 0);
}

int main(void) {
    return tests_run();
}
