// access_test.c: Host and Origin headers, and tokens: what is allowed.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../access.h"
#include "../guesses.h"

static enum access_verdict ask(const char *host, const char *origin) {
    struct access access = {0};
    struct access_headers headers = {.host = host, .origin = origin};
    const char *why = NULL;
    enum access_verdict verdict = access_check_headers(&access, &headers, &why);
    assert_int_equal(verdict == ACCESS_ALLOWED, !why);
    return verdict;
}

TEST(hosts) {
    static const char *const good[] = {"localhost",  "LOCALHOST:1", "127.0.0.1",   "127.0.0.1:8126", "[::1]",
                                       "[::1]:8126", "localhost:",  "127.0.0.2:1", "127.255.255.254"};
    static const char *const bad[] = {"",
                                      "evil.com",
                                      "localhost.evil.com",
                                      "127.0.0.1.evil.com",
                                      "127.0.0.256",
                                      "128.0.0.1",
                                      "127.1",
                                      "127.0.0.1.",
                                      "0127.0.0.1",
                                      "[::1",
                                      "[::2]",
                                      "[127.0.0.1]",
                                      "localhost:8126@evil.com",
                                      "evil.com:localhost",
                                      "[::1]x",
                                      "10.0.0.1:8126",
                                      "127.0.0.1:x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(ask(good[i], NULL), ACCESS_ALLOWED);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask(bad[i], NULL), ACCESS_FORBIDDEN);
    }
    assert_int_equal(ask(NULL, NULL), ACCESS_FORBIDDEN);
}

TEST(origins) {
    assert_int_equal(ask("localhost:8126", "http://localhost:8126"), ACCESS_ALLOWED);
    assert_int_equal(ask("localhost:8126", "https://localhost:8126"), ACCESS_ALLOWED);
    static const char *const bad[] = {"http://evil.com",      "https://localhost:812", "http://localhost:9999", "null", "",
                                      "http://127.0.0.1:8126"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask("localhost:8126", bad[i]), ACCESS_FORBIDDEN);
    }
}

