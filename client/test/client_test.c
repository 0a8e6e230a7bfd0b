// client_test.c: upload_client against a loopback server that answers or misbehaves.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include "../client.h"

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <signal.h>
#include <sys/wait.h>

#include "loopback_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

// Two attachments; the second contains a part delimiter.
static const char heap_bytes[] = "\x1f\x8b\x00heap\xff";
static const char cpu_bytes[] = "\r\n--\r\n";
static const char event_bytes[] = "{\"version\":\"4\"}";
static const struct upload_attachment two_attachments[] = {
    {"delta-heap.pprof", heap_bytes, sizeof heap_bytes - 1},
    {"cpu.pprof", cpu_bytes, sizeof cpu_bytes - 1},
};

static struct upload_request request_to(const char *url) {
    return (struct upload_request){
        .url = url,
        .attachments = two_attachments,
        .attachment_count = 2,
        .event = event_bytes,
        .event_size = sizeof event_bytes - 1,
        .connect_timeout_ms = 600 * 1000, // the test runner's time-out is shorter
        .total_timeout_ms = 600 * 1000,
    };
}

static void send_once(const struct upload_request *request, struct upload_cancel *cancel, struct upload_result *result) {
    struct upload_client *client = upload_client_open();
    assert_non_null(client);
    upload_client_send(client, request, cancel, result);
    upload_client_close(client);
}

static struct upload_result send_to(const char *url) {
    struct upload_request request = request_to(url);
    struct upload_result result;
    send_once(&request, NULL, &result);
    return result;
}

static size_t append(char *at, const char *bytes, size_t size) {
    memcpy(at, bytes, size);
    return size;
}

static size_t append_text(char *at, const char *text) {
    return append(at, text, strlen(text));
}

// The body that dd-trace-go would send for this request, with the boundary from the headers.
static size_t expected_body(const char *headers, char *body) {
    char boundary[128], text[512];
    const char *start = strstr(headers, "boundary=");
    assert_non_null(start);
    assert_int_equal(sscanf(start, "boundary=%127[^\r\n]", boundary), 1);
    size_t length = 0;
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                 boundary, two_attachments[i].name, two_attachments[i].name);
        length += append_text(body + length, text);
        length += append(body + length, two_attachments[i].bytes, two_attachments[i].size);
        length += append_text(body + length, "\r\n");
    }
    snprintf(text, sizeof text,
             "--%s\r\nContent-Disposition: form-data; name=\"event\"; filename=\"event.json\"\r\nContent-Type: application/json\r\n\r\n%s"
             "\r\n--%s--\r\n",
             boundary, event_bytes, boundary);
    return length + append_text(body + length, text);
}

static void assert_body_is_exact(const struct server *server) {
    char body[4096];
    const char *blank = strstr(server->request, "\r\n\r\n");
    assert_non_null(blank);
    size_t size = expected_body(server->request, body);
    size_t got = server->request_bytes - (size_t)(blank + 4 - server->request);
    assert_int_equal(got, size);
    assert_memory_equal(blank + 4, body, size);
}

TEST(sends_the_exact_body) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct upload_request request = request_to(server->url);
    const char *const headers[] = {"DD-EVP-ORIGIN: cmemprof", "User-Agent: test"};
    request.headers = headers;
    request.header_count = 2;
    struct upload_result result;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_int_equal(result.status, 200);
    assert_string_equal(result.text, "ok");
    assert_memory_equal(server->request, "POST /profiling/v1/input HTTP/1.1\r\n", 35);
    assert_non_null(strstr(server->request, "\r\nDD-EVP-ORIGIN: cmemprof\r\n"));
    assert_non_null(strstr(server->request, "\r\nUser-Agent: test\r\n"));
    assert_non_null(strstr(server->request, "\r\nContent-Length: "));
    assert_null(strstr(server->request, "\r\nExpect"));
    assert_body_is_exact(server);
    server_stop(server);
}

TEST(empty_attachment_and_no_attachment) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct upload_request request = request_to(server->url);
    const struct upload_attachment empty = {"heap.pprof", NULL, 0};
    struct upload_result result;
    request.attachments = &empty;
    request.attachment_count = 1;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_non_null(strstr(server->request, "filename=\"heap.pprof\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--"));
    request.attachments = NULL;
    request.attachment_count = 0;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_non_null(strstr(server->request, event_bytes));
    server_stop(server);
}

