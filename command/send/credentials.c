// credentials.c: see credentials.h.
#include "credentials.h"
#include "../../base/base64.h"
#include "../base/diagnostic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { LINE_BYTES = 8 << 10 };

static FILE *open_secret(const char *path) {
    FILE *file = fopen(path, "re");
    struct stat about;
    const char *fault = file ? NULL : strerror(errno);
    if (file) {
        setvbuf(file, NULL, _IONBF, 0); // its buffer would be freed with the secret in it
    }
    if (file && fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & S_IROTH) != 0) {
        fault = "other users can read this secret (chmod 600)";
    }
    if (fault) {
        diagnostic_error("receiver", path, "%s", fault);
    }
    if (fault && file) {
        fclose(file);
        file = NULL;
    }
    return file;
}

static void cut_line_break(char *line) {
    size_t length = strlen(line);
    length -= length > 0 && line[length - 1] == '\n';
    length -= length > 0 && line[length - 1] == '\r';
    line[length] = '\0';
}

enum line_end { LINE_WHOLE, LINE_NONE, LINE_TOO_LONG, LINE_HAS_ZERO };

// Without the \n.
static enum line_end read_line(FILE *file, char *line, size_t capacity) {
    size_t length = 0;
    int c;
    while ((c = getc(file)) != EOF && c != '\n' && length < capacity - 1) {
        line[length++] = (char)c;
    }
    line[length] = '\0';
    bool has_zero = memchr(line, '\0', length);
    return c == EOF && length == 0 ? LINE_NONE : has_zero ? LINE_HAS_ZERO : c != EOF && c != '\n' ? LINE_TOO_LONG : LINE_WHOLE;
}

// Memory that is freed is read by whoever gets it next.
static void forget(char *text) {
    if (text) {
        explicit_bzero(text, strlen(text));
    }
}

static void forget_and_free(char *text) {
    forget(text);
    free(text);
}

// ---- Secrets ----

// One line break at the end is no part of it. Returns why it is none; NULL: it is one.
static const char *check_secret(char *secret) {
    cut_line_break(secret);
    return strpbrk(secret, "\r\n") ? "has more than one line" : strlen(secret) >= SECRET_BYTES - 2 ? "has more than 509 bytes" : NULL;
}

static bool read_secret(const char *path, char secret[SECRET_BYTES]) {
    FILE *file = open_secret(path);
    if (!file) {
        return false;
    }
    enum line_end end = read_line(file, secret, SECRET_BYTES);
    const char *fault = end == LINE_HAS_ZERO ? "has a control character" : end == LINE_NONE ? "is empty" : check_secret(secret);
    fault = fault || *secret ? fault : "is empty";
    fclose(file);
    if (fault) {
        explicit_bzero(secret, SECRET_BYTES);
        diagnostic_error("receiver", path, "%s", fault);
    }
    return !fault;
}

void credentials_forget(const char *variable) {
    forget(getenv(variable)); // also for who reads /proc/PID/environ
    unsetenv(variable);
}

bool credentials_secret(const char *file, const char *variable, char secret[SECRET_BYTES]) {
    const char *text = getenv(variable);
    secret[0] = '\0';
    if (file) {
        return read_secret(file, secret);
    }
    snprintf(secret, SECRET_BYTES, "%s", text ? text : "");
    const char *fault = check_secret(secret);
    if (fault) {
        explicit_bzero(secret, SECRET_BYTES);
        diagnostic_error("receiver", variable, "%s", fault);
    }
    return !fault;
}

// ---- Headers ----

