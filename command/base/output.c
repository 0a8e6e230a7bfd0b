// output.c: writes a file completely or not at all (output.h).
#include "output.h"
#include "../../base/file.h"
#include "diagnostic.h"
#include "web_address.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_standard(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

int output_check(const char *command, const struct output *output) {
    if (!output->path && isatty(STDOUT_FILENO)) {
        return diagnostic_usage(command, "a profile is not text for a terminal: name a file with --output");
    }
    return STATUS_DONE;
}

int output_check_inputs(const char *command, const struct output *output, char *const *files, size_t file_count) {
    struct stat own, input;
    if (is_standard(output->path) || stat(output->path, &own) != 0 || !S_ISREG(own.st_mode)) {
        return STATUS_DONE;
    }
    for (size_t i = 0; i < file_count; i++) {
        bool is_file = !is_standard(files[i]) && !web_address_is(files[i]) && stat(files[i], &input) == 0;
        if (is_file && input.st_dev == own.st_dev && input.st_ino == own.st_ino) {
            return diagnostic_usage(command, "--output %s is one of the files to read: name another", output->path);
        }
    }
    return STATUS_DONE;
}

// For standard output, a pipe, a device.
static int write_stream(const char *command, const char *name, int file, const void *bytes, size_t size) {
    return file_write(file, bytes, size) ? STATUS_DONE : diagnostic_error(command, name, "%s", strerror(errno));
}

// The mode of the old file, or that of a new one under the umask.
static mode_t mode_of(const struct stat *old) {
    if (old) {
        return old->st_mode & 0777;
    }
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

// target: path with symbolic links resolved, so that a link stays a link.
static int write_file(const char *command, const char *path, const char *target, const struct stat *old, const void *bytes, size_t size) {
    char *temporary;
    if (asprintf(&temporary, "%s.XXXXXX", target) < 0) {
        return diagnostic_error(command, path, "out of memory");
    }
    int status = STATUS_DONE, file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0 || !file_replace(file, file_write(file, bytes, size) && fchmod(file, mode_of(old)) == 0, temporary, target)) {
        status = diagnostic_error(command, path, "%s", strerror(errno));
    }
    free(temporary);
    return status;
}

int output_write(const char *command, const char *path, const void *bytes, size_t size) {
    signal(SIGXFSZ, SIG_IGN); // a file size limit is reported like a full disk
    struct stat old;
    if (is_standard(path)) {
        return write_stream(command, "standard output", STDOUT_FILENO, bytes, size);
    }
    bool exists = stat(path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) {
        return diagnostic_error(command, path, "%s", strerror(EISDIR));
    }
    if (exists && !S_ISREG(old.st_mode)) {
        int file = open(path, O_WRONLY | O_CLOEXEC);
        int status = file < 0 ? diagnostic_error(command, path, "%s", strerror(errno)) : write_stream(command, path, file, bytes, size);
        if (file >= 0) {
            close(file);
        }
        return status;
    }
    char *target = exists ? realpath(path, NULL) : NULL;
    int status = write_file(command, path, target ? target : path, exists ? &old : NULL, bytes, size);
    free(target);
    return status;
}

int output_append(const char *command, const char *path, const void *bytes, size_t size) {
    signal(SIGXFSZ, SIG_IGN);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    int status = file < 0 ? diagnostic_error(command, path, "%s", strerror(errno)) : write_stream(command, path, file, bytes, size);
    if (file >= 0 && close(file) != 0 && status == STATUS_DONE) {
        status = diagnostic_error(command, path, "%s", strerror(errno));
    }
    return status;
}

int output_profile(const char *command, const struct output *output, const char *path, struct profile *profile) {
    uint8_t *bytes;
    size_t size;
    enum merge_error error = profile_encode_level(profile, output->compression, output->level, &bytes, &size);
    if (error != MERGE_OK) {
        return diagnostic_error(command, NULL, "%s", merge_error_text(error));
    }
    if (profile_saturated_count(profile) > 0) {
        diagnostic_note(command, "sums that overflowed 64 bits: %llu; each is kept at the limit",
                        (unsigned long long)profile_saturated_count(profile));
    }
    int status = output_write(command, path, bytes, size);
    free(bytes);
    return status;
}
