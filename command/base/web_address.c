// web_address.c: parses just enough of a URL (web_address.h).
#include "web_address.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char hidden[] = "xxxxx";

// Does not validate: a malformed URL is treated like a valid one, and rather hides too much.
const char *web_address_authority(const char *url) {
    const char *scheme_end = strstr(url, "://");
    return scheme_end ? scheme_end + 3 : url;
}

// Finds the part after "user:", or a user without a colon, which may be a token; length 0 if there is none.
static void find_password(const char *authority, const char **start, size_t *length) {
    size_t all = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', all), *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    *start = colon ? colon + 1 : authority;
    *length = at ? (size_t)(at - *start) : 0;
}

static void find_token(const char *authority, const char **start, size_t *length) {
    const char *path = authority + strcspn(authority, "/?#"), *found = strstr(path, "/t/");
    *start = found ? found + 3 : path + strlen(path);
    *length = strcspn(*start, "/?#");
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// alone: between other characters than letters.
static bool has_word(const char *name, size_t length, const char *word, bool alone) {
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; at++) {
        bool is_alone = (at == 0 || !is_letter(name[at - 1])) && (at + size == length || !is_letter(name[at + size]));
        if (strncasecmp(name + at, word, size) == 0 && (is_alone || !alone)) {
            return true;
        }
    }
    return false;
}

static bool is_name_of_secret(const char *name, size_t length) {
    static const char *const parts[] = {"token", "key", "secret", "password", "passwd", "signature", "credential", "jwt"};
    static const char *const words[] = {"sig", "auth", "pwd", "code"}; // not of design, author, encode
    bool is_secret = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        is_secret |= has_word(name, length, parts[i], false);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        is_secret |= has_word(name, length, words[i], true);
    }
    return is_secret;
}

// A parameter of a query or fragment: name=value, name and value as offsets from it.
struct parameter {
    const char *start; // behind ?, & or #
    size_t value, end;
};

// Finds the first one in text that has a secret. Text that begins inside of a query may be given as well.
static bool find_secret(const char *text, struct parameter *found) {
    static const char separators[] = "?&#;";
    for (text += strcspn(text, separators); *text; text += strcspn(text, separators)) {
        text++;
        size_t name = strcspn(text, "=?&#;"), value = name + 1;
        if (text[name] == '=' && is_name_of_secret(text, name)) {
            size_t length = strcspn(text + value, "&#");
            *found = (struct parameter){text, value, value + length};
            if (length > 0) {
                return true;
            }
        }
        text += name;
    }
    return false;
}

// Cuts what does not fit.
static void copy_with_hidden_parameters(const char *from, char *to, size_t size) {
    struct parameter secret;
    for (size_t used = 0; used < size;) {
        bool found = find_secret(from, &secret);
        int length = found ? (int)(secret.start + secret.value - from) : (int)strlen(from);
        used += (size_t)snprintf(to + used, size - used, "%.*s%s", length, from, found ? hidden : "");
        if (!found) {
            return;
        }
        from = secret.start + secret.end;
    }
}

// In place, with one of the characters beside.
static void remove_parameters(char *url) {
    struct parameter secret;
    while (find_secret(url, &secret)) {
        char *start = url + (secret.start - url), *end = start + secret.end;
        bool is_last = *end != '&';
        memmove(is_last ? start - 1 : start, is_last ? end : end + 1, strlen(is_last ? end : end + 1) + 1);
    }
}

const char *web_address_shown(const char *url, char shown[WEB_ADDRESS_SHOWN_BYTES]) {
    char plain[WEB_ADDRESS_SHOWN_BYTES];
    const char *password, *token, *authority = web_address_authority(url);
    size_t password_length, token_length;
    find_password(authority, &password, &password_length);
    find_token(authority, &token, &token_length);
    const char *between = password + password_length;
    snprintf(plain, sizeof plain, "%.*s%s%.*s%s%s", (int)(password - url), url, password_length > 0 ? hidden : "", (int)(token - between),
             between, token_length > 0 ? hidden : "", token + token_length);
    copy_with_hidden_parameters(plain, shown, WEB_ADDRESS_SHOWN_BYTES);
    return shown;
}

bool web_address_strip(const char *url, char *plain, size_t size) {
    const char *token, *authority = web_address_authority(url);
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#")), *host = at ? at + 1 : authority;
    size_t length;
    find_token(host, &token, &length);
    const char *host_end = length > 0 ? token - strlen("/t/") : token;
    snprintf(plain, size, "%.*s%.*s%s", (int)(authority - url), url, (int)(host_end - host), host, token + length);
    struct parameter secret;
    remove_parameters(plain);
    return at || length > 0 || find_secret(url, &secret);
}

bool web_address_is(const char *path) {
    return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
}

static bool is_plain(unsigned char c, const char *also) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) || strchr(also, c);
}

bool web_address_escape(char *url, size_t size, const char *text, const char *also) {
    size_t used = strlen(url);
    for (; *text && used + 4 <= size; text++) { // room for an escape
        unsigned char c = (unsigned char)*text;
        used += (size_t)snprintf(url + used, size - used, is_plain(c, also) ? "%c" : "%%%02X", c);
    }
    bool fits = !*text && used + 4 <= size;
    url[0] = fits ? url[0] : '\0';
    return fits;
}

bool web_address_of_file(char *url, size_t size, const char *path) {
    snprintf(url, size, "file://");
    return web_address_escape(url, size, path, "/");
}

bool web_address_add(char *query, size_t size, const char *name, const char *value) {
    size_t used = strlen(query);
    snprintf(query + used, size - used, "%s%s=", used > 0 ? "&" : "", name); // cut, there is no room for the value either
    return web_address_escape(query, size, value, "");
}
