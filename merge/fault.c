// fault.c: error names, and filling in a fault. Threads: any. Memory: none.
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct merge_limits merge_default_limits = {
    .input_bytes = (size_t)256 << 20,
    .string_bytes = (size_t)16 << 20,
    .depth_frames = 10000,
    .total_frames = (size_t)64 << 20, // 100,000 samples of 512 frames are 51 million
    .sample_types = 64,
    .inflate_ratio = 256, // of real profiles it is 3 to 20; the maximum of deflate is 1,032, of zstd about 100,000
};

const char *merge_error_text(enum merge_error error) {
    static const char *const strings[MERGE_ERROR_COUNT] = {
        [MERGE_OK] = "ok",
        [MERGE_NO_MEMORY] = "out of memory",
        [MERGE_TRUNCATED] = "truncated input",
        [MERGE_MALFORMED] = "malformed profile",
        [MERGE_BAD_COMPRESSION] = "damaged compression",
        [MERGE_TOO_LARGE] = "over a limit",
        [MERGE_TYPES_DIFFER] = "sample types differ",
        [MERGE_NOT_FOUND] = "no such sample type",
    };
    if ((unsigned)error >= MERGE_ERROR_COUNT) {
        return "unknown error";
    }
    return strings[error];
}

// Replaces control characters: texts from untrusted input must be one line of printable text.
static void make_one_line(char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127) {
            *text = '?';
        }
    }
}

enum merge_error fault_set(struct merge_fault *fault, enum merge_error error, size_t offset, const char *format, ...) {
    if (!fault) {
        return error;
    }
    fault->error = error;
    fault->offset = offset;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    make_one_line(fault->text);
    return error;
}
