// Tests out-of-memory handling while a batch is created, queued, spooled and sent: every allocation on this thread, including libcurl's,
// fails once, and in a second round all later ones too. The batch must be sent, wait or be counted; with memory again the next
// one must arrive.
//
// malloc, calloc and realloc are interposed here and forward to glibc. With a sanitizer nothing fails, since it has its own.

#include "../../base/test/test.h"

#include "../client.h"
#include "../../upload/test/batches.h"
#include "loopback_server.h"

static __thread long countdown; // the allocation that fails; 0: none
static __thread bool onwards;   // later ones fail too
static __thread bool failed;
// libcurl 7.88 waits for an answer to a request that it had no memory to send.
static long total_timeout_ms;

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void) {
    bool now = (countdown > 0 && --countdown == 0) || (failed && onwards);
    failed |= now;
    return now;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    return fails() ? NULL : __libc_realloc(old, size);
}
#endif

static const char answer[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

static void send_next(struct upload_queue *queue, struct upload_client *client, const char *url) {
    uint64_t wait_ns;
    static const char *const headers[] = {"User-Agent: test"};
    struct upload_batch *batch = upload_queue_next(queue, &wait_ns);
    if (!batch) {
        return;
    }
    struct upload_request request = {.url = url, .headers = headers, .header_count = 1, .total_timeout_ms = total_timeout_ms};
    struct upload_result result;
    upload_batch_fill(batch, &request);
    upload_client_send(client, &request, NULL, &result);
    upload_queue_settle(queue, batch, &result);
}

// Takes a batch through all steps. Caller checks the queue and the client afterwards.
static bool one_batch(struct upload_queue *queue, struct upload_client *client, const char *url, unsigned number) {
    char event[] = "event";
    const struct upload_attachment attachment = {"delta-heap.pprof", answer, sizeof answer};
    struct upload_batch *batch = upload_batch_new(
        &(struct upload_request){.attachments = &attachment, .attachment_count = 1, .event = event, .event_size = number % 5 + 1});
    if (!batch) {
        return false;
    }
    upload_queue_add(queue, batch);
    send_next(queue, client, url);
    return true;
}

static uint64_t now; // of the queue's clock
static uint64_t half_a_period_later(void *context) {
    (void)context;
    return now += 30ULL * 1000 * 1000 * 1000;
}

// Returns the number of rounds until nothing failed.
static long each(bool also_later, const char *spool) {
    struct server *server = server_start(SERVER_KEEPS_OPEN, answer, NULL);
    assert_non_null(server);
    long n = 0;
    for (bool reached = true; reached && n < 5000;) {
        n++;
        struct upload_queue_options options = {.spool = spool, .now_ns = half_a_period_later};
        struct upload_queue *queue = upload_queue_open(&options);
        struct upload_client *client = upload_client_open();
        assert_non_null(queue);
        assert_non_null(client);
        countdown = n;
        onwards = also_later;
        failed = false;
        total_timeout_ms = 500;
        bool added = one_batch(queue, client, server->url, 1);
        reached = failed;
        countdown = 0;
        onwards = failed = false;
        total_timeout_ms = 60000;
        struct upload_counts counts;
        // The test server handles one connection at a time, and libcurl may keep one on which it could not send.
        upload_client_close(client);
        client = upload_client_open();
        assert_non_null(client);
        one_batch(queue, client, server->url, 2);
        for (int i = 0; i < 3; i++) { // batches that still wait
            send_next(queue, client, server->url);
        }
        upload_client_close(client);
        upload_queue_close(queue, &counts);
        assert_int_equal(counts.sent + counts.failed, 1 + added);
        assert_int_equal(counts.failed + counts.dropped + counts.spool_dropped + counts.spool_damaged, 0);
    }
    server_stop(server);
    return n;
}

TEST_IN(folder, each_allocation) {
    long rounds[] = {each(false, NULL), each(true, NULL), each(false, folder), each(true, folder)};
#ifndef __SANITIZE_ADDRESS__
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        assert_in_range(rounds[i], 10, 4999);
    }
#else
    (void)rounds;
#endif
}

TEST_IN(folder, opening) {
    for (int also_later = 0; also_later < 2; also_later++) {
        bool reached = true;
        for (long n = 1; reached; n++) {
            countdown = n;
            onwards = also_later != 0;
            failed = false;
            struct upload_queue_options options = {.spool = folder};
            struct upload_queue *queue = upload_queue_open(&options);
            struct upload_client *client = upload_client_open();
            reached = failed;
            countdown = 0;
            onwards = failed = false;
            if (queue) {
                upload_queue_close(queue, NULL);
            }
            upload_client_close(client);
            client = upload_client_open();
            assert_non_null(client);
            upload_client_close(client);
        }
    }
}

int main(void) {
    return tests_run();
}
