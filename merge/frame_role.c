// frame_role.c: whose code a frame is (merge.h): plumbing, the language's library, an installed library, or the program.
//
// Decided by names and paths alone: a profile has nothing else, and the program may run on another machine. In doubt it is the program,
// since a superfluous frame is easier to skip than a missing one is to find.

#include "merge.h"

#include <string.h>

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool starts_with_one(const char *text, const char *const *list) {
    for (; *list; list++) {
        if (starts_with(text, *list)) {
            return true;
        }
    }
    return false;
}

static bool has_one(const char *text, const char *const *list) {
    for (; *list; list++) {
        if (strstr(text, *list)) {
            return true;
        }
    }
    return false;
}

static bool is_one(const char *text, size_t length, const char *const *list) {
    for (; *list; list++) {
        if (strlen(*list) == length && memcmp(text, *list, length) == 0) {
            return true;
        }
    }
    return false;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// ---- Allocators and cgo ----

static const char *skip(const char *text, const char *start) {
    return starts_with(text, start) ? text + strlen(start) : text;
}

// _Znwm, _ZnamSt11align_val_tRKSt9nothrow_t: w for new, a for new[], m or j for size_t. All others are class members or placement new.
bool profile_is_operator_new(const char *system_name) {
    if (!starts_with(system_name, "_Znw") && !starts_with(system_name, "_Zna")) {
        return false;
    }
    const char *rest = system_name + 4;
    if (*rest != 'm' && *rest != 'j') {
        return false;
    }
    rest = skip(skip(rest + 1, "St11align_val_t"), "RKSt9nothrow_t");
    return *rest == '\0';
}

static bool is_plumbing(const char *function) {
    static const char *const names[] = {"malloc",    "calloc",   "realloc",     "reallocarray", "posix_memalign", "aligned_alloc",
                                        "memalign",  "valloc",   "pvalloc",     "strdup",       "strndup",        "asprintf",
                                        "vasprintf", "__strdup", "_int_malloc", "x_cgo_malloc", "gcWriteBarrier", NULL};
    static const char *const starts[] = {"operator new", "cmemprof_", "_cgo_", "_cgoexp_", "__libc_", "__GI_", NULL};
    return is_one(function, strlen(function), names) || starts_with_one(function, starts) || profile_is_operator_new(function) ||
           strstr(function, "_Cfunc_");
}

// ---- Go ----

// Import paths without a host name are the standard library's, except for modules without a host name ("shop/db").
static bool is_standard_go(const char *function) {
    static const char *const roots[] = {
        "archive",  "bufio",   "bytes",  "cmp",    "compress", "container", "context", "crypto", "database", "debug",   "embed",
        "encoding", "errors",  "expvar", "flag",   "fmt",      "go",        "hash",    "html",   "image",    "index",   "internal",
        "io",       "iter",    "log",    "maps",   "math",     "mime",      "net",     "os",     "path",     "plugin",  "reflect",
        "regexp",   "runtime", "slices", "sort",   "strconv",  "strings",   "structs", "sync",   "syscall",  "testing", "text",
        "time",     "unicode", "unique", "unsafe", "vendor",   "weak",      NULL};
    size_t root = strcspn(function, "/.([");
    if (function[root] == '.') { // "net.(*conn).Read", or a host name: "gopkg.in/x"
        size_t slash = strcspn(function, "/(["), dot = root;
        return function[slash] != '/' && is_one(function, dot, roots);
    }
    return is_one(function, root, roots);
}

// "/home/a/go/pkg/mod/github.com/a/b@v1.2.0/c.go", with -trimpath "github.com/a/b@v1.2.0/c.go".
static bool is_of_a_version(const char *file) {
    const char *at = strstr(file, "@v");
    return at && at[2] >= '0' && at[2] <= '9';
}

static enum frame_role go_role(const struct profile_frame *frame) {
    static const char *const modules[] = {"/pkg/mod/", "/vendor/", NULL};
    static const char *const runtime[] = {"runtime.", "internal/runtime", NULL};
    // No dot: runtime assembly. _cgo_gotypes.go is what cgo writes around calls.
    if (starts_with_one(frame->function, runtime) || !strchr(frame->function, '.') ||
        strcmp(base_name(frame->file), "_cgo_gotypes.go") == 0) {
        return FRAME_PLUMBING;
    }
    if (is_standard_go(frame->function)) {
        return FRAME_STANDARD;
    }
    return is_of_a_version(frame->file) || has_one(frame->file, modules) ? FRAME_LIBRARY : FRAME_PROGRAM;
}

// ---- Java ----

static bool is_java(const struct profile_frame *frame) {
    static const char *const suffixes[] = {".java", ".kt", ".scala", ".groovy", NULL};
    const char *suffix = strrchr(frame->file, '.');
    return strcmp(frame->mapping_file, PROFILE_JAVA_MAPPING) == 0 || (suffix && is_one(suffix, strlen(suffix), suffixes));
}

static enum frame_role java_role(const struct profile_frame *frame) {
    static const char *const own[] = {"java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "scala.", "groovy.lang.", NULL};
    bool stand_in = *frame->function == '('; // "(no stack)"
    return stand_in || starts_with_one(frame->function, own) ? FRAME_STANDARD : FRAME_PROGRAM;
}

// ---- C++ and Rust ----

// "void std::vector<int>::push_back(int)" -> "std::vector...": skips the return type in the names of template functions.
static const char *without_return_type(const char *function) {
    const char *name = function;
    int depth = 0;
    for (const char *at = function; *at != '\0'; at++) {
        if (depth == 0 && starts_with(at, "operator") && (at == name || at[-1] == ':')) {
            return name; // the characters below mean something else in operator<, operator() and operator bool
        }
        if (strchr("<([{", *at)) {
            bool scope = *at != '(' || at == name || at[-1] == ':'; // "(anonymous namespace)::f"
            if (depth == 0 && !scope) {
                return name; // its parameters
            }
            depth++;
        } else if (strchr(">)]}", *at)) {
            depth -= depth > 0 && (*at != '>' || at == function || at[-1] != '-'); // "->"
        } else if (*at == ' ' && depth == 0) {
            name = at + 1;
        }
    }
    return name;
}

// The path of a Rust type, such as in "<&mut alloc::vec::Vec<T> as ...".
static const char *rust_path(const char *type) {
    static const char *const before[] = {"&", "mut ", "dyn ", "*const ", "*mut ", "[", "(", NULL};
    for (size_t i = 0; before[i]; i++) {
        if (starts_with(type, before[i])) {
            type += strlen(before[i]);
            i = (size_t)-1;
        }
    }
    return type;
}

static const char *const rust_crates[] = {"core::", "alloc::", "std::", "hashbrown::", "compiler_builtins::", NULL};

// Whether a path is in the standard library or has no crate: "T", "u8", "[T]".
static bool is_rusts_own(const char *path) {
    path = rust_path(path);
    size_t length = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return starts_with_one(path, rust_crates) || !starts_with(path + length, "::");
}

// "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop": type and trait, if there is one, must both be in the standard library.
static bool is_standard_impl(const char *function) {
    int depth = 0;
    for (const char *at = function; *at != '\0'; at++) {
        depth += !!strchr("<([", *at);
        depth -= strchr(">)]", *at) && (*at != '>' || at[-1] != '-');
        if (depth == 0) {
            return starts_with(at, ">::") && is_rusts_own(function + 1);
        }
        if (depth == 1 && starts_with(at, " as ")) {
            return is_rusts_own(function + 1) && is_rusts_own(at + 4);
        }
    }
    return false;
}

// C++ may have namespaces of these names, but its functions have parameters.
static bool is_rust(const struct profile_frame *frame, const char *name) {
    const char *suffix = strrchr(frame->file, '.');
    return suffix ? strcmp(suffix, ".rs") == 0 : !strchr(name, '(');
}

static bool is_standard_name(const struct profile_frame *frame) {
    static const char *const namespaces[] = {"std::", "__gnu_cxx::", "__cxxabiv1::", "__gnu_debug::", NULL};
    if (*frame->function == '<') {
        return is_rust(frame, "") && is_standard_impl(frame->function);
    }
    const char *name = without_return_type(frame->function);
    return starts_with_one(name, namespaces) || (starts_with_one(name, rust_crates) && is_rust(frame, name));
}

// ---- Files ----

// "libc.so.6", "libc-2.31.so", "libstdc++.so.6.0.30", "ld-linux-x86-64.so.2".
static bool is_standard_object(const char *file) {
    static const char *const names[] = {"libc",     "libm",   "libdl",     "libpthread", "librt", "libresolv",   "libanl", "libstdc++",
                                        "libgcc_s", "libc++", "libc++abi", "libunwind",  "ld",    "libcmemprof", NULL};
    static const char *const starts[] = {"ld-linux", "ld-musl", "[vdso]", "linux-vdso", NULL};
    const char *base = base_name(file), *end = strstr(base, ".so"), *version = strstr(base, "-2.");
    end = version && end && version < end ? version : end;
    return starts_with_one(base, starts) || (end && is_one(base, (size_t)(end - base), names));
}

// A shared library of the distribution: "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0". A program's own are elsewhere, or in a subdirectory.
static bool is_installed_object(const char *file) {
    const char *base = base_name(file), *folder = file;
    if (!starts_with(base, "lib") || !strstr(base, ".so")) {
        return false;
    }
    folder = skip(folder, "/usr");
    folder = starts_with(folder, "/lib64/") ? folder + 7 : starts_with(folder, "/lib/") ? folder + 5 : NULL;
    if (!folder) {
        return false;
    }
    size_t triplet = strcspn(folder, "/");
    return folder == base || (folder + triplet + 1 == base && strstr(folder, "-linux-"));
}

static enum frame_role role_by_file(const struct profile_frame *frame) {
    static const char *const standard[] = {"/include/c++/", "/rustc/", "/rustlib/src/", NULL};
    static const char *const installed[] = {"/site-packages/", "/dist-packages/", "/node_modules/", "/.cargo/registry/", NULL};
    static const char *const headers[] = {"/usr/include/", "/usr/local/include/", NULL};
    if (has_one(frame->file, installed) || starts_with_one(frame->file, headers)) {
        return strstr(frame->file, "/include/c++/") ? FRAME_STANDARD : FRAME_LIBRARY;
    }
    bool script = *frame->file == '<' || starts_with(frame->file, "node:") || strstr(frame->file, "/lib/python") ||
                  strstr(frame->file, "/lib64/python");
    if (script || has_one(frame->file, standard) || is_standard_object(frame->mapping_file)) {
        return FRAME_STANDARD;
    }
    return is_installed_object(frame->mapping_file) ? FRAME_LIBRARY : FRAME_PROGRAM;
}

enum frame_role profile_frame_role(const struct profile_frame *frame) {
    if (is_plumbing(frame->function)) {
        return FRAME_PLUMBING;
    }
    if (profile_frame_is_go(frame)) {
        return go_role(frame);
    }
    if (is_java(frame)) {
        return java_role(frame);
    }
    return is_standard_name(frame) ? FRAME_STANDARD : role_by_file(frame);
}
