// http_fuzz.c: fuzz target of the receiver as a whole, for libFuzzer. Built by `make fuzz-http`.
//
// The input is what one client sends on one connection: requests, uploads, questions about what is stored, or anything else. It goes to a
// receiver in this process, by a socket in a folder of its own, which keeps 4 MB of uploads. Every answer must be one of HTTP, none may be
// 500, and the receiver must go on answering.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../receiver.h"

enum { ANSWER_BYTES = 1 << 16, WAIT_SECONDS = 60 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char folder[64];
static struct receiver *receiver;

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

// Of /mcp: what the message is the address of. Messages themselves are command/fuzz's.
static char *answer_address(const struct receiver_inside *inside, const struct receiver_message *message, unsigned *status) {
    char *path = strdup(message->body), text[300] = "", *query = path ? strchr(path, '?') : NULL, *bytes = NULL;
    size_t size = 0;
    if (query) {
        *query++ = '\0';
    }
    bool ok = path && inside->get(inside->context, path, query ? query : "", &bytes, &size, text, sizeof text);
    must(!ok || bytes[size] == '\0', "an answer without its end");
    must(ok || *text, "no answer, and no reason");
    free(path);
    *status = ok ? 200 : 400;
    return ok ? bytes : strdup("{}");
}

static void stop(void) {
    char command[96];
    receiver_stop(receiver);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    static char listen_on[128], data[96], text[256];
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; // each upload is made durable
    snprintf(folder, sizeof folder, "%s/receiver-fuzz-XXXXXX", parent);
    must(mkdtemp(folder), "no folder");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    snprintf(listen_on, sizeof listen_on, "unix:%s", address.sun_path);
    snprintf(data, sizeof data, "%s/data", folder);
    const struct receiver_options options = {.listen = listen_on,
                                             .data_directory = data,
                                             .max_body_bytes = 1 << 20,
                                             .retention_bytes = 4 << 20,
                                             .view_memory_bytes = 64 << 20,
                                             .answerer = answer_address};
    must(receiver_start(&options, &receiver, text, sizeof text) == RECEIVER_OK, text);
    atexit(stop);
    return 0;
}

static int connect_to(void) {
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval limit = {.tv_sec = WAIT_SECONDS};
    must(connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address) == 0, "the receiver does not listen");
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return connection;
}

// The answer to all that was sent: its beginning is kept, the rest is read and dropped.
static size_t read_answer(int connection, char *answer) {
    static char rest[ANSWER_BYTES];
    size_t size = 0;
    for (;;) {
        ssize_t count =
            size < ANSWER_BYTES - 1 ? recv(connection, answer + size, ANSWER_BYTES - 1 - size, 0) : recv(connection, rest, sizeof rest, 0);
        if (count <= 0) {
            answer[size] = '\0';
            return size;
        }
        size += size < ANSWER_BYTES - 1 ? (size_t)count : 0;
    }
}

static size_t ask(const void *bytes, size_t size, char *answer) {
    int connection = connect_to();
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(connection, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            break; // refused before all was sent
        }
        sent += (size_t)count;
    }
    shutdown(connection, SHUT_WR);
    size_t length = read_answer(connection, answer);
    close(connection);
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char answer[ANSWER_BYTES];
    static unsigned runs;
    size_t length = ask(data, size, answer);
    int status = 0;
    must(length == 0 || (sscanf(answer, "HTTP/1.%*1[01] %d", &status) == 1 && status >= 100 && status < 600), "no answer of HTTP");
    must(status != 500, "500");
    if (++runs % 256 == 0) {
        static const char light[] = "GET /info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        ask(light, sizeof light - 1, answer);
        must(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, "/info is not answered any more");
    }
    return 0;
}