// A proxy may send a Host of its own.
TEST(origin_of_the_page_behind_a_proxy) {
    static const struct {
        const char *origin, *page_url;
        enum access_verdict verdict;
    } cases[] = {
        {"https://tools.example", "https://tools.example/profiles/", ACCESS_ALLOWED},
        {"https://Tools.example", "https://tools.example/", ACCESS_ALLOWED},
        {"https://tools.example:8443", "https://tools.example:8443/", ACCESS_ALLOWED},
        {"https://tools.example", NULL, ACCESS_FORBIDDEN},
        {"http://tools.example", "https://tools.example/profiles/", ACCESS_FORBIDDEN},
        {"https://tools.exampl", "https://tools.example/profiles/", ACCESS_FORBIDDEN},
        {"https://tools.example:8443", "https://tools.example/profiles/", ACCESS_FORBIDDEN},
        {"https:", "https://tools.example/", ACCESS_FORBIDDEN},
        {"https:/", "https://tools.example/", ACCESS_FORBIDDEN},
        {"", "https://tools.example/", ACCESS_FORBIDDEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access access = {.page_url = cases[i].page_url};
        const struct access_headers headers = {.host = "127.0.0.1:8126", .origin = cases[i].origin};
        const char *why = NULL;
        if (access_check_headers(&access, &headers, &why) != cases[i].verdict) {
            fail_msg("%s for %s", cases[i].origin, cases[i].page_url ? cases[i].page_url : "none");
        }
    }
}

// What a browser says of a page that asks without Origin.
TEST(fetch_metadata) {
    static const struct {
        struct access_headers headers;
        enum access_verdict verdict;
    } cases[] = {
        {{.fetch_site = "none", .fetch_mode = "navigate", .fetch_destination = "document"}, ACCESS_ALLOWED},
        {{.fetch_site = "same-origin", .fetch_mode = "cors", .fetch_destination = "empty"}, ACCESS_ALLOWED},
        {{.fetch_site = "cross-site", .fetch_mode = "navigate", .fetch_destination = "document"}, ACCESS_ALLOWED},
        {{.fetch_site = "cross-site", .fetch_mode = "navigate", .fetch_destination = "iframe"}, ACCESS_FORBIDDEN},
        {{.fetch_site = "cross-site", .fetch_mode = "no-cors", .fetch_destination = "image"}, ACCESS_FORBIDDEN},
        {{.fetch_site = "same-site", .fetch_mode = "no-cors", .fetch_destination = "script"}, ACCESS_FORBIDDEN},
        {{.fetch_site = "cross-site"}, ACCESS_FORBIDDEN},
        {{.fetch_site = "of-a-browser-to-come", .fetch_mode = "no-cors", .fetch_destination = "image"}, ACCESS_FORBIDDEN},
        {{.fetch_site = "of-a-browser-to-come", .fetch_mode = "navigate", .fetch_destination = "document"}, ACCESS_ALLOWED},
        {{.fetch_site = ""}, ACCESS_FORBIDDEN},
        {{.fetch_site = "cross-site", .fetch_mode = "navigate", .fetch_destination = "document", .sends = true}, ACCESS_FORBIDDEN},
        {{.is_ambiguous = true}, ACCESS_AMBIGUOUS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access_headers headers = cases[i].headers;
        const char *why = NULL;
        headers.host = "localhost:8126";
        assert_int_equal(access_check_headers(&(struct access){0}, &headers, &why), cases[i].verdict);
        assert_int_equal(!why, cases[i].verdict == ACCESS_ALLOWED);
    }
}

#define TOKEN "s3cret-token"
#define READING "fedcba9876543210fedcba9876543210"
#define SESSION "0123456789abcdef0123456789abcdef"

static const struct receiver_token all = {TOKEN, RECEIVER_ALL};
static char session[1][ACCESS_SESSION_BYTES] = {SESSION};
static const struct receiver_token three_tokens[] = {{"sending-1", RECEIVER_UPLOADS}, {"reading-1", RECEIVER_READS}, {TOKEN, RECEIVER_ALL}};
static char three_sessions[3][ACCESS_SESSION_BYTES] = {SESSION, READING, "00000000000000000000000000000000"};

// With a token the host's name does not matter; the token does, in any of five places.
TEST(token) {
    struct access access = {.tokens = &all, .token_count = 1, .port = 8126, .sessions = session};
    static const struct {
        struct access_headers headers;
        enum access_verdict verdict;
    } cases[] = {
        {{.host = "db.example"}, ACCESS_UNAUTHORIZED},
        {{.host = "localhost"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Bearer " TOKEN}, ACCESS_ALLOWED},
        {{.host = "db.example", .authorization = "bearer " TOKEN}, ACCESS_ALLOWED},
        {{.host = "db.example", .authorization = "Bearer " TOKEN "x"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Bearer s3cret-toke"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Bearer "}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = TOKEN}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Basic YW55b25lOnMzY3JldC10b2tlbg=="}, ACCESS_ALLOWED}, // anyone:s3cret-token
        {{.host = "db.example", .authorization = "basic  OnMzY3JldC10b2tlbg=="}, ACCESS_ALLOWED},        // :s3cret-token
        {{.host = "db.example", .authorization = "Basic czNjcmV0LXRva2VuOg=="}, ACCESS_UNAUTHORIZED},    // s3cret-token:
        {{.host = "db.example", .authorization = "Basic YW55b25lOnMzY3JldC10b2tlbjptb3Jl"},
         ACCESS_UNAUTHORIZED}, // anyone:s3cret-token:more
        {{.host = "db.example", .authorization = "Basic YW55b25lOnMzY3JldC10b2tlbg==!"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Basic " TOKEN}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .authorization = "Basic "}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .api_key = TOKEN}, ACCESS_ALLOWED},
        {{.host = "db.example", .api_key = ""}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .cookie = "a=b; cmemprof_8126=" SESSION}, ACCESS_ALLOWED},
        {{.host = "db.example", .cookie = "cmemprof_8126=" SESSION "; x=y"}, ACCESS_ALLOWED},
        {{.host = "db.example", .cookie = "cmemprof_8127=" SESSION}, ACCESS_UNAUTHORIZED}, // of another receiver
        {{.host = "db.example", .cookie = "cmemprof_8126=" TOKEN}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .api_key = SESSION}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .cookie = "xcmemprof_8126=" SESSION}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .cookie = "cmemprof_8126=; ;;"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .query_token = TOKEN}, ACCESS_LOGIN},
        {{.host = "db.example", .query_token = "wrong"}, ACCESS_UNAUTHORIZED},
        {{.host = "db.example", .origin = "http://evil.example", .cookie = "cmemprof_8126=" SESSION}, ACCESS_FORBIDDEN},
        {{.host = NULL, .api_key = TOKEN}, ACCESS_ALLOWED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = NULL;
        if (access_check_headers(&access, &cases[i].headers, &why) != cases[i].verdict) {
            fail_msg("case %zu: %s", i, why ? why : "let in");
        }
    }
    static const char *const bad[] = {"", "short", "with blank", "with;semicolon", "with,comma", "with\"quote", "caf\xc3\xa9-caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(access_is_token(bad[i]));
    }
    assert_true(access_is_token(TOKEN));
}

// Send token, read token, and the one for both.
TEST(two_tokens) {
    struct access reading = {.tokens = &three_tokens[1], .token_count = 1};
    const char *no_why = NULL;
    assert_int_equal(access_check_headers(&reading, &(struct access_headers){.host = "far.example", .sends = true}, &no_why),
                     ACCESS_ALLOWED);
    assert_int_equal(access_check_headers(&reading, &(struct access_headers){.host = "far.example"}, &no_why), ACCESS_UNAUTHORIZED);
    assert_int_equal(access_check_headers(&reading, &(struct access_headers){.sends = true, .origin = "http://evil.example"}, &no_why),
                     ACCESS_FORBIDDEN);
    struct access two = {.tokens = three_tokens, .token_count = 2, .sessions = three_sessions}, three = two;
    three.token_count = 3;
    static const struct {
        struct access_headers headers;
        enum access_verdict of_two, of_three;
    } cases[] = {
        {{.sends = true}, ACCESS_UNAUTHORIZED, ACCESS_UNAUTHORIZED},
        {{.sends = false}, ACCESS_UNAUTHORIZED, ACCESS_UNAUTHORIZED},
        {{.sends = true, .path_token = "sending-1"}, ACCESS_ALLOWED, ACCESS_ALLOWED},
        {{.sends = true, .api_key = "sending-1"}, ACCESS_ALLOWED, ACCESS_ALLOWED},
        {{.sends = true, .path_token = "sending-12"}, ACCESS_UNAUTHORIZED, ACCESS_UNAUTHORIZED},
        {{.sends = true, .path_token = "reading-1"}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = false, .path_token = "sending-1"}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = false, .query_token = "sending-1"}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = true, .cookie = "cmemprof_0=" READING}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = true, .cookie = "cmemprof_0=" READING, .api_key = "sending-1"}, ACCESS_ALLOWED, ACCESS_ALLOWED},
        {{.sends = true, .manages = true, .path_token = "reading-1"}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = true, .manages = true, .path_token = "sending-1"}, ACCESS_ROLE, ACCESS_ROLE},
        {{.sends = true, .manages = true, .path_token = TOKEN}, ACCESS_UNAUTHORIZED, ACCESS_ALLOWED},
        {{.sends = true, .manages = true}, ACCESS_UNAUTHORIZED, ACCESS_UNAUTHORIZED},
        {{.sends = false, .query_token = "reading-1", .cookie = "cmemprof_0=" READING}, ACCESS_LOGIN, ACCESS_LOGIN},
        {{.sends = false, .query_token = "reading-1"}, ACCESS_LOGIN, ACCESS_LOGIN},
        {{.sends = false, .cookie = "cmemprof_0=" READING}, ACCESS_ALLOWED, ACCESS_ALLOWED},
        {{.sends = true, .path_token = TOKEN}, ACCESS_UNAUTHORIZED, ACCESS_ALLOWED},
        {{.sends = false, .path_token = TOKEN}, ACCESS_UNAUTHORIZED, ACCESS_ALLOWED},
        {{.sends = true, .path_token = "sending-1", .origin = "http://evil.example"}, ACCESS_FORBIDDEN, ACCESS_FORBIDDEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = NULL;
        assert_int_equal(access_check_headers(&two, &cases[i].headers, &why), cases[i].of_two);
        assert_int_equal(access_check_headers(&three, &cases[i].headers, &why), cases[i].of_three);
    }
}

