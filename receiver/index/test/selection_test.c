// selection_test.c: parameters accepted and refused, and times.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../selection.h"

TEST(times) {
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},
                {"1767323045678", 1767323045678},
                {"-5", -5},
                {"2026-01-02T03:04:05Z", 1767323045000},
                {"2026-01-02T03:04:05.6789123Z", 1767323045678},
                {"2026-01-02T03:04:05.6Z", 1767323045600},
                {"2026-01-02T04:04:05+01:00", 1767323045000},
                {"2026-01-02T04:04:05 01:00", 1767323045000},
                {"2026-01-01T22:04:05.5-05:00", 1767323045500},
                {"1970-01-01T00:00:00Z", 0},
                {"9999-12-31T23:59:59.999Z", 253402300799999}};
    static const char *const bad[] = {"",
                                      "x",
                                      "noon",
                                      "12x",
                                      "2026-01-02",
                                      "2026-13-02T03:04:05Z",
                                      "2026-01-02T03:04:05Zx",
                                      "2026-01-02T03:04:05+1",
                                      "253402300800000",
                                      "-62167219200001",
                                      "9223372036854775807",
                                      "99999999999999999999"};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(selection_time(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(selection_time(bad[i], &ms));
    }
}

TEST(parameters) {
    struct selection selection;
    char text[200] = "";
    selection_init(&selection);
    static const char *const good[][2] = {{"from", "5"},    {"to", ""},      {"service", "shop"},  {"service", "cart"},
                                          {"tag", "a:b:c"}, {"q", "SHOP"},   {"ids", "7,9,12,99"}, {"ids", "100"},
                                          {"limit", "x"},   {"type", "cpu"}, {"host", ""},         {"pinned", "1"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(selection_add(&selection, good[i][0], good[i][1], text, sizeof text));
    }
    assert_int_equal(selection.from_ms, 5);
    assert_int_equal(selection.to_ms, INT64_MAX);
    assert_int_equal(selection.value_count, 4);
    assert_int_equal(selection.values[1].facet, FACET_SERVICE);
    assert_string_equal(selection.values[1].text, "cart");
    assert_int_equal(selection.values[2].facet, -1);
    assert_string_equal(selection.text, "SHOP");
    assert_int_equal(selection.id_count, 5);
    assert_int_equal(selection.ids[4], 100);
    assert_true(selection.pinned);
    static const char *const bad[][2] = {{"from", "noon"}, {"to", "x"},    {"tag", "nocolon"}, {"ids", ""},      {"ids", "1,"},
                                         {"ids", "0"},     {"ids", "1;2"}, {"ids", "-1"},      {"pinned", "yes"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text[0] = '\0';
        assert_false(selection_add(&selection, bad[i][0], bad[i][1], text, sizeof text));
        assert_non_null(strstr(text, bad[i][0]));
    }
    selection_free(&selection);
}

TEST(bounds) {
    struct selection selection;
    char text[200] = "", *longest = calloc(1, 2000);
    selection_init(&selection);
    memset(longest, 'x', 1025);
    assert_false(selection_add(&selection, "q", longest, text, sizeof text));
    for (int i = 0; i < SELECTION_MAX_VALUES; i++) {
        assert_true(selection_add(&selection, "host", "h", text, sizeof text));
    }
    assert_false(selection_add(&selection, "host", "h", text, sizeof text));
    for (int i = 0; i < SELECTION_MAX_IDS; i++) {
        assert_true(selection_add(&selection, "ids", "3", text, sizeof text));
    }
    assert_false(selection_add(&selection, "ids", "3", text, sizeof text));
    selection_free(&selection);
    free(longest);
}

int main(void) {
    return tests_run();
}
