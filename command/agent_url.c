// agent_url.c: see agent_url.h.
#include "agent_url.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char hidden[] = "xxxxx";

// What is wrong with an address, if something is, is not known here: it is looked at as if it were a right one, and rather too much hidden.
static const char *authority_of(const char *url) {
    const char *scheme_end = strstr(url, "://");
    return scheme_end != NULL ? scheme_end + 3 : url;
}

// The part behind "user:", "" if there is none.
static void find_password(const char *authority, const char **start, size_t *length) {
    size_t all = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', all), *colon = at != NULL ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    *start = colon != NULL ? colon + 1 : authority;
    *length = colon != NULL ? (size_t)(at - *start) : 0;
}

static void find_token(const char *authority, const char **start, size_t *length) {
    const char *path = authority + strcspn(authority, "/?#"), *found = strstr(path, "/t/");
    *start = found != NULL ? found + 3 : path + strlen(path);
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
