// relay_mark.c: marks of forwarded uploads (relay_mark.h).
#include "relay_mark.h"
#include "../../base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static bool make(int directory, char id[RELAY_MARK_ID_BYTES]) {
    unsigned char random[8];
    if (getrandom(random, sizeof random, 0) != sizeof random) {
        return false;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(id + 2 * i, 3, "%02x", random[i]);
    }
    int file = openat(directory, "forward.id", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = file >= 0 && file_write(file, id, RELAY_MARK_ID_BYTES - 1) && fsync(file) == 0;
    int error = errno;
    if (file >= 0) {
        close(file);
    }
    errno = error;
    return ok;
}

bool relay_mark_id(int directory, bool create, char id[RELAY_MARK_ID_BYTES]) {
    int file = openat(directory, "forward.id", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, id, RELAY_MARK_ID_BYTES - 1) : 0;
    if (file >= 0) {
        close(file);
    }
    id[size > 0 ? size : 0] = '\0';
    if (strspn(id, "0123456789abcdef") == RELAY_MARK_ID_BYTES - 1) {
        return true;
    }
    id[0] = '\0';
    return !create || make(directory, id);
}

// The value of the next tag "relay" that is a mark, or NULL. A service may have one of its own, with another value. *tags: moves behind it.
static const char *next_mark(const char **tags, size_t *length) {
    while (**tags) {
        const char *tag = *tags;
        size_t size = strcspn(tag, ",");
        *tags += size + (tag[size] == ',');
        if (size > 6 && strncmp(tag, "relay:", 6) == 0 && strspn(tag + 6, "0123456789abcdef.") == size - 6) {
            *length = size - 6;
            return tag + 6;
        }
    }
    return NULL;
}

bool relay_mark_has(const char *tags, const char *id) {
    size_t length;
    tags = tags && *id ? tags : "";
    for (const char *value; (value = next_mark(&tags, &length));) {
        if (memmem(value, length, id, strlen(id))) {
            return true;
        }
    }
    return false;
}

bool relay_mark_add(const char *tags, const char *id, char tag[RELAY_MARK_BYTES]) {
    size_t length = 0, size;
    const char *mark = "";
    tags = tags ? tags : "";
    for (const char *value; (value = next_mark(&tags, &size));) { // the last one: tags of the event are before those beside it
        mark = value;
        length = size;
    }
    if (length > (RELAY_MARK_MAX - 1) * RELAY_MARK_ID_BYTES) {
        return false;
    }
    snprintf(tag, RELAY_MARK_BYTES, "relay:%.*s%s%s", (int)length, mark, length > 0 ? "." : "", id);
    return true;
}
