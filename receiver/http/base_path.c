// base_path.c: the path below which the receiver is seen (base_path.h).
#include "base_path.h"
#include "../../base/fnv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What clients ask for without a base path may not be taken for one.
static bool is_taken(const char *text) {
    static const char *const own[] = {"/api",       "/t",         "/profile", "/compare",      "/profiling",
                                      "/telemetry", "/dogstatsd", "/healthz", "/evp_proxy",    "/debugger",
                                      "/ingest",    "/info",      "/metrics", "/tracer_flare", "/push.v1.PusherService",
                                      "/readyz"};
    size_t length = 1 + strcspn(text + 1, "/");
    bool is_version = text[1] == 'v' && text[2] >= '0' && text[2] <= '9'; // of an Agent's and OpenTelemetry's paths
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        is_version |= strlen(own[i]) == length && memcmp(text, own[i], length) == 0;
    }
    return is_version;
}

static const char *what_is_wrong(const char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    if (*text != '/' || text[strspn(text, letters)]) {
        return "a base path begins with a slash and has letters, digits and -._~ (/profiles)";
    }
    if (strstr(text, "//") || strstr(text, "/.")) {
        return "a base path has no empty parts, and none that begin with a dot";
    }
    if (strlen(text) >= BASE_PATH_BYTES) {
        return "a base path has at most 100 characters";
    }
    return is_taken(text) ? "clients send and ask there without a base path; choose another" : NULL;
}

// The page with the base path before the addresses in it, and where its script finds it.
static bool make_page(struct base_path *base) {
    static const char root[] = "<html", address[] = "=\"/";
    const struct asset *page = asset_find("/");
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (!out) {
        return false;
    }
    for (const char *at = (const char *)page->bytes; at < (const char *)page->end;) { // a NUL follows
        if (strncmp(at, root, sizeof root - 1) == 0) {
            fprintf(out, "%s data-base=\"%s\"", root, base->text);
            at += sizeof root - 1;
        } else if (strncmp(at, address, sizeof address - 1) == 0) {
            fprintf(out, "=\"%s/", base->text);
            at += sizeof address - 1;
        } else {
            putc(*at++, out);
        }
    }
    bool ok = !ferror(out);
    if (fclose(out) != 0 || !ok) {
        free(bytes);
        return false;
    }
    base->bytes = (unsigned char *)bytes;
    snprintf(base->hash, sizeof base->hash, "%016llx", (unsigned long long)fnv64(FNV64_START, bytes, size));
    base->page = (struct asset){"/", page->content_type, base->bytes, base->bytes + size, NULL, NULL, NULL, NULL, base->hash, false};
    return true;
}

const char *base_path_open(struct base_path *base, const char *text) {
    if (!text || strcmp(text, "/") == 0) {
        return NULL;
    }
    const char *wrong = what_is_wrong(text);
    if (wrong) {
        return wrong;
    }
    snprintf(base->text, sizeof base->text, "%s", text);
    size_t length = strlen(base->text);
    if (base->text[length - 1] == '/') {
        base->text[length - 1] = '\0';
    }
    return make_page(base) ? NULL : "no memory";
}

void base_path_close(struct base_path *base) {
    free(base->bytes);
    *base = (struct base_path){0};
}

const char *base_path_strip(const struct base_path *base, const char *path) {
    size_t length = strlen(base->text);
    if (length == 0 || strncmp(path, base->text, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
        return path;
    }
    return path[length] ? path + length : "/";
}

const struct asset *base_path_asset(const struct base_path *base, const char *path) {
    const struct asset *asset = asset_find(path);
    return asset && base->bytes && asset->bytes == asset_find("/")->bytes ? &base->page : asset;
}
