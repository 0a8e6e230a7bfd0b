// port_file.c: the process that writes the port (port_file.h).
#include "port_file.h"

#include "../../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool write_now(const char *path, uint16_t port) {
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    unlink(temporary); // a link that somebody put there would be followed
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return file >= 0 && file_replace(file, dprintf(file, "%u\n", port) > 0, temporary, path);
}

static void wait_and_write(int socket, const char *path) {
    uint16_t port;
    if (recv(socket, &port, sizeof port, 0) == sizeof port) {
        int error = write_now(path, port) ? 0 : errno ? errno : EIO;
        send(socket, &error, sizeof error, MSG_NOSIGNAL);
    }
}

bool port_file_begin(struct port_file *file, const char *path) {
    int ends[2];
    *file = (struct port_file){0};
    if (!path) {
        return true;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        wait_and_write(ends[1], path);
        _exit(0);
    }
    int error = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        errno = error;
        return false;
    }
    *file = (struct port_file){child, ends[0]};
    return true;
}

bool port_file_write(struct port_file *file, uint16_t port) {
    int error = EIO;
    if (!file->writer) {
        return true;
    }
    bool told =
        send(file->socket, &port, sizeof port, MSG_NOSIGNAL) == sizeof port && recv(file->socket, &error, sizeof error, 0) == sizeof error;
    port_file_end(file);
    errno = told ? error : EIO;
    return told && error == 0;
}

void port_file_end(struct port_file *file) {
    if (file->writer) {
        close(file->socket);
        waitpid(file->writer, NULL, 0);
        file->writer = 0;
    }
}