static void assert_rejected(const char *answer, long status, const char *text) {
    struct server *server = server_start(SERVER_ANSWERS, answer, NULL);
    struct upload_result result = send_to(server->url);
    server_stop(server);
    assert_int_equal(result.error, UPLOAD_REJECTED);
    assert_int_equal(result.status, status);
    assert_string_equal(result.text, text);
}

TEST(answers_that_are_not_2xx) {
    assert_rejected("HTTP/1.1 500 Oops\r\nContent-Length: 15\r\n\r\nno\r\n\tdisk space", 500, "no disk space");
    assert_rejected("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "Not Found");
    assert_rejected("HTTP/1.1 400\r\nContent-Length: 0\r\n\r\n", 400, "");
    assert_rejected("HTTP/1.1 413 Too Large\r\nContent-Length: 99\r\n\r\ncut here", 413, "cut here");
}

// An OTLP server's 200 may say that it rejected profiles. Other answers, and other bodies, say nothing like it.
TEST(partial_success) {
#define PARTIAL "\x0a\x0c\x08\x03\x12\x08too many"
    static const struct {
        const char *answer, *text;
        bool is_raw;
        enum upload_error error;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 14\r\nConnection: close\r\n\r\n" PARTIAL,
         "3 profiles rejected: too many", true, UPLOAD_REJECTED},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\x0a\x02\x08\x01",
         "1 profile rejected", true, UPLOAD_REJECTED},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close\r\n\r\n" PARTIAL, NULL, true,
         UPLOAD_OK},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 14\r\nConnection: close\r\n\r\n" PARTIAL, NULL, false,
         UPLOAD_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server *server = server_start(SERVER_ANSWERS, cases[i].answer, NULL);
        struct upload_request request = request_to(server->url);
        struct upload_result result;
        request.is_raw = cases[i].is_raw;
        send_once(&request, NULL, &result);
        assert_int_equal(result.error, cases[i].error);
        assert_int_equal(result.status, 200);
        if (cases[i].text) {
            assert_string_equal(result.text, cases[i].text);
        }
        server_stop(server);
    }
}

TEST(redirect_is_not_followed) {
    struct server *target = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    char answer[256];
    snprintf(answer, sizeof answer, "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", target->url);
    assert_rejected(answer, 307, "Temporary Redirect");
    assert_int_equal(target->connections, 0);
    server_stop(target);
}

TEST(endless_answer) {
    struct server *server = server_start(SERVER_ANSWERS_ENDLESS, "HTTP/1.1 200 OK\r\n\r\nhello ", NULL);
    struct upload_result result = send_to(server->url);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_int_equal(result.status, 200);
    assert_int_equal(strlen(result.text), sizeof result.text - 1);
    assert_memory_equal(result.text, "hello xxx", 9);
    server_stop(server);
}

TEST(refused_port) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    char url[64];
    memcpy(url, server->url, sizeof url);
    server_stop(server); // nothing listens there now
    struct upload_result result = send_to(url);
    assert_int_equal(result.error, UPLOAD_UNREACHABLE);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "onnect"));
}

TEST(server_that_never_answers) {
    struct server *server = server_start(SERVER_SILENT, "", NULL);
    struct upload_request request = request_to(server->url);
    request.total_timeout_ms = 200;
    struct upload_result result;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_TIMEOUT);
    assert_true(result.text[0] != '\0');
    server_stop(server);
}

TEST(connection_cut) {
    static const char *const cut_answers[] = {"", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"};
    for (size_t i = 0; i < sizeof cut_answers / sizeof *cut_answers; i++) {
        struct server *server = server_start(SERVER_ANSWERS, cut_answers[i], NULL);
        struct upload_result result = send_to(server->url);
        assert_int_equal(result.error, UPLOAD_INTERRUPTED);
        server_stop(server);
    }
}

// 8 MB exceed the socket's buffers: libcurl writes after the reset, which raises SIGPIPE and would end this program.
TEST(reset_in_the_middle_raises_no_signal) {
    struct server *server = server_start(SERVER_RESETS, "", NULL);
    struct upload_request request = request_to(server->url);
    size_t size = 8 << 20;
    void *large = calloc(1, size);
    const struct upload_attachment attachment = {"cpu.pprof", large, size};
    request.attachments = &attachment;
    request.attachment_count = 1;
    struct upload_result result;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_INTERRUPTED);
    sigset_t mask, pending;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sigpending(&pending);
    assert_false(sigismember(&mask, SIGPIPE));
    assert_false(sigismember(&pending, SIGPIPE));
    free(large);
    server_stop(server);
}

