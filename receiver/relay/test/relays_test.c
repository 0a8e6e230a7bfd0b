// relays_test.c: several targets get the same uploads, each at its own pace; more than there may be are refused.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../relays.h"

#include <stdatomic.h>

static void send_to(void *context, const struct upload_request *request, struct upload_result *result) {
    (void)request;
    atomic_int *calls = context;
    *result = (struct upload_result){.error = UPLOAD_OK, .status = 200};
    (*calls)++;
}

static void cancel(void *context) {
    (void)context;
}

TEST_IN(store, several) {
    struct test_store *test = *state;
    atomic_int calls[2] = {0};
    const struct receiver_target targets[] = {
        {RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &calls[0], .name = "one"}, "one", NULL},
        {RECEIVER_TARGET_DATADOG, {.send = send_to, .cancel = cancel, .sender = &calls[1], .name = "two"}, "two", NULL}};
    const struct receiver_target *list[RELAYS_MAX + 1] = {&targets[0], &targets[1]};
    struct receiver_options options = {.data_directory = test->directory, .targets = list, .target_count = 2};
    struct relays relays = {0};
    char text[200] = "", *metrics;
    size_t size;
    add_good(test, "x"); // before the first start: it is not forwarded
    assert_true(relays_start(&relays, test->store, &options, text, sizeof text));
    add_good(test, "x");
    add_good(test, "x");
    WAIT_UNTIL(calls[0] == 2 && calls[1] == 2);
    usleep(300000);
    assert_true(calls[0] == 2 && calls[1] == 2);
    FILE *out = open_memstream(&metrics, &size);
    relays_write(&relays, &(struct exposition){.out = out});
    fclose(out);
    assert_non_null(strstr(metrics, "\ncmemprof_forward_uploads_total{target=\"two\",outcome=\"sent\"} 2\n"));
    assert_non_null(strstr(metrics, "\ncmemprof_forward_backlog_uploads{target=\"one\"} 0\n"));
    free(metrics);
    relays_stop(&relays);
    options.target_count = RELAYS_MAX + 1;
    assert_false(relays_start(&relays, test->store, &options, text, sizeof text));
    assert_non_null(strstr(text, "8 targets at most"));
    relays_stop(&relays);
}

static char told[4096];

static void tell(const char *text) {
    strncat(told, text, sizeof told - strlen(told) - 1);
}

static void send_nothing(void *context, const struct upload_request *request, struct upload_result *result) {
    (void)context, (void)request;
    *result = (struct upload_result){.error = UPLOAD_UNREACHABLE};
}

// One address, two tenants: the second one's backlog is its own, also when the first one is given no more, which is said.
TEST_IN(store, of_one_address) {
    struct test_store *test = *state;
    atomic_int calls = 0;
    const struct receiver_target first = {
        RECEIVER_TARGET_OTLP, {.send = send_nothing, .cancel = cancel, .name = "http://x"}, "otlp:x a", NULL};
    struct receiver_target second = {
        RECEIVER_TARGET_DATADOG, {.send = send_nothing, .cancel = cancel, .name = "http://x#2"}, "otlp:x b", NULL};
    const struct receiver_target *both[] = {&first, &second}, *alone[] = {&second};
    struct receiver_options options = {.data_directory = test->directory, .targets = both, .target_count = 2, .on_message = tell};
    struct relays relays = {0};
    char text[200] = "";
    assert_true(relays_start(&relays, test->store, &options, text, sizeof text));
    add_good(test, "x");
    add_good(test, "x");
    relays_stop(&relays);
    assert_null(strstr(told, "no --forward"));
    second.outlet.send = send_to;
    second.outlet.sender = &calls;
    options.targets = alone;
    options.target_count = 1;
    assert_true(relays_start(&relays, test->store, &options, text, sizeof text));
    WAIT_UNTIL(calls == 2);
    assert_non_null(
        strstr(told, "forward to http://x: no --forward of this start is this target, to which 2 stored uploads were not sent"));
    assert_null(strstr(told, "http://x#2: no --forward"));
    relays_stop(&relays);
}

int main(void) {
    return tests_run();
}
