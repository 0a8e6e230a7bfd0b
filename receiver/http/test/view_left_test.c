// view_left_test.c: an analysis, and any view of many files, ends when its client has gone or the receiver is stopped (over HTTP).

#include "../../../base/test/test.h"

#include "../../test/http.h"
#include "../../test/profiles.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

// Names nothing. Is asked for each file, since all have one location without a name; the first call blocks until released.
static atomic_int asked;
static atomic_bool may_go_on;

static size_t name(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                   struct profile_line lines[PROFILE_NAMER_LINES]) {
    (void)context, (void)profile, (void)mapping, (void)address, (void)lines;
    asked++;
    WAIT_UNTIL(may_go_on);
    return 0;
}

static uint64_t state_of_files(void *context) {
    (void)context;
    return 1;
}

static bool read_no_build_id(const char *path, char build_id[RECEIVER_BUILD_ID_BYTES]) {
    (void)path, (void)build_id;
    return false;
}

enum { UPLOADS = 20 };

static void post_nameless(uint16_t port, int second) {
    struct text body = {0};
    char event[400];
    struct profile *profile = new_heap_profile();
    uint32_t mapping = profile_add_mapping(
        profile, &(struct profile_mapping){.memory_start = 0x1000, .memory_limit = 0x9000, .file = "/bin/app", .build_id = "ab12"});
    uint32_t location = profile_add_location(profile, mapping, 0x2000, NULL, 0);
    profile_add_sample(profile, &location, 1, VALUES(1, 1000, 1, 1000), NULL, 0);
    struct blob blob = finish(profile);
    snprintf(event, sizeof event,
             "{\"start\":\"2026-01-02T03:04:%02dZ\",\"end\":\"2026-01-02T03:04:%02dZ\","
             "\"tags_profiler\":\"service:shop,host:vm,runtime-id:1\"}",
             second, second + 1);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", event);
    body_part_bytes(&body, "name=\"h\"; filename=\"delta-heap.pprof\"", blob.bytes, blob.size);
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":");
    free(blob.bytes);
}

// The receiver runs in this process, so its end of the connection is among the descriptors here. events 0: whether it is open.
static bool has_end(const struct sockaddr_in *client, short events) {
    for (int file = 3; file < 1024; file++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        struct pollfd end = {.fd = file, .events = events};
        if (getpeername(file, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET && peer.sin_port == client->sin_port &&
            (events == 0 || poll(&end, 1, 0) > 0)) {
            return true;
        }
    }
    return false;
}

struct scene {
    struct fixture fixture;
    struct receiver_options options;
    int connection; // of the client that asks for an analysis, which is under way
    struct sockaddr_in own;
};

static void start_again(struct scene *scene) {
    assert_int_equal(receiver_start(&scene->options, &scene->fixture.receiver, NULL, 0), RECEIVER_OK);
    scene->fixture.port = receiver_port(scene->fixture.receiver);
}

static void begin(struct scene *scene) {
    static const struct receiver_symbols symbols = {
        .directory = "/nonexistent", .namer = {.name = name}, .state = state_of_files, .read_build_id = read_no_build_id};
    static const char request[] = "GET /api/analysis HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    socklen_t size = sizeof scene->own;
    assert_int_equal(folder_make(scene->fixture.directory), 0);
    scene->options = (struct receiver_options){.listen = "127.0.0.1:0", .data_directory = scene->fixture.directory, .symbols = &symbols};
    start_again(scene);
    for (int i = 0; i < UPLOADS; i++) {
        post_nameless(scene->fixture.port, i);
    }
    may_go_on = false;
    asked = 0;
    scene->connection = http_connect(scene->fixture.port);
    assert_int_equal(getsockname(scene->connection, (struct sockaddr *)&scene->own, &size), 0);
    assert_int_equal(send(scene->connection, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    WAIT_UNTIL(asked == 1);
}

// The one that stays gets the answer, from all files.
static void end(struct scene *scene) {
    asked = 0;
    start_again(scene);
    expect_get(scene->fixture.port, "/api/analysis", 200, "\"uploads\":20");
    assert_int_equal(asked, UPLOADS);
    receiver_stop(scene->fixture.receiver);
    assert_int_equal(folder_remove(scene->fixture.directory), 0);
}

TEST(left) {
    struct scene scene;
    begin(&scene);
    close(scene.connection);
    WAIT_UNTIL(has_end(&scene.own, POLLRDHUP));
    assert_true(has_end(&scene.own, POLLRDHUP));
    may_go_on = true;
    WAIT_UNTIL(!has_end(&scene.own, 0));
    assert_false(has_end(&scene.own, 0));
    assert_int_equal(asked, 1);
    receiver_stop(scene.fixture.receiver);
    end(&scene);
}

static void *stop(void *receiver) {
    receiver_stop(receiver);
    return NULL;
}

// Views are stopped before other requests are refused. On a connection that is there: new ones are not let in.
static bool is_refused(int connection) {
    static const char request[] = "GET /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char answer[64 << 10] = "";
    size_t size = 0, wanted = sizeof answer - 1;
    assert_int_equal(send(connection, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    while (size < wanted) {
        ssize_t count = recv(connection, answer + size, wanted - size, 0);
        assert_true(count > 0);
        size += (size_t)count;
        const char *blank = strstr(answer, "\r\n\r\n"), *length = strstr(answer, "Content-Length: ");
        if (blank && wanted == sizeof answer - 1) {
            assert_non_null(length);
            wanted = (size_t)(blank + 4 - answer) + strtoul(length + strlen("Content-Length: "), NULL, 10);
            assert_true(wanted < sizeof answer);
        }
    }
    return strncmp(answer, "HTTP/1.1 503", 12) == 0;
}

// The receiver is stopped: who waits is told so, and the work ends.
TEST(stopped) {
    struct scene scene;
    pthread_t stopping;
    char status[13] = "";
    begin(&scene);
    int other = http_connect(scene.fixture.port);
    assert_false(is_refused(other));
    assert_int_equal(pthread_create(&stopping, NULL, stop, scene.fixture.receiver), 0);
    WAIT_UNTIL(is_refused(other));
    close(other);
    may_go_on = true;
    assert_int_equal(recv(scene.connection, status, sizeof status - 1, MSG_WAITALL), sizeof status - 1);
    assert_string_equal(status, "HTTP/1.1 503");
    close(scene.connection);
    pthread_join(stopping, NULL);
    assert_int_equal(asked, 1);
    end(&scene);
}

int main(void) {
    return tests_run();
}
