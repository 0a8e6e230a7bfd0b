// file_title.c: see file_title.h.
#include "file_title.h"
#include "web_address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// The path without what a title does not have. Points to file, or to buffer.
static const char *plain_path(const char *file, char buffer[WEB_ADDRESS_SHOWN_BYTES]) {
    if (strcmp(file, "-") == 0) {
        return "standard input";
    }
    if (!web_address_is(file)) {
        return file;
    }
    web_address_strip(file, buffer, WEB_ADDRESS_SHOWN_BYTES);
    char *path = buffer + (web_address_authority(buffer) - buffer);
    path[strcspn(path, "?#")] = '\0';
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; path[--length] = '\0') {
    }
    return path;
}

// The last parts of a path; the whole path if it has no more.
static const char *last_parts(const char *path, size_t parts) {
    const char *at = path + strlen(path);
    while (at > path && parts > 0) {
        at--;
        parts -= at > path && at[-1] == '/';
    }
    return at;
}

// Whether the last parts of another path are the same. *copies: how many files before index have the same path.
static bool is_ambiguous(char *const *files, size_t count, size_t index, const char *path, size_t parts, size_t *copies) {
    char buffer[WEB_ADDRESS_SHOWN_BYTES];
    const char *own = last_parts(path, parts);
    bool ambiguous = false;
    *copies = 0;
    for (size_t i = 0; i < count; i++) {
        const char *other = i == index ? path : plain_path(files[i], buffer);
        bool is_same = strcmp(other, path) == 0;
        *copies += is_same && i < index;
        ambiguous |= !is_same && strcmp(last_parts(other, parts), own) == 0;
    }
    return ambiguous;
}

const char *file_title(char *const *files, size_t count, size_t index, char title[FILE_TITLE_BYTES]) {
    enum { ROOM = FILE_TITLE_BYTES - 32 };
    char buffer[WEB_ADDRESS_SHOWN_BYTES];
    const char *path = plain_path(files[index], buffer);
    size_t parts = 1, copies;
    while (is_ambiguous(files, count, index, path, parts, &copies) && last_parts(path, parts) > path) {
        parts++;
    }
    const char *shown = last_parts(path, parts);
    shown += strlen(shown) > ROOM ? strlen(shown) - ROOM : 0;
    int length = snprintf(title, FILE_TITLE_BYTES, "%s", shown);
    if (copies > 0) {
        snprintf(title + length, FILE_TITLE_BYTES - (size_t)length, " (%zu)", copies + 1);
    }
    return title;
}

const char *file_title_of_all(char *const *files, size_t count, char title[FILE_TITLE_BYTES]) {
    size_t length = strlen(file_title(files, count, 0, title));
    if (count > 1) {
        length = length < FILE_TITLE_BYTES - 40 ? length : FILE_TITLE_BYTES - 40;
        snprintf(title + length, FILE_TITLE_BYTES - length, " and %zu more", count - 1);
    }
    return title;
}
