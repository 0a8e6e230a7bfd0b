// exec.c: see exec.h.

#include "exec.h"

#include <alloca.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

#define EXPORTED __attribute__((visibility("default"), used))

enum { VARIABLES_MAX = SETTINGS_VARIABLES, VALUES_BYTES = 2 * SETTINGS_PATH_BYTES };

static const char preload_name[] = "LD_PRELOAD=";

static struct {
    bool (*is_profiled)(void);               // NULL: nothing recorded
    void (*before)(void);                    // NULL: nothing to do
    bool extends;                            // the environment; otherwise it has what it needs
    char *variables[VARIABLES_MAX];          // CMEMPROF_...
    char values[VALUES_BYTES];               // storage for variables
    char library[SETTINGS_PATH_BYTES + 256]; // for LD_PRELOAD
} remembered;

void exec_watch(bool (*is_profiled)(void), void (*before)(void)) {
    remembered.before = before;
    remembered.is_profiled = is_profiled;
}

void exec_remember(char **environment, const char *library) {
    size_t used = 0, count = 0;
    if (strlen(library) >= sizeof remembered.library) {
        return;
    }
    strcpy(remembered.library, library);
    for (; *environment; environment++) {
        size_t size = strlen(*environment) + 1;
        if (settings_is_own(*environment) && count < VARIABLES_MAX && size <= sizeof remembered.values - used) {
            remembered.variables[count++] = memcpy(remembered.values + used, *environment, size);
            used += size;
        }
    }
    remembered.extends = true;
}

static bool is_replaced(const char *variable) {
    return settings_is_own(variable) || strncmp(variable, preload_name, sizeof preload_name - 1) == 0;
}

struct extent {
    size_t pointers, preload_bytes;
};

static struct extent measure(char *const *environment) {
    struct extent extent = {VARIABLES_MAX + 2, sizeof preload_name + strlen(remembered.library)};
    for (; environment && *environment; environment++) {
        extent.pointers++;
        if (strncmp(*environment, preload_name, sizeof preload_name - 1) == 0) {
            extent.preload_bytes += strlen(*environment);
        }
    }
    return extent;
}

// Copies the environment, plus our variables, into the caller's memory.
static char **extend(char *const *environment, char **pointers, char *preload) {
    char **at = pointers;
    char *end = stpcpy(stpcpy(preload, preload_name), remembered.library);
    for (; environment && *environment; environment++) {
        if (!is_replaced(*environment)) {
            *at++ = *environment;
        } else if (**environment == 'L' && (*environment)[sizeof preload_name - 1] != '\0') {
            end = stpcpy(stpcpy(end, ":"), *environment + sizeof preload_name - 1);
        }
    }
    for (size_t i = 0; i < VARIABLES_MAX && remembered.variables[i]; i++) {
        *at++ = remembered.variables[i];
    }
    *at++ = preload;
    *at = NULL;
    return pointers;
}

// A macro, since memory from alloca is freed when the calling function returns.
#define EXTENDED(environment)                                                                                                              \
    __extension__({                                                                                                                        \
        struct extent extent = measure(environment);                                                                                       \
        extend(environment, alloca(extent.pointers * sizeof(char *)), alloca(extent.preload_bytes));                                       \
    })

static bool is_for_us(void) {
    bool is = remembered.is_profiled && remembered.is_profiled();
    if (is && remembered.before) {
        remembered.before();
    }
    return is && remembered.extends;
}

typedef int exec_function(const char *name, char *const *argv, char *const *environment);

// The next definitions after ours. Resolved when the library starts, since dlsym is unsafe in signal handlers and in a child of vfork.
static exec_function *next_execve, *next_execvpe;

static __attribute__((constructor)) void find_next(void) {
    *(void **)&next_execve = dlsym(RTLD_NEXT, "execve");
    *(void **)&next_execvpe = dlsym(RTLD_NEXT, "execvpe");
}

EXPORTED int execve(const char *path, char *const argv[], char *const environment[]) {
    if (!next_execve) { // another library's constructor ran first
        find_next();
    }
    return next_execve(path, argv, is_for_us() ? EXTENDED(environment) : environment);
}

EXPORTED int execvpe(const char *file, char *const argv[], char *const environment[]) {
    if (!next_execvpe) {
        find_next();
    }
    return next_execvpe(file, argv, is_for_us() ? EXTENDED(environment) : environment);
}

EXPORTED int execv(const char *path, char *const argv[]) {
    return execve(path, argv, environ);
}

EXPORTED int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, environ);
}

// ---- Argument lists ----

static size_t count_arguments(va_list arguments) {
    size_t count = 1; // first is not in arguments
    while (va_arg(arguments, char *)) {
        count++;
    }
    return count;
}

// argv has a capacity of count + 1. After its NULL, the environment is next in arguments.
static void list_arguments(char **argv, const char *first, size_t count, va_list *arguments) {
    argv[0] = (char *)(uintptr_t)first;
    for (size_t i = 1; i <= count; i++) {
        argv[i] = va_arg(*arguments, char *);
    }
}

#define ARGUMENTS(first, list)                                                                                                             \
    __extension__({                                                                                                                        \
        va_list counted;                                                                                                                   \
        va_start(list, first);                                                                                                             \
        va_copy(counted, list);                                                                                                            \
        size_t count = count_arguments(counted);                                                                                           \
        va_end(counted);                                                                                                                   \
        char **all = alloca((count + 1) * sizeof *all);                                                                                    \
        list_arguments(all, first, count, &list);                                                                                          \
        all;                                                                                                                               \
    })

EXPORTED int execl(const char *path, const char *first, ...) {
    va_list list;
    char **argv = ARGUMENTS(first, list);
    va_end(list);
    return execve(path, argv, environ);
}

EXPORTED int execlp(const char *file, const char *first, ...) {
    va_list list;
    char **argv = ARGUMENTS(first, list);
    va_end(list);
    return execvpe(file, argv, environ);
}

EXPORTED int execle(const char *path, const char *first, ...) {
    va_list list;
    char **argv = ARGUMENTS(first, list);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, argv, environment);
}
