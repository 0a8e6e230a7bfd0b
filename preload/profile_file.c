// profile_file.c: see profile_file.h.

#include "profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/file.h"
#include "../cmemprof/cmemprof.h"
#include "../cmemprof/process_status.h"
#include "../cmemprof/profiler.h"
#include "time_profile.h"

enum { FILE_PATH_BYTES = SETTINGS_PATH_BYTES + 128 };

void profile_file_begin(struct profile_file *file, const char *directory, uint32_t keep) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *file = (struct profile_file){.directory = directory, .next = 1, .keep = keep};
    file->filters = process_status_filters(PROCESS_STATUS);
    snprintf(file->process, sizeof file->process, "%d-%lld%09ld", (int)getpid(), (long long)now.tv_sec, now.tv_nsec);
}

// Writes all or nothing; on failure errno is set.
static bool write_whole(const struct profile_file *file, const char *name, const void *bytes, size_t size) {
    char temporary[FILE_PATH_BYTES], final[FILE_PATH_BYTES];
    snprintf(temporary, sizeof temporary, "%s/.%s.tmp", file->directory, file->process);
    snprintf(final, sizeof final, "%s/%s.%s", file->directory, file->process, name);
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return false;
    }
    return file_replace(descriptor, file_write(descriptor, bytes, size), temporary, final);
}