// Without a send token everybody may send, except rebound pages, and symbols.
TEST(open_for_sending) {
    struct access reading = {.tokens = &three_tokens[1], .token_count = 1, .sessions = &three_sessions[1]};
    static const struct {
        struct access_headers headers;
        enum access_verdict verdict;
    } cases[] = {
        {{.sends = true, .host = "far.example"}, ACCESS_ALLOWED},
        {{.sends = true, .host = "rebound.example:8126", .origin = "http://rebound.example:8126"}, ACCESS_UNAUTHORIZED},
        {{.sends = true, .host = "here:1", .origin = "http://here:1", .cookie = "cmemprof_0=" READING}, ACCESS_ALLOWED},
        {{.sends = true, .host = "here:1", .origin = "http://there:1", .cookie = "cmemprof_0=" READING}, ACCESS_FORBIDDEN},
        {{.sends = true, .stays = true}, ACCESS_UNAUTHORIZED},
        {{.sends = true, .stays = true, .path_token = "reading-2"}, ACCESS_UNAUTHORIZED},
        {{.sends = true, .stays = true, .path_token = "reading-1"}, ACCESS_ALLOWED},
        {{.sends = false, .host = "here:1", .origin = "http://here:1"}, ACCESS_UNAUTHORIZED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *why = NULL;
        if (access_check_headers(&reading, &cases[i].headers, &why) != cases[i].verdict) {
            fail_msg("case %zu: %s", i, why ? why : "let in");
        }
    }
    struct access two = {.tokens = three_tokens, .token_count = 2, .sessions = three_sessions};
    const char *why = NULL;
    struct access_headers symbols = {.sends = true, .stays = true, .api_key = "sending-1"};
    assert_int_equal(access_check_headers(&two, &symbols, &why), ACCESS_ALLOWED);
    symbols.api_key = "reading-1"; // neither is valid for the rest
    assert_int_equal(access_check_headers(&two, &symbols, &why), ACCESS_ROLE);
    assert_non_null(strstr(why, "one with the role upload is needed"));
}

TEST(path) {
    static const char *const cases[][3] = {{"/info", "/info", ""},
                                           {"/t/abcdefgh/info", "/info", "abcdefgh"},
                                           {"/t/abcdefgh", "/", "abcdefgh"},
                                           {"/t/abcdefgh/", "/", "abcdefgh"},
                                           {"/t/abcdefgh//info", "/info", "abcdefgh"},
                                           {"/t//profiling", "/profiling", ""},
                                           {"/t/", "/", ""},
                                           {"/t", "/t", ""},
                                           {"/types", "/types", ""}};
    char token[ACCESS_TOKEN_MAX + 2], longest[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(access_path(cases[i][0], token), cases[i][1]);
        assert_string_equal(token, cases[i][2]);
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "/t/", 3);
    strcpy(longest + sizeof longest - 3, "/i");
    assert_string_equal(access_path(longest, token), "/i");
    assert_int_equal(strlen(token), ACCESS_TOKEN_MAX + 1); // longer than any valid one
}

static int post_status(uint16_t port, const char *prefix, const char *path) {
    struct text body = {0}, request = {0};
    body_event(&body);
    body_end(&body);
    text_add(&request, "POST %s%s HTTP/1.1\r\nHost: far.example\r\nConnection: close\r\nContent-Type: " MULTIPART "\r\n", prefix, path);
    text_add(&request, "Content-Length: %zu\r\n\r\n%s", body.size, body.bytes);
    struct answer answer = http_send(port, &request, false);
    int status = answer.status;
    answer_free(&answer);
    free(body.bytes);
    free(request.bytes);
    return status;
}

static int get_status(uint16_t port, const char *path) {
    struct answer answer = http_get(port, path);
    int status = answer.status;
    answer_free(&answer);
    return status;
}

// A client that knows an address alone.
TEST_IN(receiver, tokens_over_http) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = three_tokens, .token_count = 1};
    char text[200];
    fixture_stop(fixture);
    assert_int_equal(receiver_start(&options, &fixture->receiver, text, sizeof text), RECEIVER_BAD_TOKEN);
    assert_non_null(strstr(text, "needs another token for reading"));
    options.token_count = 2;
    assert_int_equal(receiver_start(&options, &fixture->receiver, text, sizeof text), RECEIVER_OK);
    uint16_t port = receiver_port(fixture->receiver);
    assert_int_equal(post_status(port, "/t/sending-1", "/profiling/v1/input"), 200);
    assert_int_equal(post_status(port, "/t/sending-1", "/api/v2/profile"), 200);
    assert_int_equal(post_status(port, "/t/sending-1", "/v0.4/traces"), 200);
    assert_int_equal(post_status(port, "/t/reading-1", "/profiling/v1/input"), 403);
    assert_int_equal(post_status(port, "", "/profiling/v1/input"), 401);
    assert_int_equal(get_status(port, "/t/sending-1/info"), 200);
    assert_int_equal(get_status(port, "/t/sending-1/api/uploads"), 403);
    assert_int_equal(get_status(port, "/t/reading-1/api/uploads"), 200);
    assert_int_equal(get_status(port, "/api/uploads"), 401);
    struct answer answer = http_get(port, "/?token=reading-1");
    assert_int_equal(answer.status, 303);
    assert_null(strstr(answer.all.bytes, "reading-1"));
    answer_free(&answer);
}

