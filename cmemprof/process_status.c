// process_status.c (resident): see process_status.h.

#include "process_status.h"
#include "cmemprof.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPACITY = 8192 };

// "\nVmRSS:\t    1234 kB"
static uint64_t number_after(const char *text, const char *key, uint64_t unit) {
    const char *at = strstr(text, key);
    return at != NULL ? strtoull(at + strlen(key), NULL, 10) * unit : PROCESS_STATUS_UNKNOWN;
}

bool process_status_read(const char *path, struct process_status *status) {
    char text[CAPACITY];
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t more; file >= 0 && size < sizeof text - 1; size += (size_t)more) {
        more = pread(file, text + size, sizeof text - 1 - size, (off_t)size);
        if (more <= 0) {
            break;
        }
    }
    if (file >= 0) {
        close(file);
    }
    text[size] = '\0';
    *status = (struct process_status){.rss = number_after(text, "\nVmRSS:", 1024),
                                      .peak_rss = number_after(text, "\nVmHWM:", 1024),
                                      .swap = number_after(text, "\nVmSwap:", 1024),
                                      .threads = number_after(text, "\nThreads:", 1),
                                      .anonymous = number_after(text, "\nRssAnon:", 1024),
                                      .shared = number_after(text, "\nRssShmem:", 1024)};
    return size > 0;
}

uint64_t process_status_kept(const struct process_status *status) {
    if (status->anonymous == PROCESS_STATUS_UNKNOWN || status->shared == PROCESS_STATUS_UNKNOWN) {
        return status->rss;
    }
    return status->anonymous + status->shared + (status->swap == PROCESS_STATUS_UNKNOWN ? 0 : status->swap);
}

uint64_t cmemprof_memory_kept(void) {
    struct process_status status;
    process_status_read(PROCESS_STATUS, &status);
    return process_status_kept(&status);
}
