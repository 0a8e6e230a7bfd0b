// folder_file.c: see folder_file.h.
#include "folder_file.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *folder_file_below(const char *path, const char *folder) {
    size_t length = strlen(folder);
    while (length > 0 && folder[length - 1] == '/') {
        length--;
    }
    return strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

const char *folder_file_inside(int file, const char *folder, char real[PATH_MAX]) {
    char link[64];
    struct stat about;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, real, PATH_MAX - 1);
    if (length <= 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        return NULL;
    }
    real[length] = '\0';
    return folder_file_below(real, folder);
}
