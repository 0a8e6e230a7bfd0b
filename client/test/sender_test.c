// sender_test.c: batches and bodies arrive by way of the other process, signed; a dead one is replaced, and a slow server can be left.

#include "../../base/test/test.h"

#include "../sender.h"
#include "../hmac.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include "loopback_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct upload_request batch_of(char *bytes, size_t size) {
    static struct upload_attachment attachment;
    static const char *const headers[] = {"X-Of-Batch: 1"};
    attachment = (struct upload_attachment){"cpu.pprof", bytes, size};
    return (struct upload_request){.attachments = &attachment,
                                   .attachment_count = 1,
                                   .batch_headers = headers,
                                   .batch_header_count = 1,
                                   .event = "{}",
                                   .event_size = 2};
}

TEST(batch) {
    struct server *server = server_start(SERVER_KEEPS_OPEN, OK_ANSWER, NULL);
    struct upload_result result;
    static const char *const headers[] = {"DD-API-KEY: abc"};
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url, .headers = headers, .header_count = 1});
    assert_non_null(sender);
    size_t size = 3000000; // many packets
    char *bytes = malloc(size);
    memset(bytes, 'p', size);
    for (int i = 0; i < 3; i++) {
        struct upload_request request = batch_of(bytes, i == 1 ? 1 : size);
        sender_send(sender, &request, &result);
        if (result.error != UPLOAD_OK || result.status != 200) {
            fail_msg("%d %ld %s", result.error, result.status, result.text);
        }
    }
    assert_non_null(strstr(server->request, "\r\nDD-API-KEY: abc\r\n"));
    assert_non_null(strstr(server->request, "\r\nX-Of-Batch: 1\r\n"));
    assert_non_null(strstr(server->request, "filename=\"cpu.pprof\""));
    assert_int_equal(server->connections, 1);
    sender_stop(sender);
    server_stop(server);
    free(bytes);
    sender_stop(NULL);
}

TEST(signed_body) {
    struct server *server = server_start(SERVER_ANSWERS, "HTTP/1.1 422 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad", NULL);
    struct upload_result result;
    char hex[HMAC_HEX_BYTES], line[120];
    static const char *const headers[] = {"Content-Type: application/json"};
    struct sender *sender =
        sender_start(&(struct sender_options){.url = server->url, .headers = headers, .header_count = 1, .secret = "key", .is_raw = true});
    sender_send(sender, &(struct upload_request){.event = "{\"a\":1}", .event_size = 7}, &result);
    assert_int_equal(result.error, UPLOAD_REJECTED);
    assert_int_equal(result.status, 422);
    assert_string_equal(result.text, "bad");
    hmac_sha256_hex("key", 3, "{\"a\":1}", 7, hex);
    snprintf(line, sizeof line, "\r\nX-Cmemprof-Signature: sha256=%s\r\n", hex);
    assert_non_null(strstr(server->request, line));
    assert_non_null(strstr(server->request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(server->request, "\r\n\r\n{\"a\":1}"));
    sender_send(sender, &(struct upload_request){0}, &result);
    assert_int_equal(result.error, UPLOAD_BAD_REQUEST);
    sender_stop(sender);
    server_stop(server);
}

// A process whose parent is that one; 0: none.
static pid_t child_of(pid_t parent) {
    DIR *all = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *entry; (entry = readdir(all));) {
        char path[300];
        int of = 0;
        char state = '?';
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (file) {
            if (fscanf(file, "%*d (%*[^)]) %c %d", &state, &of) == 2 && of == parent && state != 'Z') {
                found = atoi(entry->d_name);
            }
            fclose(file);
        }
    }
    closedir(all);
    return found;
}

static pid_t worker_of(pid_t keeper) {
    pid_t worker = 0;
    for (int tries = 0; tries < 5000 && worker == 0; tries++) {
        worker = child_of(keeper);
        usleep(1000);
    }
    assert_true(worker > 0);
    return worker;
}