static struct answer get_with(uint16_t port, const char *path, const char *header) {
    struct text request = {0};
    text_add(&request, "GET %s HTTP/1.1\r\nHost: far.example\r\nConnection: close\r\n%s\r\n\r\n", path, header);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

static int status_with(uint16_t port, const char *path, const char *header) {
    struct answer answer = get_with(port, path, header);
    answer_free(&answer);
    return answer.status;
}

// The cookie of an answer to /?token=..., "Cookie: cmemprof_PORT=...".
static void take_cookie(const struct answer *answer, char cookie[100]) {
    const char *start = strstr(answer->all.bytes, "Set-Cookie: ");
    assert_non_null(start);
    snprintf(cookie, 100, "Cookie: %.*s", (int)strcspn(start + 12, ";"), start + 12);
}

// A browser's cookie is of this start and port, opens what its token opens, and is no token.
TEST_IN(receiver, cookie_over_http) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = three_tokens, .token_count = 2};
    char cookies[2][100], name[40], token[120];
    for (int i = 0; i < 2; i++) {
        uint16_t port = fixture_restart(fixture, &options);
        struct answer answer = get_with(port, "/?token=reading-1", "X-Forwarded-Proto: https");
        take_cookie(&answer, cookies[i]);
        snprintf(name, sizeof name, "Cookie: cmemprof_%u=", port);
        assert_memory_equal(cookies[i], name, strlen(name));
        assert_int_equal(strlen(cookies[i]) - strlen(name), 32);
        assert_non_null(strstr(answer.all.bytes, "; HttpOnly; SameSite=Lax; Path=/; Secure\r\n"));
        answer_free(&answer);
        answer = get_with(port, "/?token=reading-1", "X-Forwarded-Proto: https, http"); // of two proxies
        assert_non_null(strstr(answer.all.bytes, "; HttpOnly; SameSite=Lax; Path=/; Secure\r\n"));
        answer_free(&answer);
        answer = get_with(port, "/?token=reading-1", "X-Forwarded-Proto: http, https");
        assert_non_null(strstr(answer.all.bytes, "; HttpOnly; SameSite=Lax; Path=/\r\n"));
        answer_free(&answer);
        answer = get_with(port, "/?token=reading-1", "X-Forwarded-Proto: http");
        assert_non_null(strstr(answer.all.bytes, "; HttpOnly; SameSite=Lax; Path=/\r\n"));
        answer_free(&answer);
        answer = get_with(port, "/profile?ids=7&token=reading-1", cookies[i]); // it is no reason to keep the token in the address
        assert_int_equal(answer.status, 303);
        assert_non_null(strstr(answer.all.bytes, "Location: /profile?ids=7\r\n"));
        answer_free(&answer);
        assert_int_equal(status_with(port, "/api/uploads", cookies[i]), 200);
        assert_int_equal(status_with(port, "/v0.4/traces", cookies[i]), 403); // sending has a token of its own
        snprintf(token, sizeof token, "Authorization: Bearer %s", cookies[i] + strlen(name));
        assert_int_equal(status_with(port, "/api/uploads", token), 401);
    }
    assert_string_not_equal(strchr(cookies[0], '='), strchr(cookies[1], '='));
    snprintf(token, sizeof token, "%s%s", name, strchr(cookies[0], '=') + 1);
    assert_int_equal(status_with(receiver_port(fixture->receiver), "/api/uploads", token), 401);
}

