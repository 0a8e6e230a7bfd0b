// reply_test.c: statuses, the name of a download in its header, caching by browsers, compression, the token as a cookie.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../reply.h"
#include "../../test/test_store.h"

#include <libdeflate.h>

TEST(statuses) {
    assert_int_equal(reply_status(RECEIVER_OK), 200);
    assert_int_equal(reply_status(RECEIVER_BAD_UPLOAD), 400);
    assert_int_equal(reply_status(RECEIVER_NOT_FOUND), 404);
    assert_int_equal(reply_status(RECEIVER_TOO_LARGE), 413);
    assert_int_equal(reply_status(RECEIVER_DISK_FULL), 507);
    assert_int_equal(reply_status(RECEIVER_BUSY), 503);
    assert_int_equal(reply_status(RECEIVER_BAD_INDEX), 503);
    assert_int_equal(reply_status(RECEIVER_IO), 503);
    assert_int_equal(reply_status(RECEIVER_NO_MEMORY), 503);
}

// The longest name, each byte of which takes three characters, and one that would end the header's quotes.
TEST_IN(receiver, download_names) {
    struct fixture *fixture = *state;
    struct text body = {0}, name = {0};
    for (int i = 0; i < 100; i++) {
        text_add(&name, "\xc3\xa9");
    }
    char disposition[300];
    snprintf(disposition, sizeof disposition, "name=\"x\"; filename=\"%s\"", name.bytes);
    body_part(&body, disposition, "1");
    body_part(&body, "name=\"y\"; filename=\"a%b;c.pprof\"", "2");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"id\":1");
    struct text path = {0};
    text_add(&path, "/api/uploads/1/attachments/");
    for (int i = 0; i < 100; i++) {
        text_add(&path, "%%C3%%A9");
    }
    struct answer answer = http_get(fixture->port, path.bytes);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"________"));
    assert_non_null(strstr(answer.all.bytes, "%C3%A9\r\n"));
    answer_free(&answer);
    answer = http_get(fixture->port, "/api/uploads/1/attachments/a%25b;c.pprof");
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"a_b;c.pprof\"; filename*=UTF-8''a%25b%3Bc.pprof\r\n"));
    answer_free(&answer);
    free(name.bytes);
    free(path.bytes);
}

// A quote cannot arrive by multipart, but a store may hold it; it must not end the name in the header.
TEST_IN(receiver, quote_in_name) {
    struct fixture *fixture = *state;
    struct store *store;
    struct pending_upload *pending;
    char text[200];
    int64_t id;
    fixture_stop(fixture);
    assert_int_equal(store_open(&(struct store_options){.directory = fixture->directory}, &store, text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_new(store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "a\"b", text, sizeof text), RECEIVER_OK);
    assert_int_equal(keep(pending, "{}", NULL, &id, text), RECEIVER_OK);
    pending_upload_free(pending);
    store_close(store);
    fixture_start(fixture, 0, 0);
    struct answer answer = http_get(fixture->port, "/api/uploads/1/attachments/a%22b");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.all.bytes, "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b\r\n"));
    answer_free(&answer);
}

static void expect_header(const struct answer *answer, const char *header) {
    const char *at = strstr(answer->all.bytes, header);
    if (!at || at > answer->body) {
        fail_msg("no %s in\n%.*s", header, (int)(answer->body - answer->all.bytes), answer->all.bytes);
    }
}

static void expect_no_header(const struct answer *answer, const char *header) {
    const char *at = strstr(answer->all.bytes, header);
    assert_true(!at || at > answer->body);
}

