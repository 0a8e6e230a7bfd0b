// smaps.c (resident): see smaps.h. Each area is a head line and one line a value; an area is complete when the next head line or the end is
// read.

#include "smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *smaps_error_text(enum smaps_error error) {
    static const char *const texts[SMAPS_ERROR_COUNT] = {
        [SMAPS_OK] = "no error",
        [SMAPS_NO_PROCESS] = "no such process",
        [SMAPS_NOT_PERMITTED] = "not permitted: it is another user's process",
        [SMAPS_UNREADABLE] = "its memory map cannot be read",
        [SMAPS_MALFORMED] = "its memory map is not as Linux writes it",
    };
    return error < SMAPS_ERROR_COUNT ? texts[error] : "unknown error";
}

static enum smaps_error from_errno(int number) {
    switch (number) {
    case ENOENT:
    case ESRCH:
        return SMAPS_NO_PROCESS;
    case EACCES:
    case EPERM:
        return SMAPS_NOT_PERMITTED;
    default:
        return SMAPS_UNREADABLE;
    }
}

enum smaps_error smaps_open(const char *path, int *file) {
    *file = open(path, O_RDONLY | O_CLOEXEC);
    return *file >= 0 ? SMAPS_OK : from_errno(errno);
}

// A number at *at in base 10 or 16, without sign or blanks before it. False: there is none, or it does not fit.
static bool take_number(const char **at, unsigned base, uint64_t *number) {
    const char *first = *at;
    for (*number = 0;; (*at)++) {
        unsigned char c = (unsigned char)**at;
        unsigned digit = c >= '0' && c <= '9' ? c - 48u : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10u : base;
        if (digit == base) {
            return *at != first;
        }
        if (__builtin_mul_overflow(*number, base, number) || __builtin_add_overflow(*number, digit, number)) {
            return false;
        }
    }
}

static bool take_char(const char **at, char expected) {
    bool found = **at == expected;
    *at += found;
    return found;
}

// "7f93ed6a0000-7f93ed6c1000 rw-p 00000000 fe:00 10847021       /usr/lib/x.so"
static bool parse_head(const char *at, struct smaps_area *area) {
    uint64_t major, minor;
    *area = (struct smaps_area){0};
    if (!take_number(&at, 16, &area->low) || !take_char(&at, '-') || !take_number(&at, 16, &area->high) || !take_char(&at, ' ') ||
        strnlen(at, 5) < 5 || at[4] != ' ') {
        return false;
    }
    memcpy(area->permissions, at, 4);
    at += 5;
    if (!take_number(&at, 16, &area->offset) || !take_char(&at, ' ') || !take_number(&at, 16, &major) || !take_char(&at, ':') ||
        !take_number(&at, 16, &minor) || !take_char(&at, ' ') || !take_number(&at, 10, &area->inode)) {
        return false;
    }
    area->name = at + strspn(at, " ");
    return area->low < area->high;
}

static bool is_head(const char *line) {
    return (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f');
}

// "Rss:                2596 kB". Lines of no interest are passed over, also those of later kernels.
static bool parse_value(const char *line, struct smaps_area *area) {
    const struct {
        const char *key;
        uint64_t *value;
    } values[] = {
        {"Rss:", &area->rss},
        {"Anonymous:", &area->anonymous},
        {"LazyFree:", &area->lazy_free},
        {"AnonHugePages:", &area->huge},
        {"ShmemPmdMapped:", &area->huge},
        {"FilePmdMapped:", &area->huge},
        {"Shared_Hugetlb:", &area->hugetlb},
        {"Private_Hugetlb:", &area->hugetlb},
        {"Swap:", &area->swap},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t length = strlen(values[i].key);
        if (strncmp(line, values[i].key, length) == 0) {
            const char *at = line + length + strspn(line + length, " ");
            uint64_t kib, bytes;
            return take_number(&at, 10, &kib) && strcmp(at, " kB") == 0 && !__builtin_mul_overflow(kib, 1024u, &bytes) &&
                   !__builtin_add_overflow(*values[i].value, bytes, values[i].value);
        }
    }
    return strchr(line, ':');
}

struct parser {
    struct smaps_area area; // its name lies in name
    bool has_area;
    smaps_visit visit;
    void *context;
    char name[4 * 4096];
};

static bool take_line(struct parser *parser, const char *line) {
    if (!is_head(line)) {
        return parser->has_area && parse_value(line, &parser->area);
    }
    if (parser->has_area) {
        parser->visit(parser->context, &parser->area);
    }
    parser->has_area = parse_head(line, &parser->area) && strlen(parser->area.name) < sizeof parser->name;
    if (parser->has_area) {
        parser->area.name = strcpy(parser->name, parser->area.name);
    }
    return parser->has_area;
}

enum smaps_error smaps_read(int file, char buffer[SMAPS_BUFFER_BYTES], smaps_visit visit, void *context) {
    struct parser parser;
    parser.has_area = false;
    parser.visit = visit;
    parser.context = context;
    size_t size = 0;
    // pread: a program that closes all descriptors may have another file under this number by now, whose data must not be taken from it.
    for (off_t offset = 0;;) {
        ssize_t more = pread(file, buffer + size, SMAPS_BUFFER_BYTES - 1 - size, offset);
        if (more < 0 && errno == EINTR) {
            continue;
        }
        if (more < 0) {
            return from_errno(errno);
        }
        if (more == 0) {
            break;
        }
        offset += more;
        size += (size_t)more;
        char *at = buffer;
        for (char *end; (end = memchr(at, '\n', size - (size_t)(at - buffer))); at = end + 1) {
            *end = '\0';
            if (memchr(at, '\0', (size_t)(end - at)) || !take_line(&parser, at)) {
                return SMAPS_MALFORMED;
            }
        }
        size -= (size_t)(at - buffer);
        memmove(buffer, at, size);
        if (size == SMAPS_BUFFER_BYTES - 1) {
            return SMAPS_MALFORMED;
        }
    }
    if (size != 0) {
        return SMAPS_MALFORMED; // the last line has no end
    }
    if (parser.has_area) {
        visit(context, &parser.area);
    }
    return SMAPS_OK;
}
