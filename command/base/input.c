// input.c: reads profile files (input.h).
#include "input.h"
#include "../../base/vector.h"
#include "../../client/download.h"
#include "file_kind.h"
#include "foreign_input.h"
#include "recording.h"
#include "diagnostic.h"
#include "web_address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *input_name(const char *path) {
    static char shown[WEB_ADDRESS_SHOWN_BYTES]; // the command has one thread
    return strcmp(path, "-") == 0 ? "standard input" : web_address_is(path) ? web_address_shown(path, shown) : path;
}

// Returns STATUS_DONE, or STATUS_FAILED after an error message.
static int read_address(const struct options *options, const char *url, struct input *input) {
    struct download download;
    if (!download_get(url, NULL, 0, options->limits.input_bytes, &download)) {
        return diagnostic_error(options->command, input_name(url), "%s", download.text);
    }
    *input = (struct input){download.bytes, download.size};
    return input->size > 0 ? STATUS_DONE : diagnostic_error(options->command, input_name(url), "is empty");
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

// The same.
static int read_file(const struct options *options, const char *path, struct input *input) {
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    size_t max = options->limits.input_bytes; // a file that is larger than this is not smaller when inflated
    int status = STATUS_DONE;
    if (file < 0 || fstat(file, &about) != 0) {
        status = diagnostic_error(options->command, input_name(path), "%s", strerror(errno));
    } else if (!read_all(file, S_ISREG(about.st_mode) && about.st_size > 0 ? (size_t)about.st_size : 0, max, input)) {
        status = diagnostic_error(options->command, input_name(path), "%s", strerror(errno));
    } else if (input->size == 0) {
        status = diagnostic_error(options->command, input_name(path), "is empty");
    } else if (input->size > max) {
        status = diagnostic_error(options->command, input_name(path), "is larger than %zu MiB; --max-size raises the limit", max >> 20);
    }
    if (file >= 0 && !standard) {
        close(file);
    }
    return status;
}

int input_read_raw(const struct options *options, const char *path, struct input *input) {
    *input = (struct input){0};
    int status = web_address_is(path) ? read_address(options, path, input) : read_file(options, path, input);
    if (status != STATUS_DONE) {
        free(input->bytes);
        *input = (struct input){0};
    }
    return status;
}

int input_read(const struct options *options, const char *path, struct input *input) {
    int status = input_read_raw(options, path, input);
    status = status == STATUS_DONE ? recording_replace(options, input_name(path), input) : status; // content is inflated from here on
    status = status == STATUS_DONE && options->recordings ? foreign_input_replace(options, input_name(path), input) : status;
    if (status != STATUS_DONE) {
        free(input->bytes);
        *input = (struct input){0};
    }
    return status;
}

int input_error(const struct options *options, const char *path, const struct input *input, const struct merge_fault *fault) {
    const char *name = input_name(path), *text = *fault->text ? fault->text : merge_error_text(fault->error);
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
        return diagnostic_error(options->command, input_name(path), "not a pprof profile%s%s",
                                kind ? "; it looks like " : ": it has no sample types", kind ? kind : "");
    }
    return STATUS_DONE;
}

int input_become(const struct options *options, const char *path, struct profile *profile, struct input *input) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum merge_error error = profile_encode(profile, MERGE_RAW, &bytes, &size);
    profile_free(profile);
    if (error != MERGE_OK) {
        return diagnostic_error(options->command, path, "%s", merge_error_text(error));
    }
    free(input->bytes);
    *input = (struct input){bytes, size};
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
