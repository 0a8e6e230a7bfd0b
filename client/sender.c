// sender.c: sends from another process (sender.h).
#include "sender.h"
#include "../base/clock.h"
#include "../upload/batch.h"
#include "../upload/batch_memory.h"
#include "client.h"
#include "hmac.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PACKET_BYTES = 32 << 10,
    POLL_MS = 50,
    RESTART_MS = 100, // before another process is started; doubled each time
    RESTART_MOST_MS = 10000,
    STEADY_MS = 60000, // one that ran for so long begins anew
    MAX_BATCH = 1 << 30,
    MAX_HEADERS = 32,
};

struct sender {
    int socket;
    pid_t keeper;
    atomic_bool cancelled;
    atomic_uint_least64_t restarts;
    uint64_t serial;
    struct sender *next;
};

// A packet. One with size is the start of a batch of that size, one without is a piece of it. It is for the process after so many restarts:
// what was begun for one that has ended is not taken by the next one, since it is sent again.
struct packet {
    uint64_t serial, size, restarts;
    char bytes[PACKET_BYTES];
};
enum { PACKET_HEAD = offsetof(struct packet, bytes) };

struct reply {
    uint64_t serial;   // 0: a process has ended
    uint64_t restarts; // so far
    struct upload_result result;
};

// ---- The process that sends ----

struct worker {
    const struct sender_options *options;
    int socket;
    struct upload_client *client;
    struct reply restart; // the last one
};

static void send_batch(struct worker *worker, struct upload_batch *batch, struct upload_result *result) {
    const struct sender_options *options = worker->options;
    const char *headers[MAX_HEADERS + 1];
    char signature[HMAC_HEX_BYTES + 40], hex[HMAC_HEX_BYTES];
    struct upload_request request = {.url = options->url,
                                     .headers = headers,
                                     .header_count = options->header_count,
                                     .total_timeout_ms = options->timeout_ms,
                                     .is_raw = options->is_raw};
    for (size_t i = 0; i < options->header_count; i++) {
        headers[i] = options->headers[i];
    }
    upload_batch_fill(batch, &request);
    if (options->secret) {
        hmac_sha256_hex(options->secret, strlen(options->secret), request.event, request.event_size, hex);
        snprintf(signature, sizeof signature, "X-Cmemprof-Signature: sha256=%s", hex);
        headers[request.header_count++] = signature;
    }
    upload_client_send(worker->client, &request, NULL, result);
}

// Takes the bytes.
static void serve(struct worker *worker, uint64_t serial, uint8_t *bytes, size_t size) {
    struct reply reply = {.serial = serial, .restarts = worker->restart.restarts};
    struct upload_batch *batch;
    enum upload_batch_fault fault = upload_batch_parse(bytes, size, &batch);
    if (fault == UPLOAD_BATCH_FINE) {
        send_batch(worker, batch, &reply.result);
        upload_batch_free(batch);
    } else {
        reply.result.error = fault == UPLOAD_BATCH_NO_MEMORY ? UPLOAD_NO_MEMORY : UPLOAD_BAD_REQUEST;
        snprintf(reply.result.text, sizeof reply.result.text, "%s", upload_error_text(reply.result.error));
    }
    send(worker->socket, &reply, sizeof reply, MSG_NOSIGNAL);
}

static void say_no_memory(const struct worker *worker, uint64_t serial) {
    struct reply reply = {.serial = serial, .restarts = worker->restart.restarts, .result = {.error = UPLOAD_NO_MEMORY}};
    snprintf(reply.result.text, sizeof reply.result.text, "%s", upload_error_text(UPLOAD_NO_MEMORY));
    send(worker->socket, &reply, sizeof reply, MSG_NOSIGNAL);
}

static void note_restart(struct worker *worker, bool was_killed, int number) {
    struct upload_result *result = &worker->restart.result;
    worker->restart.restarts++;
    result->error = UPLOAD_NO_MEMORY; // by the kernel, mostly
    snprintf(result->text, sizeof result->text, "the process that sends %s %d; another one is started",
             was_killed ? "was killed by signal" : "ended with status", number);
}

