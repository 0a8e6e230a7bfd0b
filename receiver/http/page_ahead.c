// page_ahead.c: what the page asks for first (page_ahead.h).
#include "page_ahead.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- Which pages ----

struct asked {
    int64_t id;
    bool is_other; // a parameter changes what is asked for
};

static int64_t id_of(const char *text) {
    bool is_number = text && *text >= '1' && *text <= '9' && !text[strspn(text, "0123456789")] && strlen(text) < 19;
    return is_number ? strtoll(text, NULL, 10) : 0;
}

// Letters that neither the page nor this writes otherwise in an address.
static bool is_plain(const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    return text && !text[strspn(text, plain)];
}

static bool is_one_of(const char *text, const char *const *texts) {
    for (; *texts; texts++) {
        if (strcmp(text, *texts) == 0) {
            return true;
        }
    }
    return false;
}

// What the page does with the tree that it has, after it has come.
static enum MHD_Result look_at(void *context, enum MHD_ValueKind kind, const char *key, const char *value) {
    static const char *const later[] = {"callees", "callers", "find",  "fn",   "focus", "heat", "hide", "ignore",
                                        "scale",   "shape",   "start", "sort", "tree",  "zoom", NULL};
    static const char *const views[] = {"", "both", "calls", "graph", "sandwich", "table", NULL};
    struct asked *asked = context;
    value = value ? value : "";
    (void)kind;
    if (strcmp(key, "ids") == 0) {
        asked->is_other |= asked->id != 0;
        asked->id = id_of(value);
    } else if (strcmp(key, "attachment") == 0 || strcmp(key, "type") == 0) {
        asked->is_other |= !is_plain(value);
    } else if (strcmp(key, "view") == 0) {
        asked->is_other |= !is_one_of(value, views);
    } else if (strcmp(key, "colour") == 0) {
        asked->is_other |= strcmp(value, "age") == 0; // which memory.pprof is grouped by
    } else if (strcmp(key, "group") == 0) {
        asked->is_other |= strcmp(value, "line") == 0;
    } else if (strcmp(key, "tab") == 0) {
        asked->is_other |= *value && strcmp(value, "profiles") != 0;
    } else {
        asked->is_other |= !is_one_of(key, later);
    }
    return MHD_YES;
}

int64_t page_ahead_upload(const char *path, const struct parameters *parameters) {
    static const char below[] = "/profile/";
    bool is_short = strncmp(path, below, sizeof below - 1) == 0;
    struct asked asked = {.id = is_short ? id_of(path + sizeof below - 1) : 0};
    if (!is_short && strcmp(path, "/profile") != 0) {
        return 0;
    }
    parameters_each(parameters, look_at, &asked);
    return asked.is_other ? 0 : asked.id;
}

// ---- What it asks for ----

// As the page picks one (pickAttachment). NULL: none with a profile.
static const struct catalog_attachment *pick(const struct catalog_attachment *attachments, size_t count, const char *wanted) {
    const char *const names[] = {wanted, "delta-heap.pprof", "heap.pprof"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        for (size_t i = 0; names[n] && i < count; i++) {
            if (strcmp(attachments[i].name, names[n]) == 0) {
                return &attachments[i];
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (catalog_has_profiles(&attachments[i])) {
            return &attachments[i];
        }
    }
    return NULL;
}

bool page_ahead_write(struct catalog *catalog, int64_t id, const struct parameters *parameters, const char *base,
                      char text[PAGE_AHEAD_BYTES]) {
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    size_t count = 0;
    const char *type = parameters_get(parameters, "type");
    type = type ? type : "";
    if (catalog_attachments(catalog, id, attachments, &count) != RECEIVER_OK) {
        return false;
    }
    const struct catalog_attachment *shown = pick(attachments, count, parameters_get(parameters, "attachment"));
    if (!shown || !catalog_is_pprof(shown->name) || !is_plain(shown->name)) {
        return false;
    }
    char upload[200];
    snprintf(upload, sizeof upload, "%s/api/uploads/%" PRId64, base, id);
    const char *const as = "; rel=preload; as=fetch; crossorigin";
    int length =
        snprintf(text, PAGE_AHEAD_BYTES, "<%s>%s, <%s/attachments/%s/tree?%s%s%sobjects=small&nodes=packed>%s, <%s/attachments/%s/types>%s",
                 upload, as, upload, shown->name, *type ? "type=" : "", type, *type ? "&" : "", as, upload, shown->name, as);
    return length > 0 && length < PAGE_AHEAD_BYTES;
}
