// source_paths.c: see source_paths.h.
#include "source_paths.h"
#include "../base/diagnostic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// NULL with errno: there is no such directory.
static char *real_directory(const char *path) {
    struct stat about;
    char *real = realpath(path, NULL);
    if (real && (stat(real, &about) != 0 || !S_ISDIR(about.st_mode))) {
        free(real);
        real = NULL;
        errno = ENOTDIR;
    }
    return real;
}

bool source_paths_add(struct source_paths *paths, const char *command, const char *option, const char *text) {
    const char *equals = strchr(text, '=');
    if (paths->count == SOURCE_PATHS_MAX) {
        diagnostic_error(command, NULL, "more than %d --%s", SOURCE_PATHS_MAX, option);
        return false;
    }
    if (equals == text) {
        diagnostic_error(command, NULL, "--%s %s: before the = stands no folder of profiles", option, text);
        return false;
    }
    char *from = equals ? strndup(text, (size_t)(equals - text)) : NULL, *directory = real_directory(equals ? equals + 1 : text);
    if (!directory || (equals && !from)) {
        diagnostic_error(command, equals ? equals + 1 : text, "--%s: %s", option, strerror(directory ? ENOMEM : errno));
        free(from);
        free(directory);
        return false;
    }
    paths->list[paths->count++] = (struct receiver_source){from, directory};
    return true;
}

void source_paths_free(struct source_paths *paths) {
    for (size_t i = 0; i < paths->count; i++) {
        free((void *)paths->list[i].from);
        free((void *)paths->list[i].directory);
    }
    *paths = (struct source_paths){0};
}
