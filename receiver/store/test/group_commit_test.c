// group_commit_test.c: many uploads at once: each is answered once, with its own id and content, the bad ones with their reason.

#include "../../../base/test/test.h"

#include "../../base/counters.h"
#include "../../test/count_uploads.h"
#include "../../test/test_store.h"

#include <sys/resource.h>
#include <signal.h>

enum { THREADS = 8, UPLOADS = 20 };

struct client {
    struct test_store *test;
    int number, wrong;
};

static void *add_many(void *state) {
    struct client *client = state;
    for (int i = 0; i < UPLOADS; i++) {
        char content[20], text[200] = "";
        int64_t id = 0;
        bool good = i % 4 != 3;
        snprintf(content, sizeof content, "%d-%d", client->number, i);
        enum receiver_error error = add(client->test, good ? EVENT : "[", content, &id, text);
        client->wrong += error != (good ? RECEIVER_OK : RECEIVER_BAD_UPLOAD);
        if (good) {
            struct catalog_attachment attachment;
            char bytes[20] = "";
            int file = -1;
            client->wrong += store_read(client->test->store, id, "a.pprof", true, &attachment, &file) != RECEIVER_OK;
            client->wrong += read(file, bytes, sizeof bytes - 1) < 0 || strcmp(bytes, content) != 0;
            close(file);
        }
    }
    return NULL;
}

TEST_IN(store, many_at_once) {
    struct test_store *test = *state;
    pthread_t threads[THREADS];
    struct client clients[THREADS];
    for (int i = 0; i < THREADS; i++) {
        clients[i] = (struct client){test, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &clients[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].wrong, 0);
    }
    struct fixture fixture = {0};
    strcpy(fixture.directory, test->directory);
    assert_int_equal(count_files(&fixture, "uploads"), THREADS * UPLOADS / 4 * 3);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
    assert_int_equal(count_uploads(store_catalog(test->store)), THREADS * UPLOADS / 4 * 3);
}

// The index cannot grow: the upload is refused, nothing of it stays, and reading goes on. Later it works again.
TEST_IN(store, index_full) {
    struct test_store *test = *state;
    struct rlimit before, small;
    char text[200];
    int64_t id;
    add_good(test, "first");
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    enum receiver_error error = add(test, EVENT, "second", &id, text);
    setrlimit(RLIMIT_FSIZE, &before);
    // SQLite reports a file size limit as an I/O error; a really full disk is tested in e2e/receiver.
    assert_true(error == RECEIVER_DISK_FULL || error == RECEIVER_IO);
    struct fixture fixture = {0};
    strcpy(fixture.directory, test->directory);
    assert_int_equal(count_files(&fixture, "uploads"), 1);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
    assert_true(catalog_has(store_catalog(test->store), 1));
    assert_true(add_good(test, "third") > 1);
    assert_int_equal(count_uploads(store_catalog(test->store)), 2);
    struct counters *counters = store_counters(test->store);
    unsigned long long timed = 0; // of those that were stored
    for (size_t i = 0; i <= COUNTERS_BUCKETS; i++) {
        timed += counters_get(&counters->commits[i]);
    }
    assert_true(timed == 2 && counters_get(&counters->stored) == 2);
}

TEST_IN(store, stopped) {
    struct test_store *test = *state;
    char text[200];
    int64_t id;
    store_stop(test->store);
    assert_int_equal(add(test, EVENT, "x", &id, text), RECEIVER_BUSY);
}

int main(void) {
    return tests_run();
}
