// retry_after_test.c: both forms of Retry-After, and invalid ones.

#include "../../base/test/test.h"

#include "../upload.h"

TEST(seconds) {
    assert_int_equal(upload_retry_after_ms("7", NULL, 0), 7000);
    assert_int_equal(upload_retry_after_ms(" 7 \r\n", NULL, 0), 7000);
    assert_int_equal(upload_retry_after_ms("0", NULL, 0), 0);
    assert_int_equal(upload_retry_after_ms("99999999999999999999", NULL, 0), 3600 * 1000); // not for ever
}

TEST(dates) {
    const char *date = "Sun, 06 Nov 1994 08:49:37 GMT"; // 784111777
    assert_int_equal(upload_retry_after_ms(date, NULL, 784111777 - 30), 30000);
    assert_int_equal(upload_retry_after_ms(date, NULL, 784111777 + 30), 0);
    assert_int_equal(upload_retry_after_ms(date, NULL, 0), 3600 * 1000);
    // The local clock is years off; the server's Date counts.
    assert_int_equal(upload_retry_after_ms(date, "Sun, 06 Nov 1994 08:49:27 GMT", 1800000000), 10000);
    assert_int_equal(upload_retry_after_ms(date, "nonsense", 784111777 - 30), 30000);
}

TEST(nonsense) {
    static const char *const texts[] = {"",
                                        "-1",
                                        "7 s",
                                        "1.5",
                                        "soon",
                                        "Sun, 06 Nov 1994",
                                        "Sun, 06 Xyz 1994 08:49:37 GMT",
                                        "Sun, 06 anF 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 08:49:37 CET",
                                        "\x80\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(upload_retry_after_ms(texts[i], NULL, 784111777 - 30), 0);
    }
    assert_int_equal(upload_retry_after_ms(NULL, NULL, 0), 0);
}

int main(void) {
    return tests_run();
}
