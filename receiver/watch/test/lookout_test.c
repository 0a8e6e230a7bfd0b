// lookout_test.c: what the watch finds gets to the webhook, once.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../lookout.h"
#include "../../../base/utc.h"

#include <stdatomic.h>

struct server {
    atomic_int calls;
    char body[4096];
};

static void send_to(void *context, const struct upload_request *request, struct upload_result *result) {
    struct server *server = context;
    snprintf(server->body, sizeof server->body, "%.*s", (int)request->event_size, (const char *)request->event);
    *result = (struct upload_result){.error = UPLOAD_OK, .status = 204};
    server->calls++;
}

static void cancel(void *context) {
    (void)context;
}

static void upload_now(struct test_store *test, int minutes_ago, int64_t c) {
    struct pending_upload *pending;
    struct blob blob = heap_blob(50000000, c);
    char event[300], text[200] = "";
    int64_t id, start_ms = (int64_t)time(NULL) * 1000 - 60000 * minutes_ago;
    char start[UTC_TEXT_BYTES], end[UTC_TEXT_BYTES];
    utc_text(start_ms, start);
    utc_text(start_ms + 60000, end);
    snprintf(event, sizeof event,
             "{\"start\":\"%s\",\"end\":\"%s\",\"family\":\"go\",\"version\":\"4\",\"tags_profiler\":\"service:shop,runtime-id:1\"}", start,
             end);
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "delta-heap.pprof", text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_write(pending, (const char *)blob.bytes, blob.size), RECEIVER_OK);
    assert_int_equal(keep(pending, event, NULL, &id, text), RECEIVER_OK);
    pending_upload_free(pending);
    free(blob.bytes);
}

TEST_IN(store, told_once) {
    struct test_store *test = *state;
    struct server server = {0};
    const struct receiver_outlet outlet = {.send = send_to, .cancel = cancel, .sender = &server, .name = "somewhere"};
    const struct receiver_options options = {.data_directory = test->directory, .webhook = &outlet, .analysis_ms = 20};
    for (int i = 0; i < 12; i++) {
        upload_now(test, 20 - i, 5000000 + 6000000 * i);
    }
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0);
    struct lookout lookout = {0};
    assert_true(lookout_start(&lookout, test->store, &options, "http://here/"));
    WAIT_UNTIL(server.calls > 0);
    usleep(300000); // more analyses
    assert_int_equal(server.calls, 1);
    assert_non_null(strstr(server.body, "\"kind\":\"c_leak\""));
    assert_non_null(strstr(server.body, "\"link\":\"http://here/profile?service=shop&"));
    lookout_stop(&lookout);
    assert_true(lookout_start(&lookout, test->store, &options, "http://here/"));
    usleep(300000);
    assert_int_equal(server.calls, 1);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    lookout_write(&lookout, &(struct exposition){.out = out});
    fclose(out);
    assert_non_null(strstr(text, "\ncmemprof_webhook_findings 1\n"));
    free(text);
    lookout_stop(&lookout);
    lookout_stop(&lookout); // it is stopped
}

static char said[400];
static void on_message(const char *text) {
    snprintf(said, sizeof said, "%s", text);
}

TEST_IN(store, without_alerts) {
    struct test_store *test = *state;
    struct server server = {0};
    struct lookout lookout = {0};
    const struct receiver_outlet outlet = {.send = send_to, .cancel = cancel, .sender = &server, .name = "somewhere"};
    const struct receiver_options options = {.data_directory = "/nowhere", .webhook = &outlet, .on_message = on_message};
    assert_true(lookout_start(&lookout, test->store, &options, "http://here/"));
    assert_non_null(strstr(said, "webhook: no alerts are sent"));
    lookout_stop(&lookout);
}

int main(void) {
    return tests_run();
}
