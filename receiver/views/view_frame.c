// view_frame.c: name, kind and library of a frame (view.h).
#include "view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_one_of(const char *text, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// ---- Kind ----

static bool is_python(const char *file) {
    static const char *const suffixes[] = {".py", ".pyx", ".pyi", ".pyc"};
    const char *suffix = strrchr(file, '.');
    // CPython names code without a file in angle brackets: "<frozen importlib._bootstrap>", "<string>".
    return *file == '<' || (suffix && is_one_of(suffix, suffixes, sizeof suffixes / sizeof *suffixes));
}

// In the interpreter's own library; installed packages are below it, too.
static bool is_pythons_own(const char *file) {
    return *file == '<' || ((strstr(file, "/lib/python") || strstr(file, "/lib64/python")) && !strstr(file, "/site-packages/") &&
                            !strstr(file, "/dist-packages/"));
}

static bool is_node(const char *file) {
    static const char *const suffixes[] = {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"};
    const char *suffix = strrchr(file, '.');
    return starts_with(file, "node:") || (suffix && is_one_of(suffix, suffixes, sizeof suffixes / sizeof *suffixes));
}

// Placeholders for frames, without a file: ddtrace's "<3 frames omitted>", V8's "(garbage collector)". Rust's "<T as Trait>::f" and C++'s
// "(anonymous namespace)::f()" close the bracket before the end.
static bool is_stand_in(const struct profile_frame *frame, char open, char close) {
    const char *first = strchr(frame->function, close);
    return !*frame->file && *frame->function == open && first && !first[1];
}

// A function without file and mapping is V8's own (Promise, read, Garbage Collection): C's always have a mapping.
static bool is_v8(const struct profile_frame *frame) {
    return *frame->function && !*frame->file && !*frame->mapping_file;
}

static bool is_java(const struct profile_frame *frame) {
    static const char *const suffixes[] = {".java", ".kt", ".scala", ".groovy"};
    const char *suffix = strrchr(frame->file, '.');
    return strcmp(frame->mapping_file, PROFILE_JAVA_MAPPING) == 0 ||
           (suffix && is_one_of(suffix, suffixes, sizeof suffixes / sizeof *suffixes));
}

const char *view_frame_kind(const struct profile_frame *frame) {
    if (frame->label) {
        return "label";
    }
    if (profile_frame_is_go(frame)) {
        bool runtime = starts_with(frame->function, "runtime.") || starts_with(frame->function, "internal/runtime") ||
                       (!strchr(frame->function, '.') && strstr(frame->file, "/src/runtime/")); // assembly
        return runtime ? "runtime" : "go";
    }
    if (is_java(frame)) { // also what a recording calls "<unloaded>"
        return profile_frame_role(frame) <= FRAME_STANDARD ? "java_runtime" : "java";
    }
    if (is_python(frame->file)) {
        return is_pythons_own(frame->file) ? "python_runtime" : "python";
    }
    if (is_stand_in(frame, '<', '>')) {
        return "python_runtime";
    }
    if (is_node(frame->file)) {
        return starts_with(frame->file, "node:") ? "node_runtime" : "node";
    }
    if (is_stand_in(frame, '(', ')') || is_v8(frame)) {
        return "node_runtime";
    }
    return profile_frame_role(frame) <= FRAME_STANDARD ? "c_runtime" : "c";
}

bool view_is_kind(const char *kind) {
    static const char *const kinds[] = {"go",   "runtime",      "python", "python_runtime", "node", "node_runtime",
                                        "java", "java_runtime", "c",      "c_runtime"};
    return is_one_of(kind, kinds, sizeof kinds / sizeof *kinds);
}

// ---- Library ----

static void copy(char out[VIEW_LIBRARY_BYTES], const char *text, size_t size) {
    snprintf(out, VIEW_LIBRARY_BYTES, "%.*s", (int)(size < VIEW_LIBRARY_BYTES ? size : VIEW_LIBRARY_BYTES), text);
}

// Assembly symbols (gcWriteBarrier) have no package in their name: it is the folder of their file.
static void go_folder(const char *file, char out[VIEW_LIBRARY_BYTES]) {
    const char *end = strrchr(file, '/'), *start = end;
    while (start && start > file && start[-1] != '/') {
        start--;
    }
    copy(out, start ? start : "", start ? (size_t)(end - start) : 0);
}

// "github.com/a/b.(*T).m" is in the package github.com/a/b: up to the first dot after the last slash. A slash in type arguments
// ("pkg.F[go.shape.struct { a/b.c }]") does not count.
static void go_package(const char *function, const char *file, char out[VIEW_LIBRARY_BYTES]) {
    size_t length = strcspn(function, "[("), start = length;
    while (start > 0 && function[start - 1] != '/') {
        start--;
    }
    const char *dot = memchr(function + start, '.', length - start);
    if (dot) {
        copy(out, function, (size_t)(dot - function));
    } else {
        go_folder(file, out);
    }
}

// The first one or two (with a scope: "@x/y") parts of the path after the last folder of installed packages.
static bool package_below(const char *file, const char *folder, char out[VIEW_LIBRARY_BYTES]) {
    const char *found = NULL;
    for (const char *at = strstr(file, folder); at; at = strstr(at + 1, folder)) {
        found = at + strlen(folder);
    }
    if (!found) {
        return false;
    }
    size_t length = strcspn(found, "/");
    if (*found == '@' && found[length] == '/') {
        length += 1 + strcspn(found + length + 1, "/");
    }
    copy(out, found, length);
    char *suffix = strrchr(out, '.');
    if (!found[length] && suffix && is_python(out)) { // a package of one file
        *suffix = '\0';
    }
    return true;
}

static void python_package(const char *file, char out[VIEW_LIBRARY_BYTES]) {
    if (package_below(file, "/site-packages/", out) || package_below(file, "/dist-packages/", out)) {
        return;
    }
    copy(out, base_name(file), strlen(base_name(file)));
}

static void node_package(const char *file, char out[VIEW_LIBRARY_BYTES]) {
    if (package_below(file, "/node_modules/", out)) {
        return;
    }
    copy(out, base_name(file), strlen(base_name(file)));
}

// "java.util.concurrent.ThreadPoolExecutor$Worker.run" is in the package java.util.concurrent: what is before the class and the method.
static void java_package(const char *function, char out[VIEW_LIBRARY_BYTES]) {
    size_t length = strcspn(function, "("), dots = 0;
    while (length > 0 && dots < 2) {
        dots += function[--length] == '.';
    }
    copy(out, function, dots == 2 ? length : 0);
}

void view_frame_library(const struct profile_frame *frame, char library[VIEW_LIBRARY_BYTES]) {
    const char *kind = view_frame_kind(frame);
    if (strcmp(kind, "python_runtime") == 0) {
        copy(library, "python", strlen("python"));
    } else if (strcmp(kind, "node_runtime") == 0) {
        copy(library, "node", strlen("node"));
    } else if (strcmp(kind, "python") == 0) {
        python_package(frame->file, library);
    } else if (strcmp(kind, "node") == 0) {
        node_package(frame->file, library);
    } else if (starts_with(kind, "java")) {
        java_package(frame->function, library);
    } else if (frame->label) {
        *library = '\0';
    } else if (starts_with(kind, "c")) {
        copy(library, base_name(frame->mapping_file), strlen(base_name(frame->mapping_file)));
    } else {
        go_package(frame->function, frame->file, library);
    }
}

// ---- Name ----

const char *view_frame_name(const struct profile_frame *frame, char buffer[VIEW_NAME_BYTES]) {
    if (*frame->function) {
        return frame->function;
    }
    const char *file = base_name(frame->mapping_file);
    snprintf(buffer, VIEW_NAME_BYTES, "%.256s+0x%" PRIx64, *file ? file : "unknown", frame->file_offset);
    return buffer;
}
