// webhook_test.c: bodies are sent in order and once; failures are tried again, refusals are not; the end does not wait.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../webhook.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WAIT_UNTIL(condition)                                                                                                              \
    for (int tries = 0; tries < 12000 && !(condition); tries++)                                                                            \
    usleep(5000)

// Answers with a list of statuses, 200 behind it.
struct server {
    long statuses[8];
    atomic_int calls;
    char bodies[8][64]; // the site of each
    atomic_bool cancelled, hangs;
};

static void send_to(void *context, const struct upload_request *request, struct upload_result *result) {
    struct server *server = context;
    int call = server->calls;
    const char *site = memmem(request->event, request->event_size, "\"site\":\"", 8);
    if (call < 8) {
        snprintf(server->bodies[call], sizeof server->bodies[call], "%.*s", (int)strcspn(site + 8, "\""), site + 8);
    }
    long status = call < 8 && server->statuses[call] ? server->statuses[call] : 200;
    while (server->hangs && !server->cancelled) {
        usleep(1000);
    }
    *result = (struct upload_result){.error = server->hangs  ? UPLOAD_CANCELLED
                                              : status < 300 ? UPLOAD_OK
                                                             : UPLOAD_REJECTED,
                                     .status = status,
                                     .retry_after_ms = status >= 500 ? 1 : 0};
    server->calls++;
}

static void cancel(void *context) {
    ((struct server *)context)->cancelled = true;
}

static atomic_int messages;
static void on_message(const char *text) {
    assert_true(strncmp(text, "webhook: somewhere: rejected", 28) == 0);
    messages++;
}

static void take(struct alerts *alerts, const char *first, const char *second) {
    struct findings findings = {.service = "shop", .host = ""};
    const char *const sites[] = {first, second};
    for (int i = 0; i < 2; i++) {
        struct finding *finding = findings_add(&findings, "c_leak", MEASURE_C_LIVE_BYTES, SEVERITY_HIGH, 1);
        snprintf(finding->site, sizeof finding->site, "%s", sites[i]);
    }
    alerts_take(alerts, &findings, 1767323700000 + (int64_t)1e12);
    findings_free(&findings);
}

TEST(order) {
    char directory[FOLDER_BYTES];
    struct server server = {.statuses = {500, 503, 200, 400}};
    const struct receiver_outlet outlet = {.send = send_to, .cancel = cancel, .sender = &server, .name = "somewhere"};
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    struct webhook *webhook = webhook_start(alerts, &outlet, on_message);
    take(alerts, "one", "two");
    webhook_wake(webhook);
    WAIT_UNTIL(server.calls == 4);
    take(alerts, "one", "three");
    webhook_wake(webhook);
    WAIT_UNTIL(server.calls == 5);
    usleep(50000);
    assert_int_equal(server.calls, 5);
    static const char *const expected[] = {"one", "one", "one", "two", "three"};
    for (int i = 0; i < 5; i++) {
        assert_string_equal(server.bodies[i], expected[i]);
    }
    assert_int_equal(messages, 2); // of the first failure, and of the refusal
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    webhook_write(webhook, &(struct exposition){.out = out});
    fclose(out);
    assert_non_null(strstr(text, "{outcome=\"sent\"} 2\n"));
    assert_non_null(strstr(text, "{outcome=\"refused\"} 1\n"));
    assert_non_null(strstr(text, "\ncmemprof_webhook_failures_total 2\n"));
    assert_non_null(strstr(text, "\ncmemprof_webhook_waiting 0\n"));
    free(text);
    webhook_stop(webhook);
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(end) {
    char directory[FOLDER_BYTES];
    struct server server = {.hangs = true};
    struct alerts_body body;
    const struct receiver_outlet outlet = {.send = send_to, .cancel = cancel, .sender = &server, .name = "somewhere"};
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    take(alerts, "one", "two");
    struct webhook *webhook = webhook_start(alerts, &outlet, NULL);
    usleep(20000);
    webhook_stop(webhook);
    assert_true(alerts_next(alerts, 1767323700000 + (int64_t)1e12, &body)); // it is still there
    assert_non_null(strstr(body.json, "\"one\""));
    free(body.json);
    webhook_stop(NULL);
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

int main(void) {
    return tests_run();
}
