// relay_test.c: each upload gets to the target, in order, whatever it answers; what the target fails at yields to others; nothing is sent
// again after a restart.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../../store/marked_uploads.h"
#include "../relay.h"
#include "../relay_state.h"

#include <stdatomic.h>

enum { MOST = 200, NO_MEMORY_HERE = 1 };

struct server {
    atomic_int calls, taken;
    int ids[MOST];       // of taken ones: the attachment's content
    long statuses[MOST]; // by call; 0: 200
    int poison;          // fails always at that one
    long fault;          // with that status; 0: 500
    int poisons;         // and at those with a lower number
    atomic_bool is_down;
    bool had_mark;
};

static void send_to(void *context, const struct upload_request *request, struct upload_result *result) {
    struct server *server = context;
    int id = atoi((const char *)request->attachments[0].bytes), call = server->calls++;
    long poisoned = server->fault ? server->fault : 500;
    long status = call < MOST && server->statuses[call]          ? server->statuses[call]
                  : id == server->poison || id < server->poisons ? poisoned
                                                                 : 200;
    *result = (struct upload_result){.status = status, .error = status == 200 ? UPLOAD_OK : UPLOAD_REJECTED};
    if (status == NO_MEMORY_HERE) {
        *result = (struct upload_result){.error = UPLOAD_NO_MEMORY};
    }
    if (server->is_down) {
        *result = (struct upload_result){.error = UPLOAD_UNREACHABLE};
    }
    if (result->error == UPLOAD_OK) {
        server->had_mark = strstr(request->batch_headers[0], "X-Datadog-Additional-Tags: relay:");
        server->ids[server->taken] = id;
        server->taken++;
    }
}

static void cancel(void *context) {
    (void)context;
}

static void upload_number(struct test_store *test, int number) {
    char bytes[20];
    snprintf(bytes, sizeof bytes, "%d", number);
    upload_bytes(test, "one", number, "a.bin", bytes, strlen(bytes) + 1);
}

static struct relay *start(struct test_store *test, const struct receiver_target *target, int64_t age_ms) {
    char text[200] = "";
    struct relay *relay = relay_start(test->store, test->directory, target, age_ms, NULL, text, sizeof text);
    if (!relay) {
        fail_msg("%s", text);
    }
    return relay;
}

static void expect_metric(struct relay *relay, const char *line) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    relay_write(&relay, 1, &(struct exposition){.out = out});
    fclose(out);
    if (!strstr(text, line)) {
        fail_msg("%s is not in %s", line, text);
    }
    free(text);
}

TEST_IN(store, faults) {
    struct test_store *test = *state;
    struct server server = {.statuses = {503, 429, 200, 413, 401}, .poison = -1};
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    struct relay *relay = start(test, &target, 0);
    for (int i = 0; i < 6; i++) {
        upload_number(test, i);
    }
    WAIT_UNTIL(server.taken == 5); // one is refused with 413
    assert_int_equal(server.taken, 5);
    bool seen[6] = {0};
    for (int i = 0; i < 5; i++) {
        assert_false(seen[server.ids[i]]);
        seen[server.ids[i]] = true;
    }
    assert_true(server.had_mark);
    WAIT_UNTIL(server.calls == 9);
    expect_metric(relay, "{target=\"there\",outcome=\"sent\"} 5\n");
    expect_metric(relay, "{target=\"there\",outcome=\"refused\"} 1\n");
    expect_metric(relay, "\ncmemprof_forward_retries_total{target=\"there\"} 3\n");
    relay_stop(relay);
    upload_number(test, 6); // while it does not run
    relay = start(test, &target, 0);
    WAIT_UNTIL(server.taken == 6);
    usleep(300000);
    assert_int_equal(server.taken, 6);
    assert_int_equal(server.ids[5], 6);
    relay_stop(relay);
}

TEST_IN(store, poison) {
    struct test_store *test = *state;
    struct server server = {.poison = 1};
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    struct relay *relay = start(test, &target, 0);
    for (int i = 0; i < 12; i++) {
        upload_number(test, i);
    }
    WAIT_UNTIL(server.taken == 11);
    assert_int_equal(server.taken, 11);
    for (int i = 0; i < 11; i++) {
        assert_int_equal(server.ids[i], i + (i >= 1)); // in order, without that one
    }
    WAIT_UNTIL(server.calls >= 11 + RELAY_STRIKES);
    usleep(100000);
    expect_metric(relay, "{target=\"there\",outcome=\"given_up\"} 1\n");
    expect_metric(relay, "\ncmemprof_forward_backlog_uploads{target=\"there\"} 0\n");
    relay_stop(relay);
}

