// location_kind.c (naming): see location_kind.h.

#include "location_kind.h"

#include <string.h>

#include "../merge/merge.h"

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

enum location_kind location_kind_of_c(const char *system_name) {
    if (strcmp(system_name, "x_cgo_mmap") == 0) {
        return LOCATION_GO_MAPS;
    }
    if (strcmp(system_name, "_cgo_try_pthread_create") == 0) {
        return LOCATION_GO_THREADS;
    }
    bool ours = starts_with(system_name, "cmemprof_hook_operator_new"); // a private alias of the same function (hook_cxx.c)
    return ours || profile_is_operator_new(system_name) ? LOCATION_OPERATOR_NEW : LOCATION_C;
}

// The packages of this module that call C. goshim/profiler/c_memory_test.go fails if they move.
static bool is_own(const char *function) {
    static const char module[] = "github.com/cmemprof/cmemprof/";
    static const char *const packages[] = {"cmemprof.", "merge.", "upload."};
    for (size_t i = 0; starts_with(function, module) && i < sizeof packages / sizeof *packages; i++) {
        if (starts_with(function + strlen(module), packages[i])) {
            return true;
        }
    }
    return false;
}

// runtime.cgocall, and runtime/cgo's functions on the way from a callback.
static bool is_runtime(const char *function) {
    return starts_with(function, "runtime.") || starts_with(function, "runtime/") || !strchr(function, '.');
}

// If several functions are inlined at an address the innermost decides; it comes first.
enum location_kind location_kind_of_go(enum location_kind before, const char *function) {
    if (before != LOCATION_GO_RUNTIME || is_runtime(function)) {
        return before;
    }
    return is_own(function) ? LOCATION_OWN_GO : LOCATION_GO;
}

size_t location_kind_skipped(const enum location_kind *stack, size_t depth) {
    size_t skipped = 0;
    while (skipped + 1 < depth && stack[skipped] == LOCATION_OPERATOR_NEW) {
        skipped++;
    }
    return skipped;
}

bool location_kind_is_own(const enum location_kind *stack, size_t depth) {
    for (size_t i = 0; i < depth; i++) {
        if (stack[i] == LOCATION_GO || stack[i] == LOCATION_OWN_GO) {
            return stack[i] == LOCATION_OWN_GO;
        }
    }
    return false;
}
