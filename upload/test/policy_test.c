// policy_test.c: the verdict of each result, the bounds of pauses, and log texts.

#include "../../base/test/test.h"

#include "../policy.h"

static enum upload_verdict of(enum upload_error error, long status, uint64_t retry_after_ms) {
    const struct upload_result result = {.error = error, .status = status, .retry_after_ms = retry_after_ms};
    return upload_policy_verdict(&result);
}

TEST(verdicts) {
    static const struct {
        enum upload_error error;
        long status;
        uint64_t retry_after_ms;
        enum upload_verdict verdict;
    } table[] = {
        {UPLOAD_OK, 200, 0, UPLOAD_VERDICT_SENT},
        {UPLOAD_REJECTED, 200, 0, UPLOAD_VERDICT_FINAL},
        {UPLOAD_CANCELLED, 0, 0, UPLOAD_VERDICT_BROKEN_OFF},
        {UPLOAD_UNREACHABLE, 0, 0, UPLOAD_VERDICT_AWAY},
        {UPLOAD_TLS, 0, 0, UPLOAD_VERDICT_AWAY},
        {UPLOAD_NO_MEMORY, 0, 0, UPLOAD_VERDICT_AWAY},
        {UPLOAD_TIMEOUT, 0, 0, UPLOAD_VERDICT_FAILED_AT},
        {UPLOAD_INTERRUPTED, 0, 0, UPLOAD_VERDICT_FAILED_AT},
        {UPLOAD_BAD_URL, 0, 0, UPLOAD_VERDICT_FINAL},
        {UPLOAD_BAD_REQUEST, 0, 0, UPLOAD_VERDICT_FINAL},
        {UPLOAD_FORKED, 0, 0, UPLOAD_VERDICT_FINAL},
        {UPLOAD_REJECTED, 307, 0, UPLOAD_VERDICT_AWAY},
        {UPLOAD_REJECTED, 400, 0, UPLOAD_VERDICT_FINAL},
        {UPLOAD_REJECTED, 401, 0, UPLOAD_VERDICT_NOT_HERE},
        {UPLOAD_REJECTED, 403, 0, UPLOAD_VERDICT_NOT_HERE},
        {UPLOAD_REJECTED, 404, 0, UPLOAD_VERDICT_NOT_HERE},
        {UPLOAD_REJECTED, 405, 0, UPLOAD_VERDICT_NOT_HERE},
        {UPLOAD_REJECTED, 407, 0, UPLOAD_VERDICT_NOT_HERE},
        {UPLOAD_REJECTED, 408, 0, UPLOAD_VERDICT_FAILED_AT},
        {UPLOAD_REJECTED, 413, 5000, UPLOAD_VERDICT_FINAL},
        {UPLOAD_REJECTED, 429, 0, UPLOAD_VERDICT_AWAY},
        {UPLOAD_REJECTED, 429, 5000, UPLOAD_VERDICT_AWAY},
        {UPLOAD_REJECTED, 500, 0, UPLOAD_VERDICT_FAILED_AT},
        {UPLOAD_REJECTED, 503, 0, UPLOAD_VERDICT_FAILED_AT},
        {UPLOAD_REJECTED, 503, 5000, UPLOAD_VERDICT_AWAY},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(of(table[i].error, table[i].status, table[i].retry_after_ms), table[i].verdict);
    }
}

static const uint64_t ms = 1000 * 1000, s = 1000 * 1000 * 1000;

static void check_pause(uint64_t period_ns, unsigned failures, uint64_t longest_ns) {
    assert_int_equal(upload_policy_pause_ns(period_ns, failures, 0), longest_ns);
    assert_int_equal(upload_policy_pause_ns(period_ns, failures, longest_ns / 2), longest_ns - longest_ns / 2);
    for (uint64_t random = 1; random != 0; random <<= 1) {
        uint64_t pause = upload_policy_pause_ns(period_ns, failures, random);
        assert_true(pause <= longest_ns && pause >= longest_ns / 2);
    }
}

TEST(pauses_double_up_to_half_a_period) {
    static const unsigned minute[] = {1, 2, 4, 8, 16, 30, 30};
    for (unsigned i = 0; i < sizeof minute / sizeof *minute; i++) {
        check_pause(60 * s, i + 1, minute[i] * s);
    }
    check_pause(60 * s, UINT32_MAX, 30 * s);
    check_pause(3600 * s, 50, 30 * s);
    check_pause(160 * ms, 1, 10 * ms);
    check_pause(160 * ms, 9, 80 * ms);
    check_pause(1, 1, ms);
    check_pause(1, 9, ms);
    assert_int_equal(upload_policy_last_pause_ns(1, 0), 100 * ms);
    assert_int_equal(upload_policy_last_pause_ns(9, 0), 400 * ms);
}

TEST(words_for_the_log) {
    char text[300];
    struct upload_result result = {.error = UPLOAD_REJECTED, .status = 404, .text = "Not Found"};
    upload_result_describe(&result, false, text, sizeof text);
    assert_string_equal(text, "rejected by the server with status 404: Not Found");
    upload_result_describe(&result, true, text, sizeof text);
    assert_non_null(strstr(text, "since version 7.20 or 6.20; this one is older"));
    result = (struct upload_result){.error = UPLOAD_TIMEOUT};
    upload_result_describe(&result, true, text, sizeof text);
    assert_string_equal(text, "time-out");
}

int main(void) {
    return tests_run();
}
