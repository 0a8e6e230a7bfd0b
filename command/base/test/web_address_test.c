// web_address_test.c: which words are URLs, and that their secrets are hidden.

#include "../../../base/test/test.h"

#include "../web_address.h"

TEST(passwords_and_tokens_are_not_shown) {
    static const char *const cases[][2] = {
        {"http://localhost:8126", "http://localhost:8126"},
        {"http://h:8126/t/secret-1", "http://h:8126/t/xxxxx"},
        {"http://h:8126/t/secret-1/", "http://h:8126/t/xxxxx/"},
        {"https://h/t/secret-1/profiling/v1/input?a=b", "https://h/t/xxxxx/profiling/v1/input?a=b"},
        {"http://h/proxy/t/secret-1", "http://h/proxy/t/xxxxx"},
        {"http://user:pass:w@rd@h:1/t/secret-1", "http://user:xxxxx@h:1/t/xxxxx"},
        {"http://token@h:1/", "http://xxxxx@h:1/"},
        {"http://h:1/a@b", "http://h:1/a@b"},
        {"http://t/path", "http://t/path"},
        {"http://h/t/", "http://h/t/"},
        {"http://h/x?token=secret-1", "http://h/x?token=xxxxx"},
        {"http://h/x?a=b&token=s&c=d&api_key=secret-2#f", "http://h/x?a=b&token=xxxxx&c=d&api_key=xxxxx#f"},
        {"http://user:pass@h/t/secret-1?Access_Token=a/t/b?c;d=e", "http://user:xxxxx@h/t/xxxxx?Access_Token=xxxxx"},
        {"http://h?a;X-Amz-Signature=s", "http://h?a;X-Amz-Signature=xxxxx"},
        {"http://h/x?sig=s&auth=s&pwd=s&auth_code=s&passwd=s&jwt=s&Credentials=s",
         "http://h/x?sig=xxxxx&auth=xxxxx&pwd=xxxxx&auth_code=xxxxx&passwd=xxxxx&jwt=xxxxx&Credentials=xxxxx"},
        {"http://h/x?design=a&author=b&encode=c&signal=d", "http://h/x?design=a&author=b&encode=c&signal=d"},
        {"http://h/#access_token=s&x=y", "http://h/#access_token=xxxxx&x=y"},
        {"http://h/token=x?token=&token&toke=n&a=token=", "http://h/token=x?token=&token&toke=n&a=token="},
        {"unix:///run/socket", "unix:///run/socket"},
        {"htp://h/t/secret-1", "htp://h/t/xxxxx"},
        {"h:8126/t/secret-1", "h:8126/t/xxxxx"},
        {"", ""},
    };
    char shown[WEB_ADDRESS_SHOWN_BYTES], longest[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(web_address_shown(cases[i][0], shown), cases[i][1]);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(web_address_shown(longest, shown)), sizeof shown - 1);
    for (size_t at = sizeof shown - 20; at < sizeof shown + 5; at++) { // cut anywhere in it
        memset(longest, 'x', sizeof longest - 1);
        memcpy(longest + at, "?token=S&key=S", 14);
        assert_true(strlen(web_address_shown(longest, shown)) < sizeof shown);
        assert_null(strchr(shown, 'S'));
    }
}

TEST(stripped) {
    static const char *const cases[][2] = {
        {"http://h:8126", NULL},
        {"http://h:8126/proxy/t/", NULL},
        {"http://h:8126/a@b", NULL},
        {"http://h:8126/t/secret-1", "http://h:8126"},
        {"https://h/proxy/t/secret-1/x", "https://h/proxy/x"},
        {"http://user:pass:w@rd@h:1/t/secret-1", "http://h:1"},
        {"http://token@h:1", "http://h:1"},
        {"http://h:1/x?a=b", NULL},
        {"http://h:1/x?token=s", "http://h:1/x"},
        {"http://h:1/x?token=s&a=b&api_key=t", "http://h:1/x?a=b"},
        {"http://h:1/x?a=b&token=s&key=t#f", "http://h:1/x?a=b#f"},
    };
    char plain[100];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(web_address_strip(cases[i][0], plain, sizeof plain), !!cases[i][1]);
        assert_string_equal(plain, cases[i][1] ? cases[i][1] : cases[i][0]);
    }
    assert_true(web_address_strip("http://token@host", plain, 10));
    assert_string_equal(plain, "http://ho");
}

TEST(which_words_are_urls) {
    assert_true(web_address_is("http://h/x"));
    assert_true(web_address_is("https://h/x"));
    assert_false(web_address_is("http:/h"));
    assert_false(web_address_is("httpd.pprof"));
    assert_false(web_address_is("dir/http://h"));
    assert_false(web_address_is(""));
}

TEST(queries) {
    char query[32] = "";
    assert_true(web_address_add(query, sizeof query, "a", "b c&d=\xc3\xbc"));
    assert_string_equal(query, "a=b%20c%26d%3D%C3%BC");
    assert_true(web_address_add(query, sizeof query, "e", ""));
    assert_string_equal(query, "a=b%20c%26d%3D%C3%BC&e=");
    assert_false(web_address_add(query, sizeof query, "f", "0123456789"));
    assert_string_equal(query, "");
    for (size_t size = 8; size < sizeof query; size++) {
        query[0] = '\0';
        memset(query + 1, '~', sizeof query - 1);
        web_address_add(query, size, "name", "value&value");
        assert_true(strlen(query) < size);
        assert_int_equal(query[size], '~');
    }
}

TEST(files) {
    char url[64];
    assert_true(web_address_of_file(url, sizeof url, "/tmp/a b/%?#\xc3\xbc.html"));
    assert_string_equal(url, "file:///tmp/a%20b/%25%3F%23%C3%BC.html");
    for (size_t size = 1; size < sizeof url; size++) {
        memset(url, '~', sizeof url);
        bool fits = web_address_of_file(url, size, "/tmp/x y");
        assert_string_equal(url, fits ? "file:///tmp/x%20y" : "");
        assert_true(strlen(url) < size);
        assert_int_equal(url[size], '~');
    }
    assert_false(web_address_of_file(url, 10, "/tmp/x y"));
    assert_string_equal(url, "");
}

int main(void) {
    return tests_run();
}