// A browser that has the script by its hash does not ask again; one that asks gets 304.
TEST_IN(receiver, assets_are_kept) {
    struct fixture *fixture = *state;
    const struct asset *script = asset_find("/page.js");
    struct answer answer = http_get(fixture->port, "/page.js");
    expect_header(&answer, "Cache-Control: private, no-cache\r\n");
    expect_header(&answer, "Vary: Accept-Encoding\r\n");
    expect_no_header(&answer, "Content-Encoding");
    assert_int_equal(answer.body_size, script->end - script->bytes);
    char path[80], header[120];
    snprintf(header, sizeof header, "ETag: W/\"%s\"\r\n", script->hash);
    expect_header(&answer, header);
    answer_free(&answer);

    snprintf(path, sizeof path, "/page.js?v=%s", script->hash);
    answer = http_request(fixture->port, "GET", path, "Accept-Encoding: gzip, deflate\r\n");
    expect_header(&answer, "Cache-Control: private, max-age=31536000, immutable\r\n");
    expect_header(&answer, "Content-Encoding: gzip\r\n");
    assert_int_equal(answer.body_size, script->gzip_end - script->gzip);
    answer_free(&answer);
    answer = http_request(fixture->port, "GET", path, "Accept-Encoding: gzip, deflate, br\r\n");
    expect_header(&answer, "Content-Encoding: br\r\n");
    expect_header(&answer, "Vary: Accept-Encoding\r\n");
    assert_int_equal(answer.body_size, script->brotli_end - script->brotli);
    answer_free(&answer);

    answer = http_get(fixture->port, "/page.js?v=another");
    expect_header(&answer, "Cache-Control: private, no-cache\r\n");
    answer_free(&answer);

    snprintf(header, sizeof header, "If-None-Match: \"x\", W/\"%s\"\r\n", script->hash);
    answer = http_request(fixture->port, "GET", "/page.js", header);
    assert_int_equal(answer.status, 304);
    assert_int_equal(answer.body_size, 0);
    answer_free(&answer);

    // What a script of another version asks for is not this one's: two copies of the page's state would run.
    static const char *const parts[] = {"/later.js", "/chunk.js"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *const versions[] = {"0123456789abcdef", "", asset_find(parts[i])->hash};
        for (size_t k = 0; k < sizeof versions / sizeof *versions; k++) {
            bool is_this = versions[k] == asset_find(parts[i])->hash;
            snprintf(path, sizeof path, "%s?v=%s", parts[i], versions[k]);
            answer = http_request(fixture->port, "GET", path, "Accept: text/html, */*\r\n");
            assert_int_equal(answer.status, is_this ? 200 : 404);
            expect_header(&answer, is_this ? "immutable\r\n" : "Cache-Control: no-store\r\n");
            answer_free(&answer);
        }
        answer = http_get(fixture->port, parts[i]);
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
    }

    // The page names the hashes.
    const struct asset *index = asset_find("/");
    snprintf(path, sizeof path, "/page.js?v=%s\"", script->hash);
    assert_non_null(memmem(index->bytes, (size_t)(index->end - index->bytes), path, strlen(path)));
}

TEST_IN(receiver, attachments_are_kept) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_part(&body, "name=\"x\"; filename=\"x.txt\"", "some text");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"id\":1");
    static const char *const paths[] = {"/api/uploads/1/attachments/x.txt", "/api/uploads/1/attachments/x.txt/raw"};
    char tags[2][100];
    for (int i = 0; i < 2; i++) {
        struct answer answer = http_get(fixture->port, paths[i]);
        assert_int_equal(answer.status, 200);
        expect_header(&answer, "Cache-Control: private, no-cache\r\n");
        assert_int_equal(sscanf(strstr(answer.all.bytes, "ETag: "), "ETag: %99[^\r]", tags[i]), 1);
        answer_free(&answer);
        char header[240];
        snprintf(header, sizeof header, "If-None-Match: %s\r\n", tags[i]);
        answer = http_request(fixture->port, "GET", paths[i], header);
        assert_int_equal(answer.status, 304);
        expect_header(&answer, tags[i]);
        answer_free(&answer);
    }
    assert_string_not_equal(tags[0], tags[1]);
    // Of another upload with the same bytes.
    body_part(&body, "name=\"x\"; filename=\"x.txt\"", "some text");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"id\":2");
    char header[240];
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", tags[0]);
    struct answer answer = http_request(fixture->port, "GET", "/api/uploads/2/attachments/x.txt", header);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
}

// The answer changes once, when the upload's measures have been computed.
static struct answer get_measured(uint16_t port) {
    for (int i = 0; i < 3000; i++) {
        struct answer answer = http_get(port, "/api/uploads");
        if (!strstr(answer.body, "\"measures\":null")) {
            return answer;
        }
        answer_free(&answer);
        usleep(10000);
    }
    fail_msg("no measures after 30 s");
    return (struct answer){0};
}