// Does not wait: where there is no room for it, others wait that say the same.
static void say_restart(const struct worker *worker) {
    send(worker->socket, &worker->restart, sizeof worker->restart, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum work_end { WORK_CLOSED, WORK_FAULT, WORK_ALONE };

static volatile sig_atomic_t is_alone; // the process that keeps this one has ended
static int socket_of_worker;

static bool is_closed(int socket) {
    struct pollfd polled = {.fd = socket};
    return poll(&polled, 1, 0) > 0 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

// By the end of the process that keeps this one: with that of the one that started both, or not.
static void on_alone(int number) {
    (void)number;
    if (is_closed(socket_of_worker)) {
        _exit(0);
    }
    is_alone = 1;
}

// Until the socket is closed at the other end, which is no fault.
static enum work_end work(struct worker *worker) {
    static struct packet packet;
    uint64_t serial = 0, size = 0, filled = 0, refused = 0;
    uint8_t *bytes = NULL;
    worker->client = upload_client_open();
    enum work_end end = worker->client ? WORK_CLOSED : WORK_FAULT;
    for (ssize_t count; end == WORK_CLOSED && (count = is_alone ? -1 : recv(worker->socket, &packet, sizeof packet, 0)) != 0;) {
        if (count < PACKET_HEAD) {
            bool interrupted = count < 0 && errno == EINTR;
            end = is_alone ? WORK_ALONE : interrupted ? WORK_CLOSED : WORK_FAULT;
            continue;
        }
        uint64_t piece = (uint64_t)count - PACKET_HEAD;
        if (packet.restarts != worker->restart.restarts) {
            if (packet.serial != refused) {
                say_restart(worker);
            }
            refused = packet.serial;
            continue;
        }
        if (packet.size > 0) {
            batch_memory_free(bytes, size);
            bytes = packet.size <= MAX_BATCH ? batch_memory_take(packet.size) : NULL;
            serial = bytes ? packet.serial : 0;
            size = packet.size;
            filled = 0;
            if (!bytes) {
                say_no_memory(worker, packet.serial);
            }
        }
        if (packet.serial != serial || serial == 0 || piece > size - filled) {
            continue; // of one whose start was lost with another process
        }
        memcpy(bytes + filled, packet.bytes, piece);
        filled += piece;
        if (filled == size) {
            serve(worker, serial, bytes, size);
            bytes = NULL;
            serial = size = filled = 0;
        }
    }
    batch_memory_free(bytes, size);
    upload_client_close(worker->client);
    return end;
}

// ---- The process that keeps it ----

static void end_with_parent(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) { // it has ended already
        _exit(0);
    }
}

static int64_t now_ms(void) {
    return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}

// Begins in the process that sends: with a pause, which ends early with the keeper or the socket.
static void begin_worker(int socket, pid_t keeper, int pause_ms) {
    is_alone = 0;
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != keeper) { // it has ended already
        raise(SIGUSR1);
    }
    if (!is_alone) {
        poll(&(struct pollfd){.fd = socket}, 1, pause_ms);
    }
}

// Starts processes that send, one after the other, and returns in each of them. Ends when the socket is closed at the other end.
static void keep(struct worker *worker) {
    for (int pause_ms = 0;;) {
        pid_t self = getpid(), child = fork(); // before anything else: when one of the two is killed, the other goes on
        int64_t begin_ms = now_ms();
        if (child == 0) {
            begin_worker(worker->socket, self, pause_ms);
            return;
        }
        if (worker->restart.restarts > 0) {
            say_restart(worker);
        }
        int status = 0;
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if ((child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) || is_closed(worker->socket)) {
            _exit(0);
        }
        bool was_killed = child > 0 && WIFSIGNALED(status);
        note_restart(worker, was_killed, child < 0 ? 1 : was_killed ? WTERMSIG(status) : WEXITSTATUS(status));
        bool was_steady = now_ms() - begin_ms > pause_ms + STEADY_MS;
        pause_ms = pause_ms == 0 || was_steady ? RESTART_MS : pause_ms * 2 < RESTART_MOST_MS ? pause_ms * 2 : RESTART_MOST_MS;
        if (child < 0) {
            usleep((useconds_t)pause_ms * 1000);
        }
    }
}

// One that sends and is left alone keeps the next one.
static void begin_keeper(const struct sender_options *options, int socket, pid_t parent) {
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE}; // it ends with its parent, which sends what it has until then
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        signal(ignored[i], SIG_IGN);
    }
    socket_of_worker = socket;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_alone}, NULL); // calls are interrupted
    end_with_parent(parent);
    struct worker worker = {.options = options, .socket = socket};
    enum work_end end;
    for (keep(&worker); (end = work(&worker)) == WORK_ALONE; keep(&worker)) {
        note_restart(&worker, true, SIGKILL); // what it had begun to take is lost, and it is another one that goes on
    }
    _exit(end == WORK_CLOSED ? 0 : 1);
}

// Those that were started before: a process that had their ends of sockets would keep theirs from ending.
static struct sender *open_senders;

static void close_others(void) {
    for (struct sender *other = open_senders; other; other = other->next) {
        close(other->socket);
    }
}