// The same, without SIGXFSZ. Beyond the file size limit the kernel sends it, which would end a program that writes no files itself: it is
// blocked, and consumed if it came.
static bool write_file(const struct profile_file *file, const char *name, const void *bytes, size_t size) {
    sigset_t limit, before;
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, &before);
    bool written = write_whole(file, name, bytes, size);
    int error = errno;
    if (!written && error == EFBIG) {
        sigtimedwait(&limit, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

static void leave_note(const struct profile_file *file, const char *name, const char *text) {
    char line[256];
    int size = snprintf(line, sizeof line, "%s\n", text);
    if (!write_file(file, name, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1)) {
        write_file(file, name, "", 0); // a full disk often still has space for an empty file
    }
}

void profile_file_fail(const struct profile_file *file, const char *text) {
    leave_note(file, "error", text);
}

void profile_file_unsampled(const struct profile_file *file, const char *text) {
    leave_note(file, "unsampled", text);
}

// Files beside the profile are rewritten with it. One that cannot be is removed: what it says is not of this profile's time.
static void remove_beside(const struct profile_file *file, const char *name) {
    char path[FILE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s.%s", file->directory, file->process, name);
    unlink(path);
}

static void name_of_time(uint32_t number, char *name, size_t size) {
    snprintf(name, size, "%u.time", number);
}

static void remove_old(const struct profile_file *file) {
    if (file->keep == 0 || file->next <= file->keep + 1) {
        return;
    }
    char path[FILE_PATH_BYTES], time[32];
    uint32_t old = file->next - 1 - file->keep;
    name_of_time(old, time, sizeof time);
    remove_beside(file, time);
    snprintf(path, sizeof path, "%s/%s.%u.%s.pb", file->directory, file->process, old, file->reasons[old % PROFILE_FILE_KEEP_MAX]);
    unlink(path);
}

static void write_beside(const struct profile_file *file, const char *name, bool is_there, const void *bytes, size_t size) {
    if (!is_there || !write_file(file, name, bytes, size)) {
        remove_beside(file, name);
    }
}

// With each profile, since the program may be killed later. On a full disk the profile comes first.
static void write_peak(const struct profile_file *file, struct cmemprof_snapshot *peaks) {
    const uint8_t *bytes = NULL;
    size_t size = 0;
    bool is_there = peaks && cmemprof_snapshot_profile(peaks, NULL, &bytes, &size) == CMEMPROF_OK;
    write_beside(file, "peak", is_there, bytes, size);
}

// Where the resident memory is. It takes system calls that a program which restricts its own may be killed for; then it is left out, as it
// is where the samples say nothing of the C heap.
static void write_memory(const struct profile_file *file) {
    bool may = process_status_filters(PROCESS_STATUS) <= file->filters && !atomic_load(&profiler.lacks_malloc);
    struct cmemprof_memory_profile *memory = may ? cmemprof_memory_profile_take(NULL, NULL) : NULL;
    const uint8_t *bytes = NULL;
    size_t size = 0;
    struct cmemprof_memory_figures figures = {.has_parts = false};
    if (memory) {
        cmemprof_memory_profile_figures(memory, &figures);
    }
    bool is_there = figures.has_parts && cmemprof_memory_profile_encode(memory, NULL, NULL, 0, &bytes, &size) == CMEMPROF_OK;
    write_beside(file, "memory", is_there, bytes, size);
    cmemprof_memory_profile_free(memory);
}

// Before the profile of that number, with which it is read. A period that cannot be written is lost, which is recorded.
static void write_time(const struct profile_file *file, const char *reason) {
    char name[32], text[128];
    const uint8_t *bytes = NULL;
    size_t size;
    if (!time_profile_is_on() || strcmp(reason, "signal") == 0) {
        return;
    }
    enum cmemprof_error error = time_profile_take(&bytes, &size);
    name_of_time(file->next, name, sizeof name);
    if (error != CMEMPROF_OK || (bytes && !write_file(file, name, bytes, size))) {
        snprintf(text, sizeof text, "the time profile could not be written: %s",
                 error != CMEMPROF_OK ? cmemprof_error_text(error) : strerror(errno));
        profile_file_fail(file, text);
    } else if (!bytes && strcmp(reason, "period") != 0) {
        profile_file_fail(file, "the last time profile is lost: a thread was held up in it");
    }
}

static const char mark[] = "begun", mark_of_exec[] = "replaced";

void profile_file_mark(const struct profile_file *file) {
    char path[FILE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s.%s", file->directory, file->process, mark);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor >= 0) {
        close(descriptor);
    }
}

void profile_file_mark_replaced(const struct profile_file *file) {
    char before[FILE_PATH_BYTES], after[FILE_PATH_BYTES];
    snprintf(before, sizeof before, "%s/%s.%s", file->directory, file->process, mark);
    snprintf(after, sizeof after, "%s/%s.%s", file->directory, file->process, mark_of_exec);
    rename(before, after);
}

static void unmark(const struct profile_file *file) {
    remove_beside(file, mark);
    remove_beside(file, mark_of_exec); // an exec that failed
}

static void remove_others(const struct profile_file *file) {
    remove_beside(file, "peak");
    remove_beside(file, "memory");
}

static bool write_profile(const struct profile_file *file, const char *name, const void *bytes, size_t size) {
    if (write_file(file, name, bytes, size)) {
        return true;
    }
    remove_others(file);
    return write_file(file, name, bytes, size);
}

// Encodes the snapshot; the bytes belong to it. Returns NULL with the cause in *text.
static const uint8_t *encode(struct cmemprof_snapshot *snapshot, size_t *size, const char **text) {
    const uint8_t *bytes = NULL;
    enum cmemprof_error error = snapshot ? cmemprof_snapshot_profile(snapshot, NULL, &bytes, size) : CMEMPROF_NO_MEMORY;
    *text = cmemprof_error_text(error);
    return error == CMEMPROF_OK ? bytes : NULL;
}

void profile_file_write(struct profile_file *file, const char *reason) {
    size_t size;
    const char *text;
    char name[64], error_text[128];
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    const uint8_t *bytes = encode(snapshot, &size, &text);
    struct cmemprof_snapshot *peaks = bytes ? cmemprof_snapshot_take_peaks() : NULL; // after the snapshot, which may be one
    write_peak(file, peaks);
    cmemprof_snapshot_free(peaks);
    if (bytes) {
        write_memory(file);
    }
    write_time(file, reason);
    snprintf(name, sizeof name, "%u.%s.pb", file->next, reason);
    if (!bytes) {
        profile_file_fail(file, text);
    } else if (!write_profile(file, name, bytes, size)) {
        snprintf(error_text, sizeof error_text, "the profile could not be written: %s", strerror(errno));
        profile_file_fail(file, error_text);
    } else {
        snprintf(file->reasons[file->next % PROFILE_FILE_KEEP_MAX], sizeof file->reasons[0], "%s", reason);
        file->next++;
        remove_old(file);
        if (strcmp(reason, "exit") == 0 || strcmp(reason, "termination") == 0 || strcmp(reason, "stop") == 0) {
            unmark(file);
        }
    }
    cmemprof_snapshot_free(snapshot);
}
