// query_text_test.c: the text of a search, against a table of tags and values.

#include "../../../base/test/test.h"

#include "../query_text.h"

// Whether an upload with this one tag is found.
static bool finds(const char *text, const char *tag) {
    struct query_text query;
    assert_int_equal(query_text_parse(text, &query), QUERY_TEXT_OK);
    bool all = true;
    for (size_t i = 0; i < query.count; i++) {
        all &= query_term_is_tag(&query.terms[i], tag) != query.terms[i].excludes;
    }
    query_text_free(&query);
    return all;
}

TEST(tags) {
    static const struct {
        const char *text, *tag;
        bool found;
    } cases[] = {
        {"", "a:b", true},
        {"   ", "a:b", true},
        {"shop", "service:Shop-eu", true},
        {"SHOP", "service:shop", true},
        {"shop", "service:sho", false},
        {"vice:", "service:shop", false}, // a key matches as a whole
        {"service:", "service:shop", true},
        {"service:", "service", false},
        {"service:shop", "service:shop", true},
        {"service:shop", "service:shop-eu", false},
        {"service:shop*", "service:shop-eu", true},
        {"service:*eu", "service:shop-eu", true},
        {"service:s*p", "service:shop", true},
        {"service:s*p", "service:shops", false},
        {"s*p", "service:shops", true},
        {"service:*", "service:", true},
        {"serv*:shop", "service:shop", true},
        {"shop eu", "service:shop-eu", true},
        {"shop us", "service:shop-eu", false},
        {"-shop", "service:shop", false},
        {"-shop", "service:web", true},
        {"-service:shop web", "service:web", true},
        {"-", "a:-b", true}, // the character
        {"-", "a:b", false},
        {"\"a b\"", "note:x a b", true},
        {"\"a b\"", "note:x ab", false},
        {"a b", "note:b a", true},
        {"\"http://x\"", "url:http://x/y", true},
        {"url:\"http://x/y\"", "url:http://x/y", true},
        {"url:\"a*\"", "url:a*", true},
        {"url:\"a*\"", "url:ab", false},
        {"-url:\"a b\"", "url:a b", false},
        {"\"open", "a:open", true},
        {"a:b:c", "a:b:c", true},
        {"a:b", "a:b:c", false},
        {"***", "a:b", true},
        {"*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (finds(cases[i].text, cases[i].tag) != cases[i].found) {
            fail_msg("[%s] and %s: not %d", cases[i].text, cases[i].tag, cases[i].found);
        }
    }
}

TEST(values) {
    struct query_text query;
    assert_int_equal(query_text_parse("language:go Go language:", &query), QUERY_TEXT_OK);
    assert_int_equal(query.count, 3);
    assert_true(query_term_is_value(&query.terms[0], "language", "Go"));
    assert_false(query_term_is_value(&query.terms[0], "runtime", "go"));
    assert_false(query_term_is_value(&query.terms[0], "language", "golang"));
    assert_true(query_term_is_value(&query.terms[1], "runtime", "golang"));
    assert_true(query_term_is_value(&query.terms[2], "language", "python"));
    query_text_free(&query);
}

TEST(limit) {
    struct query_text query;
    assert_int_equal(query_text_parse("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 ", &query), QUERY_TEXT_OK);
    assert_int_equal(query.count, 16);
    query_text_free(&query);
    assert_int_equal(query_text_parse("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", &query), QUERY_TEXT_TOO_MANY);
    assert_int_equal(query.count, 0);
}

int main(void) {
    return tests_run();
}
