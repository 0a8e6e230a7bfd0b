// json_query_test.c: values by path, of the right type alone, and documents that a statement makes.

#include "../../../base/test/test.h"

#include "query_fixture.h"

static const char document[] =
    "{\"a\": \"t\\\"\\u00e9\", \"n\": 7, \"r\": 1.5, \"b\": true, \"z\": null, \"o\": {\"l\": [1, {\"x\": \"y\"}]}}";

static void expect(char *text, const char *expected) {
    if (expected) {
        assert_non_null(text);
        assert_string_equal(text, expected);
    } else {
        assert_null(text);
    }
    free(text);
}

TEST_IN(query, values) {
    expect(json_query_text(query, document, "$.a"), "t\"\xc3\xa9");
    expect(json_query_text(query, document, "$.n"), NULL);
    expect(json_query_text(query, document, "$.none"), NULL);
    expect(json_query_text(query, document, "$.o.l[1].x"), "y");
    expect(json_query_quoted(query, document, "$.a"), "\"t\\\"\xc3\xa9\"");
    expect(json_query_quoted(query, document, "$.n"), "7");
    expect(json_query_quoted(query, document, "$.r"), "1.5");
    expect(json_query_quoted(query, document, "$.o"), NULL);
    expect(json_query_quoted(query, document, "$.z"), NULL);
    assert_int_equal(json_query_integer(query, document, "$.n", -1), 7);
    assert_int_equal(json_query_integer(query, document, "$.r", -1), -1);
    assert_int_equal(json_query_integer(query, document, "$.a", -1), -1);
}

TEST_IN(query, types) {
    static const char *const cases[][2] = {{"$.a", "text"}, {"$.n", "integer"}, {"$.r", "real"},    {"$.b", "true"},
                                           {"$.z", "null"}, {"$.o", "object"},  {"$.o.l", "array"}, {"$.none", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(json_query_type(query, document, cases[i][0]), cases[i][1]);
    }
}

TEST_IN(query, no_json) {
    static const char *const none[] = {"", "{", "nonsense", "{\"a\":}", "[1,]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(json_query_is_valid(query, none[i]));
        expect(json_query_text(query, none[i], "$.a"), NULL);
        assert_string_equal(json_query_type(query, none[i], "$.a"), "");
        expect(json_query_make(query, "SELECT json_extract(?1, '$.a')", none[i], 0), NULL);
    }
    assert_true(json_query_is_valid(query, document));
}

TEST_IN(query, made) {
    expect(json_query_make(query, "SELECT json_group_array(value) FROM (SELECT value FROM json_each(?1) LIMIT ?2)", "[3, 4, 5]", 2),
           "[3,4]");
    expect(json_query_make(query, "SELECT 1 WHERE 0", "[]", 0), NULL);
    expect(json_query_make(query, "no statement", "[]", 0), NULL);
}

static void take(void *context, const char *text) {
    char *all = context, *again = json_query_text(query, document, "$.a"); // a row may ask as well
    assert_non_null(again);
    free(again);
    strcat(strcat(all, text), ";");
}

TEST_IN(query, each) {
    char all[100] = "";
    json_query_each(query, "SELECT value FROM json_each(?1)", "[3, null, {\"a\": [4]}]", take, all);
    assert_string_equal(all, "3;{\"a\":[4]};");
    json_query_each(query, "SELECT value FROM json_each(?1)", "[]", take, all);
    json_query_each(query, "no statement", "[1]", take, all);
    assert_string_equal(all, "3;{\"a\":[4]};");
}

int main(void) {
    return tests_run();
}
