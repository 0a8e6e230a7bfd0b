// source_file.c: see source_file.h.
#include "source_file.h"
#include "../base/folder_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 16 << 20, MAX_LINE_BYTES = 400, TEXT_BYTES = 8 << 10 };

static bool has_suffix_of_source(const char *name) {
    static const char *const suffixes[] = {".go",  ".s",   ".S",    ".c",  ".h",     ".cc",     ".cpp", ".cxx", ".hh",  ".hpp", ".hxx",
                                           ".inc", ".ipp", ".m",    ".py", ".pyx",   ".js",     ".mjs", ".cjs", ".jsx", ".ts",  ".mts",
                                           ".cts", ".tsx", ".java", ".kt", ".scala", ".groovy", ".rs",  ".y",   ".l",   ".rb"};
    const char *suffix = strrchr(name, '.');
    for (size_t i = 0; suffix && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcmp(suffix, suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

// "db/store.go": below a folder, nothing hidden, no way up.
static bool is_source(const char *path) {
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        if (*part == '.' || *part == '/' || *part == '\0') {
            return false;
        }
    }
    return has_suffix_of_source(path);
}

// Whether the open file is a source file below the folder, wherever links led to it.
static bool is_inside(int file, const char *directory) {
    char path[PATH_MAX];
    struct stat about;
    const char *rest = folder_file_inside(file, directory, path);
    return rest && is_source(rest) && fstat(file, &about) == 0 && about.st_size <= MAX_BYTES;
}

// Whether its beginning has no NUL.
static bool is_text(int file) {
    char start[TEXT_BYTES];
    ssize_t size = pread(file, start, sizeof start, 0);
    return size >= 0 && !memchr(start, '\0', (size_t)size);
}

// -1: there is none.
static int open_in(const struct receiver_source *source, const char *file) {
    char path[PATH_MAX];
    const char *rest = source->from   ? folder_file_below(file, source->from)
                       : *file == '/' ? folder_file_below(file, source->directory)
                                      : file;
    if (!rest || !is_source(rest) || snprintf(path, sizeof path, "%s/%s", source->directory, rest) >= (int)sizeof path) {
        return -1;
    }
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened >= 0 && (!is_inside(opened, source->directory) || !is_text(opened))) {
        close(opened);
        opened = -1;
    }
    return opened;
}

static void write_line(const char *line, size_t length, struct json *json) {
    while (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    json_text_n(json, line, length);
}

// A file that grows meanwhile is read up to MAX_BYTES.
static void write_lines(FILE *file, int64_t first, int64_t count, struct json *json) {
    char line[MAX_LINE_BYTES];
    size_t length = 0; // of the line so far, cut
    int64_t number = 1;
    bool begun = false;
    for (size_t left = MAX_BYTES; left > 0 && number < first + count; left--) {
        int byte = getc_unlocked(file);
        if (byte == EOF) {
            break;
        }
        begun = byte != '\n';
        if (begun && length < sizeof line) {
            line[length++] = (char)byte;
        } else if (!begun) {
            if (number >= first) {
                write_line(line, length, json);
            }
            number++;
            length = 0;
        }
    }
    if (begun && number >= first) { // the last line may lack its end
        write_line(line, length, json);
    }
}

void source_file_write(const struct receiver_sources *sources, const char *file, int64_t first, int64_t count, struct json *json) {
    int opened = -1;
    for (size_t i = 0; i < sources->count && opened < 0; i++) {
        opened = open_in(&sources->list[i], file);
    }
    FILE *stream = opened >= 0 ? fdopen(opened, "r") : NULL;
    json_object_begin(json);
    json_key(json, "lines");
    json_array_begin(json);
    if (stream) {
        write_lines(stream, first, count, json);
    }
    json_array_end(json);
    if (!stream) {
        json_member_text(json, "reason",
                         sources->count == 0 ? "The receiver was not told where sources are (--source-path)."
                                             : "No folder of --source-path has this file.");
    }
    json_object_end(json);
    if (stream) {
        fclose(stream);
    } else if (opened >= 0) {
        close(opened);
    }
}
