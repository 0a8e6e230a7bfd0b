// agent_url.c: parses just enough of a URL (agent_url.h).
#include "agent_url.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char agent_url_input_path[] = "/profiling/v1/input";

static const char hidden[] = "xxxxx";

// Does not validate: a malformed URL is treated like a valid one, and rather hides too much.
static const char *authority_of(const char *url) {
    const char *scheme_end = strstr(url, "://");
    return scheme_end ? scheme_end + 3 : url;
}

// Finds the part after "user:"; length 0 if there is none.
static void find_password(const char *authority, const char **start, size_t *length) {
    size_t all = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', all), *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    *start = colon ? colon + 1 : authority;
    *length = colon ? (size_t)(at - *start) : 0;
}

static void find_token(const char *authority, const char **start, size_t *length) {
    const char *path = authority + strcspn(authority, "/?#"), *found = strstr(path, "/t/");
    *start = found ? found + 3 : path + strlen(path);
    *length = strcspn(*start, "/?#");
}

const char *agent_url_shown(const char *url, char shown[AGENT_URL_SHOWN_BYTES]) {
    const char *password, *token, *authority = authority_of(url);
    size_t password_length, token_length;
    find_password(authority, &password, &password_length);
    find_token(authority, &token, &token_length);
    const char *between = password + password_length;
    snprintf(shown, AGENT_URL_SHOWN_BYTES, "%.*s%s%.*s%s%s", (int)(password - url), url, password_length > 0 ? hidden : "",
             (int)(token - between), between, token_length > 0 ? hidden : "", token + token_length);
    return shown;
}

// "", "/", "/t/TOKEN" and "/t/TOKEN/" name a receiver or an Agent, not the endpoint.
static bool is_base(const char *path) {
    if (strncmp(path, "/t/", 3) == 0) {
        path += 3 + strcspn(path + 3, "/?#");
    }
    return path[0] == '\0' || strcmp(path, "/") == 0;
}

char *agent_url_target(const char *url) {
    const char *authority = authority_of(url), *path = authority + strcspn(authority, "/?#");
    char *target;
    bool base = is_base(path);
    int length = (int)strlen(url) - (base && path[0] != '\0' && url[strlen(url) - 1] == '/');
    return asprintf(&target, "%.*s%s", length, url, base ? agent_url_input_path : "") >= 0 ? target : NULL;
}
