// single_flight_test.c: concurrent calls with one key share one flight, and an abandoned flight ends.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../../http/connections.h"
#include "../single_flight.h"

#include <pthread.h>
#include <stdatomic.h>

struct client {
    int other_end;
    struct connection *connection;
};

struct scene {
    struct connections connections;
    struct single_flight flights;
    struct client clients[3];
    atomic_int made;
    int mode;
};

static int store_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    connections_init(&scene->connections, 10);
    single_flight_init(&scene->flights);
    for (size_t i = 0; i < sizeof scene->clients / sizeof *scene->clients; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        scene->clients[i] = (struct client){ends[1], connections_add(&scene->connections, ends[0], 0)};
    }
    *state = scene;
    return 0;
}

static void leave(struct client *client) {
    if (client->other_end >= 0) {
        close(client->other_end);
    }
    client->other_end = -1;
}

static int store_teardown(void **state) {
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof scene->clients / sizeof *scene->clients; i++) {
        leave(&scene->clients[i]);
        int socket = scene->clients[i].connection->socket;
        connections_remove(&scene->connections, scene->clients[i].connection);
        close(socket);
    }
    single_flight_destroy(&scene->flights);
    connections_destroy(&scene->connections);
    free(scene);
    return 0;
}

// ---- A caller ----

struct asking {
    pthread_t thread;
    struct scene *scene;
    const struct client *client;
    const char *key;
    flight_make make;
    enum receiver_error error;
    struct flight_result answer;
    atomic_bool over;
};

static bool has_left(const void *connection) {
    return connection_has_left(connection);
}

static void *ask(void *state) {
    struct asking *asking = state;
    asking->error =
        single_flight_do(&asking->scene->flights, asking->key, strlen(asking->key),
                         (struct flight_caller){asking->client->connection, has_left}, asking->make, asking->scene, &asking->answer);
    asking->over = true;
    return NULL;
}

static void start(struct asking *asking, struct scene *scene, size_t client, const char *key, flight_make make) {
    *asking = (struct asking){.scene = scene, .client = &scene->clients[client], .key = key, .make = make};
    assert_int_equal(pthread_create(&asking->thread, NULL, ask, asking), 0);
}

static void finish(struct asking *asking, enum receiver_error error, const char *json) {
    pthread_join(asking->thread, NULL);
    assert_int_equal(asking->error, error);
    assert_int_equal(asking->answer.json.size, strlen(json));
    assert_memory_equal(asking->answer.json.bytes ? asking->answer.json.bytes : "", json, strlen(json));
    json_free(&asking->answer.json);
}

static enum receiver_error at_once(void *context, struct flight *flight, struct flight_result *answer) {
    struct scene *scene = context;
    (void)flight;
    scene->made++;
    json_number(&answer->json, scene->made);
    return RECEIVER_OK;
}

// ---- Tests ----

static enum receiver_error wait_for_two(void *context, struct flight *flight, struct flight_result *answer) {
    struct scene *scene = context;
    scene->made++;
    WAIT_UNTIL(flight_caller_count(flight) == 2);
    json_text(&answer->json, "both");
    strcpy(answer->text, "said");
    return scene->mode == 0 ? RECEIVER_OK : RECEIVER_NOT_FOUND;
}

TEST_IN(store, once) {
    struct scene *scene = *state;
    static struct asking first, second, other;
    for (scene->mode = 0; scene->mode < 2; scene->mode++) {
        enum receiver_error error = scene->mode == 0 ? RECEIVER_OK : RECEIVER_NOT_FOUND;
        scene->made = 0;
        start(&first, scene, 0, "same", wait_for_two);
        WAIT_UNTIL(scene->made == 1);
        start(&other, scene, 2, "another", at_once);
        finish(&other, RECEIVER_OK, "2");
        start(&second, scene, 1, "same", wait_for_two);
        finish(&first, error, "\"both\"");
        finish(&second, error, "\"both\"");
        assert_string_equal(first.answer.text, "said");
        assert_string_equal(second.answer.text, "said");
        assert_int_equal(scene->made, 2);
    }
    start(&first, scene, 0, "same", at_once); // it has ended: the next one is a new flight
    finish(&first, RECEIVER_OK, "3");
}