static const char token[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; // RFC 9110, 5.6.2

// Else it could end the header and begin another one.
static bool has_control_character(const char *value) {
    while (*value && ((unsigned char)*value >= ' ' || *value == '\t')) {
        value++;
    }
    return *value;
}

// One block, which is made for it: formatting with asprintf leaves copies. The caller frees it; NULL: no memory.
static char *join(const char *first, const char *between, const char *second) {
    size_t size = strlen(first) + strlen(between) + strlen(second) + 1;
    char *text = malloc(size);
    if (text) {
        stpcpy(stpcpy(stpcpy(text, first), between), second);
    }
    return text;
}

// Its place; headers->count: there is none of this name.
static size_t place_of(const struct header_list *headers, const char *name) {
    size_t at = 0, length = strlen(name);
    while (at < headers->count && (strncasecmp(headers->lines[at], name, length) != 0 || headers->lines[at][length] != ':')) {
        at++;
    }
    return at;
}

void headers_drop(struct header_list *headers, const char *name) {
    size_t at = place_of(headers, name);
    if (at < headers->count) {
        forget_and_free(headers->lines[at]);
        headers->lines[at] = headers->lines[--headers->count];
    }
}

bool headers_set(struct header_list *headers, const char *name, const char *value) {
    size_t at = place_of(headers, name), length = strlen(name);
    if (length == 0 || name[strspn(name, token)] || has_control_character(value)) {
        headers->fault = "HTTP does not allow this name or value";
        return false;
    }
    char *line = at < HEADERS_MAX ? join(name, ": ", value) : NULL;
    if (!line) {
        headers->fault = at < HEADERS_MAX ? strerror(ENOMEM) : "there are too many";
        return false;
    }
    if (at < headers->count) {
        forget_and_free(headers->lines[at]);
    }
    headers->lines[at] = line;
    headers->count += at == headers->count;
    return true;
}

void headers_free(struct header_list *headers) {
    for (size_t i = 0; i < headers->count; i++) {
        forget_and_free(headers->lines[i]);
    }
    headers->count = 0;
}

static int hex_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

// False: a zero byte is escaped.
static bool unescape(char *text) {
    char *out = text, *begin = text;
    for (; *text; text++) {
        bool is_escape = *text == '%' && hex_of(text[1]) >= 0 && hex_of(text[2]) >= 0;
        *out++ = is_escape ? (char)(hex_of(text[1]) * 16 + hex_of(text[2])) : *text;
        text += is_escape ? 2 : 0;
    }
    explicit_bzero(out, (size_t)(text - out));
    return !memchr(begin, '\0', (size_t)(out - begin));
}

static bool set_pair(struct header_list *headers, char *pair) {
    char *equals = strchr(pair, '=');
    pair += strspn(pair, " ");
    if (!equals || equals <= pair) {
        return true;
    }
    char *end = equals++;
    while (end > pair && end[-1] == ' ') {
        end--;
    }
    *end = '\0';
    if (!unescape(equals)) {
        headers->fault = "HTTP does not allow a zero byte";
        return false;
    }
    return headers_set(headers, pair, equals);
}

bool headers_set_pairs(struct header_list *headers, const char *text) {
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? strdup(text) : NULL, *rest = copy;
    bool ok = copy || !text;
    for (char *pair; ok && copy && (pair = strsep(&rest, ","));) {
        ok = set_pair(headers, pair);
    }
    if (copy) {
        explicit_bzero(copy, size); // it is in pieces
    } else if (text) {
        headers->fault = strerror(ENOMEM);
    }
    free(copy);
    return ok;
}

// The caller frees it.
static char *base64(const char *text) {
    size_t size = base64_size(strlen(text));
    char *out = malloc(size + 1);
    if (out) {
        base64_write(text, strlen(text), out);
        out[size] = '\0';
    }
    return out;
}

bool headers_set_basic(struct header_list *headers, const char *user, const char *password) {
    char *both = join(user, ":", password), *encoded = both ? base64(both) : NULL, *value = encoded ? join("Basic", " ", encoded) : NULL;
    if (!value) {
        headers->fault = strerror(ENOMEM);
    }
    bool ok = value && headers_set(headers, "Authorization", value);
    forget_and_free(both);
    forget_and_free(encoded);
    forget_and_free(value);
    return ok;
}

// ---- A file of headers ----

// What says how the body is written is not the file's to say.
static bool is_of_body(const char *name) {
    static const char *const names[] = {"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Expect", "Connection"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Cuts the line in two. Returns why it is no header; NULL: it is one.
static const char *split(char *line, char **value) {
    size_t length = strspn(line, token);
    if (length == 0 || line[length] != ':') {
        return "is no header: Name: value";
    }
    line[length] = '\0';
    *value = line + length + 1 + strspn(line + length + 1, " \t");
    if (has_control_character(*value)) {
        return "has a control character";
    }
    return is_of_body(line) ? "is about the body, which is not the file's to say" : **value ? NULL : "has no value";
}

static const char *set_line(struct header_list *headers, char *line, enum line_end end) {
    char *value;
    if (end != LINE_WHOLE) {
        return end == LINE_HAS_ZERO ? "has a control character" : "is too long";
    }
    cut_line_break(line);
    if (*line == '\0' || *line == '#') {
        return NULL;
    }
    const char *fault = split(line, &value);
    return fault ? fault : headers_set(headers, line, value) ? NULL : "is one too many";
}

bool headers_set_file(struct header_list *headers, const char *path) {
    char line[LINE_BYTES];
    const char *fault = NULL;
    FILE *file = open_secret(path);
    if (!file) {
        return false;
    }
    enum line_end end;
    for (unsigned number = 1; !fault && (end = read_line(file, line, sizeof line)) != LINE_NONE; number++) {
        fault = set_line(headers, line, end);
        if (fault) {
            diagnostic_error("receiver", path, "line %u %s", number, fault);
        }
    }
    explicit_bzero(line, sizeof line);
    if (!fault && ferror(file)) {
        diagnostic_error("receiver", path, "%s", fault = strerror(errno));
    }
    fclose(file);
    return !fault;
}
