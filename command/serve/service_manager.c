// service_manager.c: the protocols of sd_notify(3) and sd_listen_fds(3) (service_manager.h).
#include "service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3 }; // SD_LISTEN_FDS_START

static void open_notify(struct service_manager *manager, char *text, size_t text_size) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || !*path) {
        return;
    }
    size_t length = strlen(path);
    if ((*path != '/' && *path != '@') || length >= sizeof address.sun_path) {
        snprintf(text, text_size, "NOTIFY_SOCKET is neither a path nor @ with a name, nobody is told: %.100s", path);
        return;
    }
    memcpy(address.sun_path, path, length);
    if (*path == '@') { // a name that is in no folder
        address.sun_path[0] = '\0';
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    manager->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (manager->notify < 0 || connect(manager->notify, (struct sockaddr *)&address, size) != 0) {
        snprintf(text, text_size, "NOTIFY_SOCKET: nobody is told: %.100s: %s", path, strerror(errno));
        service_manager_end(manager);
    }
}

static bool take_socket(struct service_manager *manager, char *text, size_t text_size) {
    const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!process || !count || atol(process) != getpid()) { // they are of a parent
        return true;
    }
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    if (strcmp(count, "1") != 0) {
        snprintf(text, text_size, "LISTEN_FDS is %.20s: one socket can be served", count);
        return false;
    }
    if (getsockopt(FIRST_SOCKET, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0 || !is_listening) {
        snprintf(text, text_size, "LISTEN_FDS: descriptor 3 is no socket that listens");
        return false;
    }
    fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC);
    manager->listen = FIRST_SOCKET;
    return true;
}

bool service_manager_begin(struct service_manager *manager, char *text, size_t text_size) {
    *manager = (struct service_manager){.notify = -1};
    *text = '\0';
    open_notify(manager, text, text_size);
    bool ok = take_socket(manager, text, text_size);
    static const char *const variables[] = {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        unsetenv(variables[i]);
    }
    return ok;
}

void service_manager_tell(const struct service_manager *manager, const char *state) {
    if (manager->notify >= 0) {
        send(manager->notify, state, strlen(state), MSG_NOSIGNAL);
    }
}

void service_manager_end(struct service_manager *manager) {
    if (manager->notify >= 0) {
        close(manager->notify);
        manager->notify = -1;
    }
}