// Different wrong tokens are guesses; from some on no other one is looked at. The right one is, since it has come from here before.
TEST_IN(receiver, guesses_over_http) {
    struct fixture *fixture = *state;
    struct receiver_options options = {.listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = &all, .token_count = 1};
    char text[200], cookie[100], guess[64];
    uint16_t port = fixture_restart(fixture, &options);
    struct answer answer = http_get(port, "/?token=" TOKEN);
    take_cookie(&answer, cookie);
    answer_free(&answer);
    for (int i = 0; i < 2 * GUESSES_MAX; i++) {
        assert_int_equal(status_with(port, "/api/uploads", "DD-API-KEY: a-token-of-last-week"), 401); // always the same
        assert_int_equal(get_status(port, "/api/uploads"), 401);                                      // none
    }
    static const char *const forms[] = {"Authorization: Bearer guess-%d", "DD-API-KEY: guess-%d", "/t/guess-%d/api/uploads",
                                        "/api/uploads?token=guess-%d"};
    assert_int_equal(status_with(port, "/api/uploads", "Authorization: Basic dTpndWVzcy0x"), 401); // u:guess-1
    for (int i = 2; i < GUESSES_MAX; i++) {
        const char *form = forms[i % 4];
        snprintf(guess, sizeof guess, form, i);
        assert_int_equal(*form == '/' ? get_status(port, guess) : status_with(port, "/api/uploads", guess), 401);
    }
    answer = get_with(port, "/api/uploads", "DD-API-KEY: one-more-guess");
    assert_int_equal(answer.status, 429);
    assert_non_null(strstr(answer.all.bytes, "Retry-After: 60\r\n"));
    answer_free(&answer);
    assert_int_equal(get_status(port, "/?token=guess"), 429);
    assert_int_equal(status_with(port, "/api/uploads", "DD-API-KEY: " TOKEN), 200);
    assert_int_equal(status_with(port, "/api/uploads", cookie), 200);
    snprintf(text, sizeof text, "DD-API-KEY: guess\r\n%s", cookie);
    assert_int_equal(status_with(port, "/api/uploads", text), 200);
}

