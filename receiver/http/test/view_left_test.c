// view_left_test.c: an analysis, and any view of many files, ends when its client has gone (over HTTP).

#include "../../../base/test/test.h"

#include "../../test/http.h"
#include "../../test/profiles.h"

#include <poll.h>
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

// The receiver runs in this process, so its end of the connection is among the descriptors here.
static bool has_heard_of_end(const struct sockaddr_in *client) {
    for (int file = 3; file < 1024; file++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        struct pollfd end = {.fd = file, .events = POLLRDHUP};
        if (getpeername(file, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET && peer.sin_port == client->sin_port &&
            poll(&end, 1, 0) > 0) {
            return true;
        }
    }
    return false;
}

TEST(left) {
    static const struct receiver_symbols symbols = {
        .directory = "/nonexistent", .namer = {.name = name}, .state = state_of_files, .read_build_id = read_no_build_id};
    struct fixture fixture;
    assert_int_equal(folder_make(fixture.directory), 0);
    struct receiver_options options = {.listen = "127.0.0.1:0", .data_directory = fixture.directory, .symbols = &symbols};
    assert_int_equal(receiver_start(&options, &fixture.receiver, NULL, 0), RECEIVER_OK);
    fixture.port = receiver_port(fixture.receiver);
    for (int i = 0; i < UPLOADS; i++) {
        post_nameless(fixture.port, i);
    }
    may_go_on = false;
    static const char request[] = "GET /api/analysis HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    int connection = http_connect(fixture.port);
    assert_int_equal(getsockname(connection, (struct sockaddr *)&own, &size), 0);
    assert_int_equal(send(connection, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    WAIT_UNTIL(asked == 1);
    close(connection);
    WAIT_UNTIL(has_heard_of_end(&own));
    assert_true(has_heard_of_end(&own));
    may_go_on = true;
    receiver_stop(fixture.receiver); // which waits for the view in flight
    assert_int_equal(asked, 1);
    // The one that stays gets the answer, from all files.
    assert_int_equal(receiver_start(&options, &fixture.receiver, NULL, 0), RECEIVER_OK);
    expect_get(receiver_port(fixture.receiver), "/api/analysis", 200, "\"uploads\":20");
    assert_int_equal(asked, 1 + UPLOADS);
    receiver_stop(fixture.receiver);
    assert_int_equal(folder_remove(fixture.directory), 0);
}

int main(void) {
    return tests_run();
}
