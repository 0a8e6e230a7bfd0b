// json_scan_test.c: values, keys, texts and faults of JSON.

#include "../../base/test/test.h"

#include "../json_scan.h"

static struct json_scan scan_of(const char *text) {
    return json_scan_of(text, strlen(text));
}

TEST(members_and_items_come_in_turn) {
    struct json_scan scan = scan_of(" {\"a\" : [1, -2.5e1 , 3],\"b\":{},\"c\":[],\"d\":\"x\"} ");
    struct span key, text;
    double number, sum = 0;
    char keys[8] = "";
    assert_true(json_scan_object(&scan));
    while (json_scan_member(&scan, &key)) {
        strncat(keys, key.at, key.size);
        if (*key.at == 'a') {
            assert_true(json_scan_array(&scan));
            while (json_scan_item(&scan)) {
                assert_true(json_scan_number(&scan, &number));
                sum += number;
            }
        } else if (*key.at == 'd') {
            assert_true(json_scan_text(&scan, &text));
            assert_true(span_is(text, "x"));
        } else {
            assert_true(json_scan_skip(&scan));
        }
    }
    assert_null(scan.fault);
    assert_string_equal(keys, "abcd");
    assert_true(sum == -21);
    json_scan_free(&scan);
}

static void expect_text(const char *json, const char *expected) {
    struct json_scan scan = scan_of(json);
    struct span text;
    assert_true(json_scan_text(&scan, &text));
    if (!span_is(text, expected)) {
        fail_msg("%s is %.*s", json, (int)text.size, text.at);
    }
    json_scan_free(&scan);
}

TEST(texts_are_decoded) {
    expect_text("\"\"", "");
    expect_text("\"plain\"", "plain");
    expect_text("\"\\n\\t\\\\\\\"\\/\"", "\n\t\\\"/");
    expect_text("\"a\\u00e4\\u20ac\\ud83d\\ude00\"", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_text("\"\\ud83d!\"", "\xef\xbf\xbd!");
    expect_text("\"\\ud83d\\u0041\"", "\xef\xbf\xbd");
}

static void expect_fault(const char *json, size_t offset, const char *fault) {
    struct json_scan scan = scan_of(json);
    struct span key;
    double number;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        json_scan_peek(&scan) == '"' ? json_scan_skip(&scan) : json_scan_number(&scan, &number);
    }
    if (!scan.fault) {
        fail_msg("no fault: %s", json);
    }
    assert_string_equal(scan.fault, fault);
    assert_int_equal(scan.fault_offset, offset);
    assert_false(json_scan_skip(&scan)); // it sticks
    json_scan_free(&scan);
}

TEST(faults_have_their_byte) {
    expect_fault("", 0, "it ends within a value");
    expect_fault("[", 0, "an object is expected");
    expect_fault("{\"a\":1", 6, "it ends within a value");
    expect_fault("{\"a\" 1}", 5, "a colon is missing");
    expect_fault("{\"a\":1 \"b\":2}", 7, "a comma is missing");
    expect_fault("{\"a\":-}", 5, "a number is expected");
    expect_fault("{\"a\":1.}", 7, "a number ends in a dot");
    expect_fault("{\"a\":1e}", 7, "a number has no exponent");
    expect_fault("{\"a\":\"x", 7, "it ends within a value");
    expect_fault("{\"a\":\"\\x\"}", 8, "a text has an unknown escape");
    expect_fault("{\"a\":\"\\u12g4\"}", 10, "a text has a wrong \\u");
}

TEST(what_is_skipped_may_be_deep) {
    enum { DEEP = 100000 };
    char *json = malloc(2 * DEEP + 3);
    memset(json, '[', DEEP);
    memset(json + DEEP, ']', DEEP);
    strcpy(json + 2 * DEEP, " 7");
    struct json_scan scan = scan_of(json);
    double number;
    assert_true(json_scan_skip(&scan) && json_scan_number(&scan, &number) && number == 7);
    scan = scan_of("[{\"a]\":\"}\"}, 1] true");
    assert_true(json_scan_skip(&scan) && json_scan_skip(&scan) && scan.at == scan.end);
    scan = scan_of("[1");
    assert_false(json_scan_skip(&scan));
    scan = scan_of("nul");
    assert_false(json_scan_skip(&scan));
    free(json);
}

TEST(other_kinds_can_be_passed_over) {
    struct json_scan scan = scan_of("[null, \"a\", 5, [6]]");
    struct span text;
    double number = 1;
    json_scan_array(&scan);
    assert_true(json_scan_item(&scan) && !json_scan_number_or_skip(&scan, &number) && number == 1);
    assert_true(json_scan_item(&scan) && json_scan_text_or_skip(&scan, &text));
    assert_true(json_scan_item(&scan) && json_scan_number_or_skip(&scan, &number) && number == 5);
    assert_true(json_scan_item(&scan) && !json_scan_text_or_skip(&scan, &text));
    assert_false(json_scan_item(&scan));
    assert_null(scan.fault);
}

TEST(large_numbers_keep_their_digits) {
    struct json_scan scan = scan_of("123456789012345 9007199254740993 1e400");
    double number;
    assert_true(json_scan_number(&scan, &number) && number == 123456789012345.0);
    assert_true(json_scan_number(&scan, &number) && number == 9007199254740992.0);
    assert_true(json_scan_number(&scan, &number) && number > 1e300);
}

int main(void) {
    return tests_run();
}