static enum receiver_error until_not_wanted(void *context, struct flight *flight, struct flight_result *answer) {
    struct scene *scene = context;
    scene->made++;
    WAIT_UNTIL(!flight_is_wanted(flight));
    assert_false(flight_is_wanted(flight));
    // A new caller does not get an abandoned result.
    static struct asking late;
    start(&late, scene, 2, "same", at_once);
    finish(&late, RECEIVER_OK, "2");
    (void)answer;
    return RECEIVER_IO;
}

TEST_IN(store, left) {
    struct scene *scene = *state;
    static struct asking one;
    start(&one, scene, 0, "same", until_not_wanted);
    WAIT_UNTIL(scene->made == 1);
    leave(&scene->clients[0]);
    finish(&one, RECEIVER_CLIENT_GONE, "");
    assert_int_equal(scene->made, 2);
    start(&one, scene, 0, "same", at_once); // its client left before its turn
    finish(&one, RECEIVER_CLIENT_GONE, "");
    assert_int_equal(scene->made, 2);
}

static enum receiver_error until_stopped(void *context, struct flight *flight, struct flight_result *answer) {
    struct scene *scene = context;
    scene->made++;
    (void)answer;
    WAIT_UNTIL(flight_caller_count(flight) == 2);
    assert_true(flight_is_wanted(flight));
    single_flight_stop(&scene->flights);
    assert_false(flight_is_wanted(flight));
    return RECEIVER_IO;
}

// Who makes it, who waits for it, and who comes later.
TEST_IN(store, stopped) {
    struct scene *scene = *state;
    static struct asking first, second, late;
    start(&first, scene, 0, "same", until_stopped);
    WAIT_UNTIL(scene->made == 1);
    start(&second, scene, 1, "same", until_stopped);
    finish(&first, RECEIVER_BUSY, "");
    finish(&second, RECEIVER_BUSY, "");
    start(&late, scene, 2, "another", at_once);
    finish(&late, RECEIVER_BUSY, "");
    assert_int_equal(scene->made, 1);
}

static enum receiver_error until_one_left(void *context, struct flight *flight, struct flight_result *answer) {
    struct scene *scene = context;
    scene->made++;
    WAIT_UNTIL(flight_caller_count(flight) == 2);
    leave(&scene->clients[scene->mode]);
    // The one that makes it stays in the list; one that only waits is released.
    WAIT_UNTIL(!flight_is_wanted(flight) || flight_caller_count(flight) == (scene->mode == 0 ? 2 : 1));
    assert_true(flight_is_wanted(flight));
    json_text(&answer->json, "made");
    return RECEIVER_OK;
}

TEST_IN(store, one_of_two_left) {
    struct scene *scene = *state;
    static struct asking first, second;
    start(&first, scene, 0, "same", until_one_left);
    WAIT_UNTIL(scene->made == 1);
    start(&second, scene, 1, "same", until_one_left);
    finish(&first, RECEIVER_OK, "\"made\""); // its client has gone, the other's has not
    finish(&second, RECEIVER_OK, "\"made\"");
}

TEST_IN(store, waiting_one_left) {
    struct scene *scene = *state;
    static struct asking first, second;
    scene->mode = 1;
    start(&first, scene, 0, "same", until_one_left);
    WAIT_UNTIL(scene->made == 1);
    start(&second, scene, 1, "same", until_one_left);
    finish(&second, RECEIVER_CLIENT_GONE, "");
    finish(&first, RECEIVER_OK, "\"made\"");
}

int main(void) {
    return tests_run();
}