struct sender *sender_start(const struct sender_options *options) {
    struct sender *sender = calloc(1, sizeof *sender);
    int sockets[2];
    if (!sender || options->header_count > MAX_HEADERS || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        free(sender);
        return NULL;
    }
    pid_t self = getpid();
    sender->keeper = fork();
    if (sender->keeper == 0) {
        if (options->forget) {
            options->forget(options->context);
        }
        close(sockets[0]);
        close_others();
        begin_keeper(options, sockets[1], self);
    }
    close(sockets[1]);
    sender->socket = sockets[0];
    if (sender->keeper < 0) {
        close(sender->socket);
        free(sender);
        return NULL;
    }
    sender->next = open_senders;
    open_senders = sender;
    return sender;
}

// ---- The process that has it sent ----

static void fail(struct upload_result *result, enum upload_error error, const char *text) {
    *result = (struct upload_result){.error = error};
    snprintf(result->text, sizeof result->text, "%s", text ? text : upload_error_text(error));
}

// Waits for the socket. Returns false if the sender is cancelled.
static bool wait_for(const struct sender *sender, short events) {
    struct pollfd socket = {.fd = sender->socket, .events = events};
    for (int ready = 0; ready <= 0;) {
        if (atomic_load(&sender->cancelled)) {
            return false;
        }
        ready = poll(&socket, 1, POLL_MS);
    }
    return true;
}

static bool put(struct sender *sender, const struct upload_batch *batch, struct upload_result *result) {
    struct packet *packet = malloc(sizeof *packet);
    if (!packet) {
        fail(result, UPLOAD_NO_MEMORY, NULL);
        return false;
    }
    bool ok = true;
    packet->restarts = atomic_load(&sender->restarts);
    for (size_t at = 0; ok && at < batch->size;) {
        size_t piece = batch->size - at < PACKET_BYTES ? batch->size - at : PACKET_BYTES;
        packet->serial = sender->serial;
        packet->size = at == 0 ? batch->size : 0;
        memcpy(packet->bytes, batch->bytes + at, piece);
        if (!wait_for(sender, POLLOUT)) {
            fail(result, UPLOAD_CANCELLED, NULL);
            ok = false;
        } else if (send(sender->socket, packet, PACKET_HEAD + piece, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
            at += piece;
        } else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
            fail(result, UPLOAD_UNREACHABLE, "the process that sends has ended");
            ok = false;
        }
    }
    free(packet);
    return ok;
}

// Whether the reply is the first to say so.
static bool is_restart(struct sender *sender, const struct reply *reply) {
    bool is_new = reply->serial == 0 && reply->restarts > atomic_load(&sender->restarts);
    if (is_new) {
        atomic_store(&sender->restarts, reply->restarts);
    }
    return is_new;
}

// What was said since the last batch is not about the next one.
static void take_old_replies(struct sender *sender) {
    struct reply reply;
    for (ssize_t count; (count = recv(sender->socket, &reply, sizeof reply, MSG_DONTWAIT)) > 0 || (count < 0 && errno == EINTR);) {
        if (count == sizeof reply) {
            is_restart(sender, &reply);
        }
    }
}

static void get(struct sender *sender, struct upload_result *result) {
    struct reply reply;
    while (wait_for(sender, POLLIN)) {
        ssize_t count = recv(sender->socket, &reply, sizeof reply, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        if (count != sizeof reply) {
            fail(result, UPLOAD_UNREACHABLE, "the process that sends has ended");
            return;
        }
        if (is_restart(sender, &reply) || reply.serial == sender->serial) {
            *result = reply.result;
            result->text[sizeof result->text - 1] = '\0';
            return;
        }
    }
    fail(result, UPLOAD_CANCELLED, NULL);
}

void sender_send(struct sender *sender, const struct upload_request *request, struct upload_result *result) {
    struct upload_batch *batch = upload_batch_new(request);
    if (!batch) {
        fail(result, request->event ? UPLOAD_NO_MEMORY : UPLOAD_BAD_REQUEST, NULL);
        return;
    }
    sender->serial++;
    take_old_replies(sender);
    if (put(sender, batch, result)) {
        get(sender, result);
    }
    upload_batch_free(batch);
}

void sender_cancel(struct sender *sender) {
    atomic_store(&sender->cancelled, true);
}

uint64_t sender_restarts(struct sender *sender) {
    return atomic_load(&sender->restarts);
}

void sender_stop(struct sender *sender) {
    if (!sender) {
        return;
    }
    struct sender **at = &open_senders;
    while (*at != sender) {
        at = &(*at)->next;
    }
    *at = sender->next;
    close(sender->socket);
    // Where this process may not, the kernel kills them when it ends.
    if (kill(sender->keeper, SIGKILL) == 0) {
        waitpid(sender->keeper, NULL, 0);
    }
    free(sender);
}
