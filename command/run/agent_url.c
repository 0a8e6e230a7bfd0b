// agent_url.c: parses just enough of a URL (agent_url.h).
#include "agent_url.h"
#include "../base/web_address.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char agent_url_input_path[] = "/profiling/v1/input";

// "", "/", "/t/TOKEN" and "/t/TOKEN/" name a receiver or an Agent, not the endpoint.
static bool is_base(const char *path) {
    if (strncmp(path, "/t/", 3) == 0) {
        path += 3 + strcspn(path + 3, "/?#");
    }
    return path[0] == '\0' || strcmp(path, "/") == 0;
}

char *agent_url_target(const char *url) {
    const char *authority = web_address_authority(url), *path = authority + strcspn(authority, "/?#");
    char *target;
    bool base = is_base(path);
    int length = (int)strlen(url) - (base && path[0] != '\0' && url[strlen(url) - 1] == '/');
    return asprintf(&target, "%.*s%s", length, url, base ? agent_url_input_path : "") >= 0 ? target : NULL;
}