TEST(killed) {
    struct server *server = server_start(SERVER_SILENT, NULL, NULL);
    struct upload_result result;
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url, .timeout_ms = 600000});
    pid_t keeper = child_of(getpid()), worker = worker_of(keeper);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(200000);
        kill(worker, SIGKILL);
        _exit(0);
    }
    struct upload_request request = batch_of("x", 1);
    sender_send(sender, &request, &result);
    assert_int_equal(result.error, UPLOAD_NO_MEMORY); // which is tried again
    assert_non_null(strstr(result.text, "was killed"));
    server_stop(server);
    server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    sender_send(sender, &request, &result); // by another process; the address is that of the old server
    assert_int_equal(result.error, UPLOAD_UNREACHABLE);
    assert_null(strstr(result.text, "has ended"));
    sender_stop(sender);
    server_stop(server);
}

static bool is_running(pid_t process) {
    char path[40], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (file) {
        (void)!fscanf(file, "%*d (%*[^)]) %c", &state);
        fclose(file);
    }
    return file && state != 'Z';
}

static void expect_end(pid_t process) {
    for (int tries = 0; tries < 5000 && is_running(process); tries++) {
        usleep(1000);
    }
    assert_false(is_running(process));
}

static int socket_of(struct sender *sender) {
    int socket = -1; // the first member
    memcpy(&socket, sender, sizeof socket);
    return socket;
}

// That a process has ended.
static void wait_for_word(struct sender *sender) {
    assert_int_equal(poll(&(struct pollfd){.fd = socket_of(sender), .events = POLLIN}, 1, 20000), 1);
}

static void expect_sent(struct sender *sender) {
    struct upload_result result;
    struct upload_request request = batch_of("x", 1);
    sender_send(sender, &request, &result);
    if (result.error != UPLOAD_OK) {
        fail_msg("%d %s", result.error, result.text);
    }
}

// The one that keeps is killed: the one that sends takes its place, and has another one send, as often as it happens.
TEST(keeper_killed) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url});
    pid_t keeper = child_of(getpid());
    for (int round = 1; round <= 3; round++) {
        pid_t worker = worker_of(keeper);
        expect_sent(sender);
        kill(keeper, SIGKILL);
        wait_for_word(sender);
        expect_sent(sender);
        assert_int_equal(server->connections, 2 * round); // none came twice
        assert_int_equal(sender_restarts(sender), round);
        assert_true(is_running(worker_of(worker)));
        keeper = worker;
    }
    pid_t worker = worker_of(keeper);
    sender_stop(sender);
    expect_end(worker);
    expect_end(keeper);
    server_stop(server);
}

// By a fault of its own: no other way leads to it from here than a packet that is none. What is sent behind its end is sent once.
TEST(worker_fails) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url});
    pid_t keeper = child_of(getpid()), worker = worker_of(keeper);
    assert_int_equal(send(socket_of(sender), "none", 4, 0), 4);
    expect_end(worker);
    wait_for_word(sender);
    expect_sent(sender);
    assert_int_equal(sender_restarts(sender), 1);
    expect_sent(sender);
    assert_int_equal(server->connections, 2);
    sender_stop(sender);
    server_stop(server);
}

// A batch that waits whole for a process that has ended already: the next one leaves it, since it is sent again.
TEST(batch_for_a_dead_one) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct upload_result result;
    struct upload_request request = batch_of("x", 1);
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url});
    pid_t keeper = child_of(getpid()), worker = worker_of(keeper);
    kill(keeper, SIGSTOP);
    kill(worker, SIGKILL);
    pid_t waker = fork();
    if (waker == 0) {
        usleep(300000);
        kill(keeper, SIGCONT);
        _exit(0);
    }
    sender_send(sender, &request, &result);
    assert_int_equal(result.error, UPLOAD_NO_MEMORY); // which is tried again
    assert_string_equal(result.text, "the process that sends was killed by signal 9; another one is started");
    expect_sent(sender);
    expect_sent(sender);
    assert_int_equal(server->connections, 2);
    assert_int_equal(sender_restarts(sender), 1);
    sender_stop(sender);
    server_stop(server);
}