TEST_IN(receiver, json_is_compressed) {
    struct fixture *fixture = *state;
    struct text body = {0};
    for (int i = 0; i < 40; i++) {
        char disposition[100];
        snprintf(disposition, sizeof disposition, "name=\"x%d\"; filename=\"attachment-%d.txt\"", i, i);
        body_part(&body, disposition, "1");
    }
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"id\":1");
    struct answer plain = get_measured(fixture->port), packed;
    expect_no_header(&plain, "Content-Encoding");
    expect_header(&plain, "Vary: Accept-Encoding\r\n");
    packed = http_request(fixture->port, "GET", "/api/uploads", "Accept-Encoding: gzip\r\n");
    expect_header(&packed, "Content-Encoding: gzip\r\n");
    assert_true(packed.body_size < plain.body_size / 3);
    char *inflated = malloc(plain.body_size);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(decompressor, packed.body, packed.body_size, inflated, plain.body_size, NULL),
                     LIBDEFLATE_SUCCESS);
    assert_memory_equal(inflated, plain.body, plain.body_size);
    libdeflate_free_decompressor(decompressor);
    free(inflated);
    answer_free(&plain);
    answer_free(&packed);
}

// A person who mistypes an address gets the page, a program one line; an upload has its own page.
TEST_IN(receiver, pages) {
    struct fixture *fixture = *state;
    static const char html[] = "Accept: text/html,application/xhtml+xml\r\n";
    struct answer answer = http_request(fixture->port, "GET", "/profil", html);
    assert_int_equal(answer.status, 404);
    expect_header(&answer, "Content-Type: text/html; charset=utf-8\r\n");
    expect_header(&answer, "Cache-Control: private, no-cache\r\n");
    assert_non_null(strstr(answer.body, "/page.js?v="));
    answer_free(&answer);
    static const char *const lines[] = {"/api/none", "/api/uploads/9"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        answer = http_request(fixture->port, "GET", lines[i], html);
        assert_int_equal(answer.status, 404);
        expect_header(&answer, "Content-Type: text/plain; charset=utf-8\r\n");
        answer_free(&answer);
    }
    expect_get(fixture->port, "/profil", 404, "no such path");
    expect_get(fixture->port, "/profile/17", 200, "<!doctype html>");
    expect_get(fixture->port, "/profile/", 404, "no such path");
    expect_get(fixture->port, "/profile/x", 404, "no such path");
    expect_get(fixture->port, "/favicon.ico", 200, "<svg");
    answer = http_request(fixture->port, "POST", "/profil", "Accept: text/html\r\nContent-Length: 0\r\n");
    expect_header(&answer, "Content-Type: text/plain; charset=utf-8\r\n");
    answer_free(&answer);
}

TEST_IN(receiver, token_becomes_a_cookie) {
    struct fixture *fixture = *state;
    fixture_restart(fixture, &(struct receiver_options){.listen = "127.0.0.1:0",
                                                        .data_directory = fixture->directory,
                                                        .tokens = (const struct receiver_token[]){{"secret-1", RECEIVER_ALL}},
                                                        .token_count = 1});
    struct answer answer = http_get(fixture->port, "/profile?ids=7&token=secret-1&tag=a%3Ab%26c%0d%0aX:%20y&q=");
    assert_int_equal(answer.status, 303);
    expect_header(&answer, "Location: /profile?ids=7&tag=a:b%26c%0D%0AX:%20y&q=\r\n");
    char cookie[60];
    snprintf(cookie, sizeof cookie, "Set-Cookie: cmemprof_%u=", fixture->port);
    expect_header(&answer, cookie);
    assert_null(strstr(answer.all.bytes, "secret-1"));
    answer_free(&answer);
    answer = http_get(fixture->port, "/?TOKEN=secret-1&Token=secret-1"); // libmicrohttpd ignores its case
    assert_int_equal(answer.status, 303);
    expect_header(&answer, "Location: /\r\n");
    answer_free(&answer);
    answer = http_get(fixture->port, "/?token=secret-1");
    expect_header(&answer, "Location: /\r\n");
    answer_free(&answer);
    answer = http_get(fixture->port, "/profile/7?token=secret-2");
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
}

int main(void) {
    return tests_run();
}
