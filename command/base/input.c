// input.c: reads profile files (input.h).
#include "input.h"
#include "../../base/vector.h"
#include "file_kind.h"
#include "recording.h"
#include "diagnostic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

// Error text for a path that cannot be opened.
static const char *why_not(const char *path) {
    bool address = strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
    return address && errno == ENOENT ? "is a URL, not a file: download it with curl -o FILE" : strerror(errno);
}

// Reads up to max + 1 bytes; max + 1 means that the file is too large. first: size of the file, 0 if unknown. Returns false with errno set.
static bool read_all(int file, size_t first, size_t max, struct input *input) {
    size_t capacity = 0;
    for (;;) {
        // One byte more than the file, so that read returns 0 without another realloc.
        size_t more = capacity == 0 && first < max ? first + 1 : 1;
        if (!VECTOR_RESERVE(input->bytes, capacity, input->size + more)) {
            errno = ENOMEM;
            return false;
        }
        ssize_t count = read(file, input->bytes + input->size, capacity - input->size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count == 0;
        }
        input->size += (size_t)count;
        if (input->size > max) {
            return true;
        }
    }
}

int input_read(const struct options *options, const char *path, struct input *input) {
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    size_t max = options->limits.input_bytes; // a file that is larger than this is not smaller when inflated
    *input = (struct input){0};
    int status = STATUS_DONE;
    if (file < 0 || fstat(file, &about) != 0) {
        status = diagnostic_error(options->command, name_of(path), "%s", why_not(path));
    } else if (!read_all(file, S_ISREG(about.st_mode) && about.st_size > 0 ? (size_t)about.st_size : 0, max, input)) {
        status = diagnostic_error(options->command, name_of(path), "%s", strerror(errno));
    } else if (input->size == 0) {
        status = diagnostic_error(options->command, name_of(path), "is empty");
    } else if (input->size > max) {
        status = diagnostic_error(options->command, name_of(path), "is larger than %zu MiB; --max-size raises the limit", max >> 20);
    }
    if (file >= 0 && !standard) {
        close(file);
    }
    status = status == STATUS_DONE ? recording_replace(options, name_of(path), input) : status;
    if (status != STATUS_DONE) {
        free(input->bytes);
        *input = (struct input){0};
    }
    return status;
}

int input_error(const struct options *options, const char *path, const struct input *input, const struct merge_fault *fault) {
    const char *name = name_of(path), *text = *fault->text ? fault->text : merge_error_text(fault->error);
    bool unreadable = fault->error == MERGE_MALFORMED || fault->error == MERGE_TRUNCATED;
    const char *kind = unreadable ? file_kind(input->bytes, input->size) : NULL;
    if (kind) {
        return diagnostic_error(options->command, name, "not a pprof profile; it looks like %s", kind);
    }
    switch (fault->error) {
    case MERGE_MALFORMED:
        return diagnostic_error(options->command, name, "not a pprof profile, or a damaged one: %s (byte %zu, inflated)", text,
                                fault->offset);
    case MERGE_TRUNCATED:
    case MERGE_BAD_COMPRESSION:
        return diagnostic_error(options->command, name, "damaged or truncated: %s (byte %zu, inflated)", text, fault->offset);
    case MERGE_TOO_LARGE:
        return diagnostic_error(options->command, name, "exceeds a limit (--max-size sets the inflated size): %s", text);
    default:
        return diagnostic_error(options->command, name, "%s", text);
    }
}

int input_add_bytes(const struct options *options, const char *path, const struct input *input, struct profile *profile,
                    const int64_t *scale, enum merge_error *error) {
    struct merge_fault fault = {0};
    enum merge_error decoded = profile_decode(profile, input->bytes, input->size, &options->limits, scale, &fault);
    if (error) {
        *error = decoded;
    }
    if (decoded != MERGE_OK) {
        return input_error(options, path, input, &fault);
    }
    if (profile_sample_type_count(profile) == 0) {
        const char *kind = file_kind(input->bytes, input->size);
        return diagnostic_error(options->command, name_of(path), "not a pprof profile%s%s",
                                kind ? "; it looks like " : ": it has no sample types", kind ? kind : "");
    }
    return STATUS_DONE;
}

int input_add(const struct options *options, const char *path, struct profile *profile, const int64_t *scale) {
    struct input input;
    int status = input_read(options, path, &input);
    if (status == STATUS_DONE) {
        status = input_add_bytes(options, path, &input, profile, scale, NULL);
        free(input.bytes);
    }
    return status;
}

void input_note_left_out(const struct options *options, const struct profile *profile) {
    for (size_t i = 0; i < profile_left_out_count(profile); i++) {
        diagnostic_note(options->command, "left out: sample type %s, which not all files have", profile_left_out_name(profile, i));
    }
}