// A right token without the role is no guess, and tells nobody who guesses that it is right.
TEST_IN(receiver, roles_over_http) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = three_tokens, .token_count = 3};
    char guess[64];
    uint16_t port = fixture_restart(fixture, &options);
    for (int i = 0; i < 2 * GUESSES_MAX; i++) {
        struct answer answer = get_with(port, "/api/uploads", "DD-API-KEY: sending-1");
        assert_int_equal(answer.status, 403);
        assert_non_null(strstr(answer.body, "this token may not read: one with the role read is needed"));
        answer_free(&answer);
    }
    assert_int_equal(status_with(port, "/api/uploads", "DD-API-KEY: reading-1"), 200);
    assert_int_equal(post_status(port, "/t/reading-1", "/profiling/v1/input"), 403);
    assert_int_equal(post_status(port, "/t/" TOKEN, "/profiling/v1/input"), 200);
    port = fixture_restart(fixture, &options); // which knows no address
    for (int i = 0; i < GUESSES_MAX; i++) {
        snprintf(guess, sizeof guess, "DD-API-KEY: guess-%d", i);
        assert_int_equal(status_with(port, "/api/uploads", guess), 401);
    }
    assert_int_equal(status_with(port, "/api/uploads", "DD-API-KEY: sending-1"), 429);
}

// A right token without the role does not hide guesses in other places, and is listened to with what it came with before.
TEST_IN(receiver, guesses_beside_a_right_token) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = three_tokens, .token_count = 3};
    char guess[64];
    uint16_t port = fixture_restart(fixture, &options);
    assert_int_equal(status_with(port, "/t/sending-1/info", "DD-API-KEY: of-another-service"), 200);
    for (int i = 1; i < GUESSES_MAX; i++) {
        snprintf(guess, sizeof guess, i % 2 ? "DD-API-KEY: guess-%d" : "Authorization: Bearer guess-%d", i);
        assert_int_equal(status_with(port, i % 3 ? "/t/sending-1/info" : "/t/sending-1/api/uploads", guess), i % 3 ? 200 : 403);
    }
    assert_int_equal(status_with(port, "/t/sending-1/info", "DD-API-KEY: one-more-guess"), 429);
    assert_int_equal(status_with(port, "/t/sending-1/api/uploads", "DD-API-KEY: " TOKEN), 429);
    assert_int_equal(get_status(port, "/t/sending-1/info?token=one-more-guess"), 429);
    assert_int_equal(status_with(port, "/t/sending-1/info", "DD-API-KEY: of-another-service"), 200);
}