// Returns whether it was sent; else it is to be tried again.
static bool is_sent(struct sender *sender) {
    struct upload_result result;
    struct upload_request request = batch_of("x", 1);
    sender_send(sender, &request, &result);
    if (result.error != UPLOAD_OK && result.error != UPLOAD_NO_MEMORY) {
        fail_msg("%d %s", result.error, result.text);
    }
    return result.error == UPLOAD_OK;
}

// Takes what was said until then; the sender does not get to know it from that.
static void take_words(struct sender *sender, uint64_t restarts) {
    for (uint64_t word[2] = {0}; word[1] < restarts;) { // a number and the restarts: the first members of a reply
        wait_for_word(sender);
        assert_int_equal(recv(socket_of(sender), word, sizeof word, 0), sizeof word);
    }
}

// The one that keeps is killed before another one has begun to send.
TEST(both_killed) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url});
    pid_t keeper = child_of(getpid());
    int sent = 0;
    for (uint64_t round = 1; round <= 3; round++) {
        kill(worker_of(keeper), SIGKILL);
        take_words(sender, 2 * round - 1);
        pid_t next = child_of(keeper);
        kill(keeper, SIGKILL);
        for (int tries = 0; tries < 1000 && sender_restarts(sender) < 2 * round; tries++) {
            sent += is_sent(sender);
        }
        assert_int_equal(sender_restarts(sender), 2 * round);
        keeper = next;
    }
    sent += is_sent(sender);
    assert_true(sent > 0);
    assert_int_equal(server->connections, sent);
    sender_stop(sender);
    expect_end(keeper);
    server_stop(server);
}

// One that is stopped ends, though others were started behind it.
TEST(stopped_before_others) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sender *first = sender_start(&(struct sender_options){.url = server->url});
    pid_t worker = worker_of(child_of(getpid()));
    struct sender *second = sender_start(&(struct sender_options){.url = server->url});
    struct sender *third = sender_start(&(struct sender_options){.url = server->url});
    expect_sent(first);
    sender_stop(first);
    expect_end(worker);
    expect_sent(third);
    sender_stop(second);
    expect_sent(third);
    sender_stop(third);
    server_stop(server);
}

// The socket that the process has for replies, here; -1: the kernel gives none.
static int socket_in(pid_t process) {
    int of = (int)syscall(SYS_pidfd_open, process, 0), found = -1;
    for (int number = 0; of >= 0 && number < 256 && found < 0; number++) {
        int domain = 0, type = 0;
        socklen_t size = sizeof domain;
        found = (int)syscall(SYS_pidfd_getfd, of, number, 0);
        if (getsockopt(found, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || getsockopt(found, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
            domain != AF_UNIX || type != SOCK_SEQPACKET) {
            close(found);
            found = -1;
        }
    }
    close(of);
    return found;
}

// Nobody has read for long.
TEST(full_of_replies) {
    struct server *server = server_start(SERVER_ANSWERS, OK_ANSWER, NULL);
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url});
    pid_t keeper = child_of(getpid());
    worker_of(keeper);
    int replies = socket_in(keeper);
    while (replies >= 0 && send(replies, "old", 3, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    close(replies);
    for (int round = 0; round < 3; round++) { // the one that keeps does not wait for a reader
        pid_t worker = worker_of(keeper);
        kill(worker, SIGKILL);
        expect_end(worker);
    }
    worker_of(keeper);
    assert_true(is_sent(sender) || is_sent(sender));
    assert_int_equal(server->connections, 1);
    assert_int_equal(sender_restarts(sender), 3);
    sender_stop(sender);
    server_stop(server);
}

static void *cancel_soon(void *sender) {
    usleep(100000);
    sender_cancel(sender);
    return NULL;
}

TEST(cancelled) {
    struct server *server = server_start(SERVER_SILENT, NULL, NULL);
    struct upload_result result;
    pthread_t thread;
    struct sender *sender = sender_start(&(struct sender_options){.url = server->url, .timeout_ms = 600000});
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, sender), 0);
    struct upload_request request = batch_of("x", 1);
    sender_send(sender, &request, &result);
    assert_int_equal(result.error, UPLOAD_CANCELLED);
    pthread_join(thread, NULL);
    sender_stop(sender);
    server_stop(server);
}

int main(void) {
    return tests_run();
}
