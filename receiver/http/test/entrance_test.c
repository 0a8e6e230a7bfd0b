// entrance_test.c: an entrance listens and knows its tokens; one that cannot be opened says why.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../entrance.h"

static enum receiver_error try(struct receiver_options options, char *text, size_t size) {
    struct entrance entrance = {0};
    enum receiver_error error = entrance_open(&entrance, &options, text, size);
    if (error == RECEIVER_OK) {
        close(http_connect(entrance.listener.port));
        assert_int_equal(entrance.access.port, entrance.listener.port);
        entrance_close(&entrance);
    }
    return error;
}

TEST(tokens) {
    char text[256];
    const char *local = "127.0.0.1:0", *all = "0.0.0.0:0", *token = "sixteen--letters";
    assert_int_equal(try((struct receiver_options){.listen = local}, text, sizeof text), RECEIVER_OK);
    assert_int_equal(
        try((struct receiver_options){.listen = local,
                                      .tokens = (const struct receiver_token[]){{"eight--8", RECEIVER_ALL}, {token, RECEIVER_UPLOADS}},
                                      .token_count = 2},
            text, sizeof text),
        RECEIVER_OK);
    assert_int_equal(
        try((struct receiver_options){.listen = all, .tokens = (const struct receiver_token[]){{token, RECEIVER_READS}}, .token_count = 1},
            text, sizeof text),
        RECEIVER_OK);
    assert_int_equal(try((struct receiver_options){.listen = all}, text, sizeof text), RECEIVER_NOT_LOOPBACK);
    assert_int_equal(try((struct receiver_options){.listen = all,
                                                   .tokens = (const struct receiver_token[]){{"eight--8", RECEIVER_ALL}},
                                                   .token_count = 1},
                         text, sizeof text),
                     RECEIVER_BAD_TOKEN);
    assert_non_null(strstr(text, "at least 16 characters"));
    assert_int_equal(try((struct receiver_options){.listen = local,
                                                   .tokens = (const struct receiver_token[]){{"short", RECEIVER_ALL}},
                                                   .token_count = 1},
                         text, sizeof text),
                     RECEIVER_BAD_TOKEN);
    assert_int_equal(try((struct receiver_options){.listen = local,
                                                   .tokens = (const struct receiver_token[]){{token, RECEIVER_UPLOADS}},
                                                   .token_count = 1},
                         text, sizeof text),
                     RECEIVER_BAD_TOKEN);
    assert_non_null(strstr(text, "another token for reading"));
    assert_int_equal(try((struct receiver_options){.listen = "nowhere"}, text, sizeof text), RECEIVER_BAD_ADDRESS);
}

TEST(certificates) {
    char text[256];
    const char *local = "127.0.0.1:0", *unix_socket = "unix:/nowhere/socket", *file = "/dev/null";
    assert_int_equal(try((struct receiver_options){.listen = local, .tls_certificate = file}, text, sizeof text), RECEIVER_BAD_CERTIFICATE);
    assert_non_null(strstr(text, "/dev/null: TLS needs a certificate and its key"));
    assert_int_equal(try((struct receiver_options){.listen = local, .tls_key = file}, text, sizeof text), RECEIVER_BAD_CERTIFICATE);
    struct receiver_options options = {.listen = unix_socket, .tls_certificate = file, .tls_key = file};
    assert_int_equal(try(options, text, sizeof text), RECEIVER_BAD_CERTIFICATE);
    assert_non_null(strstr(text, "there is no TLS on a Unix socket"));
    options.listen = local;
    assert_int_equal(try(options, text, sizeof text), RECEIVER_BAD_CERTIFICATE);
    assert_non_null(strstr(text, "/dev/null: "));
}

TEST(addresses_have_the_base_path) {
    struct entrance entrance = {0};
    char text[256], expected[100];
    struct receiver_options options = {.listen = "127.0.0.1:0", .base_path = "/tools/profiles/"};
    assert_int_equal(entrance_open(&entrance, &options, text, sizeof text), RECEIVER_OK);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u/tools/profiles/", entrance.listener.port);
    assert_string_equal(entrance.listener.url, expected);
    assert_string_equal(entrance.access.base_path, "/tools/profiles");
    entrance_close(&entrance);
    options.base_path = "profiles";
    assert_int_equal(try(options, text, sizeof text), RECEIVER_BAD_ADDRESS);
    assert_non_null(strstr(text, "profiles: a base path begins with a slash"));
}

int main(void) {
    return tests_run();
}
