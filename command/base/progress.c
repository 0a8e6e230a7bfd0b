// progress.c: one line, written by a thread every 200 ms (progress.h).
#include "progress.h"
#include "../../base/clock.h"
#include "../../base/file.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { AGAIN_MS = 200, USUAL_COLUMNS = 80 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ends = PTHREAD_COND_INITIALIZER;
// All guarded by lock.
static unsigned begun; // how many began and did not end
static bool is_running, is_shown;
static int to_fd;
static unsigned wait_ms;
static const char *of_command;
static char said[PROGRESS_TEXT_BYTES];
static pthread_t writer;

static void put(const char *bytes, size_t size) {
    (void)file_write(to_fd, bytes, size); // a terminal that cannot be written to has no line
}

static void erase(void) {
    if (is_shown) {
        put("\r\033[K", 4);
        is_shown = false;
    }
}

static void show(void) {
    char line[PROGRESS_TEXT_BYTES + 60];
    struct winsize window = {0};
    size_t columns = ioctl(to_fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 ? window.ws_col - 1U : USUAL_COLUMNS;
    int length = snprintf(line, sizeof line, "\r\033[Kcmemprof %s: %s", of_command, said);
    size_t most = 4 + columns;
    put(line, (size_t)length < most ? (size_t)length : most);
    is_shown = true;
}

static void *write_again(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    for (unsigned ms = wait_ms; begun > 0; ms = AGAIN_MS) {
        uint64_t at_ns = clock_ns(CLOCK_REALTIME) + (uint64_t)ms * 1000000;
        struct timespec until = {(time_t)(at_ns / 1000000000), (long)(at_ns % 1000000000)};
        int error = 0;
        while (begun > 0 && error == 0) {
            error = pthread_cond_timedwait(&ends, &lock, &until);
        }
        if (begun > 0 && *said) {
            show();
        }
    }
    erase();
    pthread_mutex_unlock(&lock);
    return NULL;
}

void progress_begin(const char *command, int fd, unsigned first_ms) {
    if (!isatty(fd)) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (begun++ == 0) {
        of_command = command;
        to_fd = fd;
        wait_ms = first_ms;
        *said = '\0';
        is_running = pthread_create(&writer, NULL, write_again, NULL) == 0;
    }
    pthread_mutex_unlock(&lock);
}

void progress_file(const char *name, size_t at, size_t count) {
    char text[PROGRESS_TEXT_BYTES];
    int length = snprintf(text, sizeof text, count > 1 ? "reading %zu of %zu, " : "reading ", at + 1, count);
    snprintf(text + length, sizeof text - (size_t)length, "%s", name);
    for (char *c = text; *c; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
    }
    pthread_mutex_lock(&lock);
    memcpy(said, text, sizeof said);
    pthread_mutex_unlock(&lock);
}

void progress_hide(void) {
    pthread_mutex_lock(&lock);
    erase();
    pthread_mutex_unlock(&lock);
}

void progress_end(void) {
    pthread_mutex_lock(&lock);
    bool last = begun > 0 && --begun == 0 && is_running;
    pthread_cond_signal(&ends);
    pthread_mutex_unlock(&lock);
    if (last) {
        pthread_join(writer, NULL);
        is_running = false;
    }
}