// Also where sending is open: what is not, symbols and what a page sends, does not answer any number of guesses.
TEST_IN(receiver, guesses_where_sending_is_open) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = &three_tokens[1], .token_count = 1};
    char guess[100];
    uint16_t port = fixture_restart(fixture, &options);
    for (int i = 0; i < 2 * GUESSES_MAX; i++) {
        snprintf(guess, sizeof guess, "/t/guess-%d", i);
        assert_int_equal(post_status(port, guess, "/profiling/v1/input"), 200); // any key of a client's, and it is not looked at
    }
    assert_int_equal(post_status(port, "", "/profiling/v1/input?token=reading-1"), 200); // as any other
    for (int i = 0; i < GUESSES_MAX; i++) {
        snprintf(guess, sizeof guess, i % 2 ? "Origin: http://far.example\r\nDD-API-KEY: guess-%d" : "/t/guess-%d", i);
        assert_int_equal(i % 2 ? status_with(port, "/info", guess) : post_status(port, guess, "/api/symbols"), 401);
    }
    assert_int_equal(post_status(port, "/t/reading-1", "/api/symbols"), 429);
    assert_int_equal(status_with(port, "/info", "Origin: http://far.example\r\nDD-API-KEY: reading-1"), 429);
    assert_int_equal(post_status(port, "/t/reading-1", "/profiling/v1/input"), 200);
}

// All paths: which are open.
TEST_IN(receiver, open_over_http) {
    struct fixture *fixture = *state;
    struct receiver_options options = {
        .listen = "127.0.0.1:0", .data_directory = fixture->directory, .tokens = &three_tokens[1], .token_count = 1};
    uint16_t port = fixture_restart(fixture, &options);
    assert_int_equal(post_status(port, "", "/profiling/v1/input"), 200);
    assert_int_equal(get_status(port, "/info"), 200);
    assert_int_equal(post_status(port, "", "/v0.4/traces"), 200);
    assert_int_equal(post_status(port, "", "/v0.7/config"), 404); // as an Agent without it
    assert_int_equal(post_status(port, "", "/api/v1"), 401);
    assert_int_equal(post_status(port, "", "/api/symbols"), 401);
    assert_int_equal(post_status(port, "/t/reading-1", "/api/symbols"), 404); // this one has no directory for them
    struct text request = {0};
    text_add(&request, "POST /api/import HTTP/1.1\r\nHost: rebound.example\r\nOrigin: http://rebound.example\r\n");
    text_add(&request, "Connection: close\r\nContent-Length: 0\r\n\r\n");
    struct answer answer = http_send(port, &request, false);
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
    free(request.bytes);
}

TEST(unix_socket) {
    struct access access = {.unix_socket = true};
    const char *why = NULL;
    assert_int_equal(access_check_headers(&access, &(struct access_headers){.host = "%2Frun%2Fx.sock"}, &why), ACCESS_ALLOWED);
    assert_int_equal(access_check_headers(&access, &(struct access_headers){0}, &why), ACCESS_ALLOWED);
}

TEST_IN(receiver, over_http) {
    struct fixture *fixture = *state;
    struct text request = {0};
    text_add(&request, "GET /api/uploads HTTP/1.1\r\nHost: rebound.example:%u\r\nConnection: close\r\n\r\n", fixture->port);
    struct answer answer = http_send(fixture->port, &request, false);
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
    free(request.bytes);
    answer = http_request(fixture->port, "POST", "/profiling/v1/input", "Origin: http://evil.example\r\nContent-Length: 0\r\n");
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
}

static int status_of(uint16_t port, const char *method, const char *headers) {
    struct answer answer = http_request(port, method, "/api/uploads", headers);
    int status = answer.status;
    answer_free(&answer);
    return status;
}

TEST_IN(receiver, fetch_metadata_and_framing_over_http) {
    struct fixture *fixture = *state;
    assert_int_equal(status_of(fixture->port, "GET", "Sec-Fetch-Site: same-origin\r\n"), 200);
    assert_int_equal(status_of(fixture->port, "GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n"),
                     403);
    assert_int_equal(status_of(fixture->port, "GET", "Host: evil.example\r\n"), 400);
    assert_int_equal(status_of(fixture->port, "POST", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), 400);
    assert_int_equal(status_of(fixture->port, "POST", "Content-Length: 0\r\nContent-Length: 5\r\n"), 400);
}

int main(void) {
    return tests_run();
}