TEST_IN(store, fails_here) {
    struct test_store *test = *state;
    struct server server = {.poison = 0, .fault = NO_MEMORY_HERE};
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    struct relay *relay = start(test, &target, 0);
    upload_number(test, 0);
    upload_number(test, 1);
    WAIT_UNTIL(server.taken == 1);
    assert_int_equal(server.taken, 1);
    assert_int_equal(server.ids[0], 1);
    relay_stop(relay);
}

// As many as can be put off were, and have one try left.
static void put_off_all(struct test_store *test, const char *key) {
    struct relay_state kept;
    assert_true(relay_state_open(&kept, test->directory, key, ""));
    for (kept.cursor = 0; kept.cursor < RELAY_PUT_OFF;) {
        assert_true(relay_state_put_off(&kept, ++kept.cursor, RELAY_STRIKES - 1));
    }
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
}

TEST_IN(store, many_poisoned) {
    enum { POISONED = RELAY_PUT_OFF + 2, GOOD = 6 };
    struct test_store *test = *state;
    struct server server = {.poison = -1, .poisons = POISONED};
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    for (int i = 0; i < POISONED + GOOD; i++) {
        upload_number(test, i);
    }
    put_off_all(test, target.key);
    struct relay *relay = start(test, &target, 0);
    WAIT_UNTIL(server.taken == GOOD);
    usleep(300000);
    assert_int_equal(server.taken, GOOD);
    bool seen[POISONED + GOOD] = {0};
    for (int i = 0; i < server.taken; i++) {
        assert_false(seen[server.ids[i]]); // none twice
        seen[server.ids[i]] = true;
    }
    expect_metric(relay, "{target=\"there\",outcome=\"sent\"} 6\n");
    relay_stop(relay);
}

static char said[400];
static void on_message(const char *text) {
    snprintf(said, sizeof said, "%s", text);
}

TEST_IN(store, beyond_the_newest) {
    struct test_store *test = *state;
    struct server server = {.poison = -1};
    struct relay_state kept;
    char text[200];
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    upload_number(test, 0);
    assert_true(relay_state_open(&kept, test->directory, target.key, ""));
    kept.cursor = 1000;
    assert_true(relay_state_put_off(&kept, 999, 1));
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
    struct relay *relay = relay_start(test->store, test->directory, &target, 0, on_message, text, sizeof text);
    assert_non_null(relay);
    assert_string_equal(said, "forward to there: its file names later uploads than there are: all stored uploads are sent again");
    WAIT_UNTIL(server.taken == 1);
    assert_int_equal(server.taken, 1);
    relay_stop(relay);
}

// That the newest ones were removed by hand makes no file one of another store.
TEST_IN(store, newest_removed) {
    struct test_store *test = *state;
    struct server server = {.poison = -1};
    struct relay_state kept;
    char text[200];
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    for (int i = 0; i < 3; i++) {
        upload_number(test, i);
    }
    assert_true(relay_state_open(&kept, test->directory, target.key, ""));
    kept.cursor = 3;
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
    assert_int_equal(store_remove(test->store, 2, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_remove(test->store, 3, text, sizeof text), RECEIVER_OK);
    reopen(test, 0);
    *said = '\0';
    struct relay *relay = relay_start(test->store, test->directory, &target, 0, on_message, text, sizeof text);
    assert_non_null(relay);
    assert_string_equal(said, "");
    upload_number(test, 3);
    WAIT_UNTIL(server.taken == 1);
    assert_int_equal(server.ids[0], 3);
    relay_stop(relay);
}

TEST_IN(store, down_and_too_old) {
    struct test_store *test = *state;
    struct server server = {.poison = -1, .is_down = true};
    const struct receiver_target target = {
        RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &server, .name = "there"}, "there", NULL};
    struct relay *relay = start(test, &target, 0);
    for (int i = 0; i < 3; i++) {
        upload_number(test, i);
    }
    WAIT_UNTIL(server.calls > 0);
    expect_metric(relay, "\ncmemprof_forward_backlog_uploads{target=\"there\"} 3\n");
    relay_stop(relay); // at once, though it waits
    usleep(20000);
    relay = start(test, &target, 10); // ms
    usleep(500000);
    expect_metric(relay, "{target=\"there\",outcome=\"too_old\"} 3\n");
    assert_int_equal(server.taken, 0);
    relay_stop(relay);
}

int main(void) {
    return tests_run();
}
