// place.h: a store in a fresh directory, for the tests of what writes into it and reads from it.
#ifndef CMEMPROF_RECEIVER_TEST_PLACE_H
#define CMEMPROF_RECEIVER_TEST_PLACE_H

#include "http.h"

#include "../store.h"

struct place {
    char directory[64];
    struct store *store;
};

static inline void reopen(struct place *place, uint32_t keep) {
    char text[256] = "";
    store_close(place->store);
    if (store_open(place->directory, keep, &place->store, text, sizeof text) != RECEIVER_OK) {
        fail_msg("store_open: %s", text);
    }
}

static inline int setup(void **state) {
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->directory, "/tmp/cmemprof-test-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    reopen(place, 100);
    *state = place;
    return 0;
}

static inline int teardown(void **state) {
    struct place *place = *state;
    char command[128];
    store_close(place->store);
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    free(place);
    return system(command);
}

static inline enum receiver_error add(struct place *place, const char *event, const char *content, int64_t *id, char *text) {
    struct incoming *incoming;
    assert_int_equal(incoming_new(place->store, &incoming), RECEIVER_OK);
    assert_int_equal(incoming_attachment(incoming, "a.pprof", text, 200), RECEIVER_OK);
    assert_int_equal(incoming_write(incoming, content, strlen(content)), RECEIVER_OK);
    enum receiver_error error = incoming_keep(incoming, event, strlen(event), NULL, id, text, 200);
    incoming_free(incoming);
    return error;
}

static inline int64_t add_good(struct place *place, const char *content) {
    int64_t id = 0;
    char text[200] = "";
    assert_int_equal(add(place, EVENT, content, &id, text), RECEIVER_OK);
    return id;
}

#endif
