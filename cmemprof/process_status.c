// process_status.c (resident): see process_status.h.

#include "process_status.h"
#include "cmemprof.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPACITY = 1024 }; // of lines that say something; that of Groups may be 700 KB long

// "VmRSS:\t    1234 kB"
static void read_line(const char *line, struct process_status *status) {
    const struct {
        const char *key;
        uint64_t *value, unit;
    } figures[] = {
        {"VmRSS:", &status->rss, 1024},    {"VmHWM:", &status->peak_rss, 1024},       {"VmSwap:", &status->swap, 1024},
        {"Threads:", &status->threads, 1}, {"RssAnon:", &status->anonymous, 1024},    {"RssShmem:", &status->shared, 1024},
        {"Seccomp:", &status->seccomp, 1}, {"Seccomp_filters:", &status->filters, 1},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t length = strlen(figures[i].key);
        if (strncmp(line, figures[i].key, length) == 0) {
            *figures[i].value = strtoull(line + length, NULL, 10) * figures[i].unit;
        }
    }
}

// What does not fit is left out, up to the line's end.
struct lines {
    char text[CAPACITY];
    size_t size;
    bool skips;
};

static void read_lines(struct lines *lines, struct process_status *status) {
    char *line = lines->text, *end;
    lines->text[lines->size] = '\0';
    for (; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (!lines->skips) {
            read_line(line, status);
        }
        lines->skips = false;
    }
    lines->size = strlen(line);
    memmove(lines->text, line, lines->size);
    if (lines->size == CAPACITY - 1) {
        lines->skips = true;
        lines->size = 0;
    }
}

bool process_status_read(const char *path, struct process_status *status) {
    const uint64_t unknown = PROCESS_STATUS_UNKNOWN;
    struct lines lines = {.size = 0};
    off_t at = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    *status = (struct process_status){unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown};
    for (ssize_t more; file >= 0; at += more) {
        more = pread(file, lines.text + lines.size, CAPACITY - 1 - lines.size, at);
        if (more <= 0) {
            break;
        }
        lines.size += (size_t)more;
        read_lines(&lines, status);
    }
    if (file >= 0) {
        close(file);
    }
    return at > 0;
}

uint64_t process_status_kept(const struct process_status *status) {
    if (status->anonymous == PROCESS_STATUS_UNKNOWN || status->shared == PROCESS_STATUS_UNKNOWN) {
        return status->rss;
    }
    return status->anonymous + status->shared + (status->swap == PROCESS_STATUS_UNKNOWN ? 0 : status->swap);
}

uint64_t process_status_filters(const char *path) {
    struct process_status status;
    return process_status_read(path, &status) && status.filters != PROCESS_STATUS_UNKNOWN ? status.filters : 0;
}

uint64_t cmemprof_memory_kept(void) {
    struct process_status status;
    process_status_read(PROCESS_STATUS, &status);
    return process_status_kept(&status);
}
