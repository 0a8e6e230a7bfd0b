// build_file.c: see build_file.h.
#include "build_file.h"
#include "symbol_file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILES = 4096 };

bool build_file_is(const char *path, const char *build_id, bool with_code) {
    struct symbol_file file;
    return symbol_file_read(path, &file) && strcmp(file.build_id, build_id) == 0 && (!with_code || symbol_file_has_code(path));
}

static bool find_by_name(const char *directory, const char *build_id, bool with_code, char path[PATH_MAX]) {
    static const char *const forms[] = {"%s/.build-id/%.2s/%s.debug", "%s/%.2s/%s.debug", "%s/.build-id/%.2s/%s", "%s/%.2s/%s"};
    for (size_t i = 0; strlen(build_id) > 2 && i < sizeof forms / sizeof *forms; i++) {
        if (snprintf(path, PATH_MAX, forms[i], directory, build_id, build_id + 2) < PATH_MAX && build_file_is(path, build_id, with_code)) {
            return true;
        }
    }
    return snprintf(path, PATH_MAX, "%s/%s.debug", directory, build_id) < PATH_MAX && build_file_is(path, build_id, with_code);
}

static bool find_by_content(const char *name, const char *build_id, bool with_code, char path[PATH_MAX]) {
    DIR *directory = opendir(name);
    bool found = false;
    struct dirent *entry;
    for (size_t i = 0; directory && !found && i < MAX_FILES && (entry = readdir(directory)); i++) {
        found = entry->d_name[0] != '.' && snprintf(path, PATH_MAX, "%s/%s", name, entry->d_name) < PATH_MAX &&
                build_file_is(path, build_id, with_code);
    }
    if (directory) {
        closedir(directory);
    }
    return found;
}

bool build_file_find(const char *directory, const char *build_id, bool with_code, char path[PATH_MAX]) {
    // A name of a stranger's profile must not lead out of the directory.
    bool is_id = *build_id && build_id[strspn(build_id, "0123456789abcdef")] == '\0';
    return is_id && (find_by_name(directory, build_id, with_code, path) || find_by_content(directory, build_id, with_code, path));
}
