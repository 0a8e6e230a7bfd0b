// curl_setup_test.c: which proxy an address gets. What else is set, client_test.c and download_test.c see.

#include "../../base/test/test.h"

#include "../curl_setup.h"

static const char *proxy_of(const char *url) {
    struct upload_address address;
    char reason[128];
    upload_address_check(url, &address, reason, sizeof reason);
    assert_true(address.usable);
    return curl_setup_proxy(&address);
}

TEST(proxies) {
    unsetenv("HTTP_PROXY");
    unsetenv("REQUEST_METHOD");
    assert_null(proxy_of("http://example.com/")); // libcurl's choice
    assert_string_equal(proxy_of("http://localhost:1/"), "");
    assert_string_equal(proxy_of("https://127.1.2.3/"), "");
    setenv("HTTP_PROXY", "http://proxy:3128", 1);
    assert_string_equal(proxy_of("http://example.com/"), "http://proxy:3128");
    assert_string_equal(proxy_of("http://[::1]:1/"), "");
    assert_null(proxy_of("https://example.com/")); // HTTPS_PROXY is libcurl's
    setenv("REQUEST_METHOD", "GET", 1);            // a CGI program: HTTP_PROXY may be a client's header
    assert_null(proxy_of("http://example.com/"));
    unsetenv("HTTP_PROXY");
    unsetenv("REQUEST_METHOD");
}

TEST(safety) {
    assert_true(curl_setup_global());
    assert_true(curl_setup_global());
    CURL *easy = curl_easy_init();
    assert_true(curl_setup_safety(easy, NULL));
    assert_true(curl_setup_safety(easy, ""));
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_URL, "file:///etc/hostname"), CURLE_OK);
    assert_int_equal(curl_easy_perform(easy), CURLE_UNSUPPORTED_PROTOCOL);
    curl_easy_cleanup(easy);
}

int main(void) {
    return tests_run();
}
