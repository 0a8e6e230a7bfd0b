// redact.c: leaves out of a profile what its reader shall not learn: source and library paths, comments (merge.h; labels: profile.c).
//
// A path is cut when an input's functions and mappings are read, so that two that differ only in what is cut become one. The whole path
// stays in the table of strings, of which an encoded profile has only what it uses.
#include "profile.h"

#include <stdlib.h>
#include <string.h>

struct path_prefix {
    uint32_t prefix, instead; // strings
};

void profile_cut_paths(struct profile *profile, const struct profile_path_prefix *prefixes, size_t count) {
    profile->paths_cut = true;
    profile->path_prefixes.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct path_prefix *prefix = array_push(&profile->path_prefixes, 1, sizeof *prefix);
        if (!prefix) {
            return profile_fail(profile, MERGE_NO_MEMORY);
        }
        *prefix = (struct path_prefix){
            profile_intern_string(profile, prefixes[i].prefix, strlen(prefixes[i].prefix)),
            profile_intern_string(profile, prefixes[i].instead, strlen(prefixes[i].instead)),
        };
    }
}

void profile_drop_comments(struct profile *profile, const char *prefix) {
    profile->dropped_comments = profile_intern_string(profile, prefix, strlen(prefix));
}

bool redact_drops_comment(const struct profile *profile, uint32_t text) {
    const char *prefix = profile_string(profile, profile->dropped_comments);
    return *prefix && strncmp(profile_string(profile, text), prefix, strlen(prefix)) == 0;
}

static uint32_t last_element(struct profile *profile, const char *path) {
    const char *slash = strrchr(path, '/');
    return profile_intern_string(profile, slash + 1, strlen(slash + 1));
}

static bool leads_up(const char *path) {
    return strncmp(path, "../", 3) == 0 || strstr(path, "/../");
}

// start and rest of a path in one string.
static uint32_t joined(struct profile *profile, const char *start, size_t length, const char *rest) {
    size_t rest_length = strlen(rest);
    char *path = malloc(length + rest_length + 1);
    if (!path) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    memcpy(path, start, length);
    memcpy(path + length, rest, rest_length);
    uint32_t text = profile_intern_string(profile, path, length + rest_length);
    free(path);
    return text;
}

// How much of a Go function's name is its package's path: "example.com/app/store" of "example.com/app/store.(*DB).Get[go.shape.int]". 0: it
// has none, as a function of C, or it is main, which is the path of no directory.
static size_t package_of(const char *function) {
    size_t length = strcspn(function, "[("); // instances and receivers have paths of other packages
    const char *dot = NULL;
    for (size_t i = length; i > 0 && function[i - 1] != '/'; i--) {
        dot = function[i - 1] == '.' ? function + i - 1 : dot;
    }
    size_t package = dot ? (size_t)(dot - function) : 0;
    return package == 4 && memcmp(function, "main", 4) == 0 ? 0 : package;
}

static bool is_of_go(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".go") == 0 || strcmp(dot, ".s") == 0);
}

static uint32_t cut(struct profile *profile, uint32_t text, const char *function) {
    static const char modules[] = "/pkg/mod/"; // of Go's module cache
    const char *path = profile_string(profile, text);
    if (*path != '/' && !leads_up(path)) {
        return text;
    }
    const struct path_prefix *prefixes = profile->path_prefixes.items;
    for (uint32_t i = 0; i < profile->path_prefixes.count; i++) {
        struct string prefix = string_table_get(&profile->strings, prefixes[i].prefix);
        if (prefix.length > 0 && strncmp(path, prefix.bytes, prefix.length) == 0 && !leads_up(path + prefix.length - 1)) {
            struct string instead = string_table_get(&profile->strings, prefixes[i].instead);
            return joined(profile, instead.bytes, instead.length, path + prefix.length);
        }
    }
    const char *module = strstr(path, modules);
    if (module && !leads_up(module)) {
        module += sizeof modules - 1;
        return profile_intern_string(profile, module, strlen(module));
    }
    size_t package = is_of_go(path) ? package_of(function) : 0;
    if (package > 0) {
        return joined(profile, function, package, strrchr(path, '/'));
    }
    return last_element(profile, path);
}

void redact_function(struct profile *profile, struct function *function) {
    uint32_t *names[] = {&function->name, &function->system_name};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = profile_string(profile, *names[i]);
        if (*name == '/') { // a mapped file of a memory profile
            *names[i] = last_element(profile, name);
        }
    }
    function->file = cut(profile, function->file, profile_string(profile, function->name));
}

void redact_mapping(struct profile *profile, struct mapping *mapping) {
    if (strchr(profile_string(profile, mapping->file), '/')) {
        mapping->file = last_element(profile, profile_string(profile, mapping->file));
    }
}