TEST_IN(folder, unix_socket) {
    char path[FOLDER_BYTES + 16];
    snprintf(path, sizeof path, "%s/agent.sock", folder);
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, path);
    struct upload_request request = request_to("http://localhost/profiling/v1/input");
    request.unix_socket = path;
    struct upload_result result;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_body_is_exact(server);
    server_stop(server);
    unlink(path);
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_UNREACHABLE);
    assert_string_equal(result.text, "No such file or directory"); // about the socket, without host and port
}

struct sending {
    struct upload_request request;
    struct upload_cancel cancel;
    struct upload_result result;
};

static void *send_on_thread(void *context) {
    struct sending *sending = context;
    send_once(&sending->request, &sending->cancel, &sending->result);
    return NULL;
}

TEST(cancel_from_another_thread) {
    struct server *server = server_start(SERVER_SILENT, "", NULL);
    struct sending sending = {.request = request_to(server->url)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_on_thread, &sending), 0);
    while (atomic_load(&server->request_bytes) == 0) {
        usleep(1000);
    }
    upload_cancel_now(&sending.cancel);
    pthread_join(thread, NULL);
    assert_int_equal(sending.result.error, UPLOAD_CANCELLED);
    // A cancel is permanent: the next call does not even connect.
    int connections = server->connections;
    send_on_thread(&sending);
    assert_int_equal(sending.result.error, UPLOAD_CANCELLED);
    assert_int_equal(server->connections, connections);
    server_stop(server);
}

static int open_descriptors(void) {
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries)) {
        count++;
    }
    closedir(entries);
    return count;
}

TEST(leaves_no_descriptor) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    send_to(server->url); // for descriptors that libcurl opens once
    server_stop(server);  // closes the server's descriptors
    int before = open_descriptors();
    server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(send_to(server->url).error, UPLOAD_OK);
        assert_int_equal(send_to("http://127.0.0.1:1/").error, UPLOAD_UNREACHABLE);
    }
    server_stop(server);
    assert_int_equal(open_descriptors(), before);
}

