// token_file.c: tokens and their roles (token_file.h).
#include "token_file.h"
#include "diagnostic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_BYTES = 512 };

struct reading {
    struct token_list *list;
    const char *path;
    unsigned line;
    size_t before, found; // tokens of other files, and of this one
};

static bool fail(const struct reading *reading, const char *what) {
    diagnostic_error("receiver", reading->path, "line %u: %s", reading->line, what);
    return false;
}

// A token of another file may do as well what it may there.
static bool add(struct reading *reading, const char *token, unsigned roles) {
    struct token_list *list = reading->list;
    if (strlen(token) >= TOKEN_FILE_BYTES) {
        return fail(reading, "the token is too long");
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->texts[i], token) == 0) {
            list->tokens[i].roles |= roles;
            reading->found++;
            return i < reading->before || fail(reading, "this token was there before");
        }
    }
    if (list->count == RECEIVER_TOKENS_MAX) {
        return fail(reading, "there are more than 64 tokens");
    }
    strcpy(list->texts[list->count], token);
    list->tokens[list->count] = (struct receiver_token){list->texts[list->count], roles};
    list->count++;
    reading->found++;
    return true;
}

// Of "upload,read", length bytes. 0: not roles.
static unsigned parse_roles(const char *text, size_t length) {
    static const struct {
        const char *name;
        unsigned roles;
    } known[] = {{"upload", RECEIVER_UPLOADS}, {"read", RECEIVER_READS}, {"admin", RECEIVER_ALL}};
    unsigned roles = 0;
    for (const char *at = text, *end = text + length;; at++) {
        size_t size = strcspn(at, ", \t"), i = 0;
        while (i < sizeof known / sizeof *known && (strlen(known[i].name) != size || memcmp(at, known[i].name, size) != 0)) {
            i++;
        }
        if (i == sizeof known / sizeof *known) {
            return 0;
        }
        roles |= known[i].roles;
        at += size;
        if (at >= end) {
            return roles;
        }
    }
}

static bool take_line(struct reading *reading, const char *line, bool *is_alone) {
    size_t first = strcspn(line, " \t");
    const char *rest = line + first + strspn(line + first, " \t");
    if (!*line || strncmp(line, "# ", 2) == 0 || strcmp(line, "#") == 0) {
        return true;
    }
    unsigned roles = parse_roles(line, first);
    if (*is_alone) {
        return !*rest || !roles || fail(reading, "a token without roles stands before it, and is for everything: give it roles too");
    }
    if (!*rest) {
        return fail(reading, roles ? "the token is missing: a line is ROLES TOKEN" : "the roles are missing: a line is ROLES TOKEN");
    }
    if (!roles) {
        return fail(reading, "roles are upload, read and admin, with commas between them");
    }
    if (rest[strcspn(rest, " \t")]) {
        return fail(reading, "there is more than ROLES TOKEN");
    }
    return add(reading, rest, roles);
}

// Returns the length, with the end of the line, cut at the longest; -1: there is no more.
static ssize_t read_line(char line[LINE_BYTES], FILE *file) {
    ssize_t length = 0;
    int byte = EOF;
    while (length < LINE_BYTES - 1 && (byte = getc(file)) != EOF) {
        line[length++] = (char)byte;
        if (byte == '\n') {
            break;
        }
    }
    line[length] = '\0';
    return length > 0 ? length : -1;
}

static bool read_lines(struct reading *reading, FILE *file, unsigned alone, bool has_roles) {
    char line[LINE_BYTES];
    bool is_alone = false, ok = true, any = false;
    for (ssize_t length; ok && (length = read_line(line, file)) >= 0;) {
        reading->line++;
        if (length == sizeof line - 1) {
            return fail(reading, "the line is too long");
        }
        if (strlen(line) != (size_t)length) {
            return fail(reading, "there is a zero byte");
        }
        line[strcspn(line, "\r\n")] = '\0';
        bool is_bare = *line && !strpbrk(line, " \t");
        if (reading->line == 1 && (is_bare || !has_roles)) { // else it is one, or none, by its characters: the receiver says so
            is_alone = true;
            ok = add(reading, line, alone);
        } else if (has_roles) {
            ok = take_line(reading, line, &is_alone);
        }
        any |= *line != '\0';
    }
    if (ok && (ferror(file) || !any)) {
        diagnostic_error("receiver", reading->path, "%s", ferror(file) ? strerror(errno) : "is empty");
        return false;
    }
    return ok;
}

bool token_file_read(struct token_list *list, const char *path, unsigned alone, bool has_roles) {
    struct stat about;
    struct reading reading = {.list = list, .path = path, .before = list->count};
    FILE *file = fopen(path, "r");
    if (!file) {
        diagnostic_error("receiver", path, "%s", strerror(errno));
        return false;
    }
    bool ok = read_lines(&reading, file, alone, has_roles);
    if (ok && reading.found == 0) {
        diagnostic_error("receiver", path, "has no token");
        ok = false;
    }
    if (ok && fstat(fileno(file), &about) == 0 && (about.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        fprintf(stderr, "cmemprof receiver: %s: other users can read this token (chmod 600)\n", path);
    }
    fclose(file);
    return ok;
}
