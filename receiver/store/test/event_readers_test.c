// event_readers_test.c: many threads read events at once, with few readers that are kept.

#include "../../../base/test/test.h"

#include "../event_readers.h"

enum { THREADS = 8, EVENTS = 50 };

static struct event_readers readers;

static void *read_many(void *state) {
    int *wrong = state;
    for (int i = 0; i < EVENTS; i++) {
        char json[60], text[200] = "";
        struct upload_event event;
        int size = snprintf(json, sizeof json, i % 2 ? "{\"tags_profiler\":\"service:s%d\"" : "{\"tags_profiler\":\"service:s%d\"}", i);
        enum receiver_error error = event_readers_read(&readers, json, (size_t)size, "team:a", &event, text, sizeof text);
        snprintf(json, sizeof json, "service:s%d,,team:a", i);
        *wrong += error != (i % 2 ? RECEIVER_BAD_UPLOAD : RECEIVER_OK) || (error == RECEIVER_OK && strcmp(event.tags, json) != 0);
        if (error == RECEIVER_OK) {
            upload_event_free(&event);
        }
    }
    return NULL;
}

TEST(many_at_once) {
    pthread_t threads[THREADS];
    int wrong[THREADS] = {0};
    event_readers_init(&readers);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &wrong[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(wrong[i], 0);
    }
    assert_in_range(readers.count, 1, EVENT_READERS_MAX_KEPT);
    event_readers_destroy(&readers);
}

int main(void) {
    return tests_run();
}