TEST(many_threads_at_once) {
    enum { THREADS = 8 };
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sending sending[THREADS] = {0};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        sending[i].request = request_to(server->url);
        assert_int_equal(pthread_create(&threads[i], NULL, send_on_thread, &sending[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(sending[i].result.error, UPLOAD_OK);
    }
    assert_int_equal(server->connections, THREADS);
    server_stop(server);
}

TEST(bad_requests) {
    static const char *const bad_urls[] = {"",        "file:///etc/passwd",      "ftp://127.0.0.1/", "gopher://127.0.0.1/x",
                                           "http://", "http://127.0.0.1:99999/", "127.0.0.1:1",      "://"};
    for (size_t i = 0; i < sizeof bad_urls / sizeof *bad_urls; i++) {
        struct upload_result result = send_to(bad_urls[i]);
        assert_int_equal(result.error, UPLOAD_BAD_URL);
        assert_true(result.text[0] != '\0');
    }
    struct upload_request request = request_to("http://127.0.0.1:1/");
    const char *const headers[] = {"X: y\r\nDD-API-KEY: z"};
    request.headers = headers;
    request.header_count = 1;
    struct upload_result result;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_BAD_REQUEST);
    request = request_to("http://127.0.0.1:1/");
    request.event = NULL;
    send_once(&request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_BAD_REQUEST);
}

TEST(no_proxy_on_the_loopback) {
    struct server *proxy = server_start(SERVER_ANSWERS, "HTTP/1.1 502 from the proxy\r\nContent-Length: 0\r\n\r\n", NULL);
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    setenv("http_proxy", proxy->url, 1);
    struct upload_result result = send_to(server->url);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_int_equal(proxy->connections, 0);
    result = send_to("http://agent.invalid:8126/"); // not loopback: the proxy is used
    assert_int_equal(result.status, 502);
    unsetenv("http_proxy");
    server_stop(server);
    server_stop(proxy);
}

// As in Go's client, unlike libcurl's default.
TEST(http_proxy_in_capitals) {
    struct server *proxy = server_start(SERVER_ANSWERS, "HTTP/1.1 502 from the proxy\r\nContent-Length: 0\r\n\r\n", NULL);
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    const char *far = "http://agent.invalid:8126/";
    setenv("HTTP_PROXY", proxy->url, 1);
    assert_int_equal(send_to(far).status, 502);
    setenv("http_proxy", "http://127.0.0.1:1", 1); // upper case takes precedence
    assert_int_equal(send_to(far).status, 502);
    unsetenv("http_proxy");
    int asked = proxy->connections;
    assert_int_equal(send_to(server->url).error, UPLOAD_OK);
    assert_int_equal(send_to("https://agent.invalid:8126/").error, UPLOAD_UNREACHABLE);
    static const char *const against[][2] = {{"NO_PROXY", ".invalid"}, {"no_proxy", "other,agent.invalid"}, {"REQUEST_METHOD", "GET"}};
    for (size_t i = 0; i < sizeof against / sizeof *against; i++) {
        setenv(against[i][0], against[i][1], 1);
        assert_int_equal(send_to(far).error, UPLOAD_UNREACHABLE);
        unsetenv(against[i][0]);
    }
    assert_int_equal(proxy->connections, asked);
    unsetenv("HTTP_PROXY");
    server_stop(server);
    server_stop(proxy);
}

// ---- One client for many batches ----

#define KEPT_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

TEST(client_keeps_its_connection) {
    struct server *server = server_start(SERVER_KEEPS_OPEN, KEPT_ANSWER, NULL);
    struct upload_client *client = upload_client_open();
    char url[64];
    memcpy(url, server->url, sizeof url);
    struct upload_request request = request_to(url);
    struct upload_result result;
    const char *const own[] = {"Datadog-Container-ID: abc"};
    for (int i = 0; i < 5; i++) {
        request.batch_headers = own;
        request.batch_header_count = i % 2; // must not be sent with the next batch
        upload_client_send(client, &request, NULL, &result);
        assert_int_equal(result.error, UPLOAD_OK);
        assert_int_equal(!!strstr(server->request, "\r\nDatadog-Container-ID: abc\r\n"), i % 2);
        assert_body_is_exact(server);
    }
    assert_int_equal(server->connections, 1);
    server_stop(server);
    upload_client_send(client, &request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_UNREACHABLE);
    upload_client_close(client);
}

TEST(connection_that_the_server_closed_meanwhile) {
    struct server *server = server_start(SERVER_ANSWERS, KEPT_ANSWER, NULL); // closes without announcing it
    struct upload_client *client = upload_client_open();
    struct upload_request request = request_to(server->url);
    struct upload_result result;
    for (int i = 0; i < 5; i++) {
        upload_client_send(client, &request, NULL, &result);
        assert_int_equal(result.error, UPLOAD_OK);
    }
    upload_client_close(client);
    server_stop(server);
}

TEST(child_does_not_use_the_connection_of_its_parent) {
    struct server *server = server_start(SERVER_KEEPS_OPEN, KEPT_ANSWER, NULL);
    struct upload_client *client = upload_client_open();
    struct upload_request request = request_to(server->url);
    struct upload_result result;
    upload_client_send(client, &request, NULL, &result);
    pid_t child = fork();
    if (child == 0) {
        upload_client_send(client, &request, NULL, &result);
        upload_client_close(client);
        _exit(result.error == UPLOAD_FORKED ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    upload_client_send(client, &request, NULL, &result);
    assert_int_equal(result.error, UPLOAD_OK);
    assert_int_equal(server->connections, 1);
    upload_client_close(client);
    server_stop(server);
}

TEST(retry_after) {
    struct server *server =
        server_start(SERVER_ANSWERS,
                     "HTTP/1.1 429 Slow\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\n"
                     "Content-Length: 0\r\n\r\n",
                     NULL);
    struct upload_result result = send_to(server->url);
    assert_int_equal(result.status, 429);
    assert_int_equal(result.retry_after_ms, 30000);
    server_stop(server);
}

// ---- A name server that hangs ----

static atomic_bool lookup_may_end;
static atomic_int lookups;

// Interposes libc's: libcurl binds to the program's definition.
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!node || strcmp(node, "slow.invalid") != 0) {
        return real(node, service, hints, found);
    }
    atomic_fetch_add(&lookups, 1);
    while (!atomic_load(&lookup_may_end)) {
        usleep(1000);
    }
    atomic_fetch_sub(&lookups, 1);
    return EAI_AGAIN;
}

TEST(time_out_does_not_wait_for_the_resolver) {
    struct upload_request request = request_to("http://slow.invalid:8126/profiling/v1/input");
    request.connect_timeout_ms = request.total_timeout_ms = 200;
    struct upload_result result;
    send_once(&request, NULL, &result); // must return although the lookup ends only below
    assert_int_equal(result.error, UPLOAD_TIMEOUT);
    while (atomic_load(&lookups) == 0) { // libcurl's thread may start the lookup only after the time-out
        usleep(1000);
    }
    atomic_store(&lookup_may_end, true);
    while (atomic_load(&lookups) > 0) {
        usleep(1000);
    }
}

int main(void) {
    return tests_run();
}
