// place_trait.c: what an address is to its stacks (place_trait.h).

#include "place_trait.h"

#include <string.h>

#include "../merge/merge.h"

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

enum place_trait place_trait_of_c(const char *system_name) {
    bool ours = starts_with(system_name, "cmemprof_hook_operator_new"); // the same address under another name (hook_cxx.c)
    return ours || profile_is_operator_new(system_name) ? PLACE_OPERATOR_NEW : PLACE_C;
}

// The packages of this module that call C. goshim/profiler/c_memory_test.go knows when they move.
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

// runtime.cgocall, and runtime/cgo's on the way from a callback.
static bool is_runtime(const char *function) {
    return starts_with(function, "runtime.") || starts_with(function, "runtime/") || strchr(function, '.') == NULL;
}

// The innermost function tells, where several are inlined at an address: it comes first.
enum place_trait place_trait_of_go(enum place_trait before, const char *function) {
    if (before != PLACE_GO_RUNTIME || is_runtime(function)) {
        return before;
    }
    return is_own(function) ? PLACE_OWN_GO : PLACE_GO;
}

size_t place_trait_skipped(const enum place_trait *stack, size_t depth) {
    size_t skipped = 0;
    while (skipped + 1 < depth && stack[skipped] == PLACE_OPERATOR_NEW) {
        skipped++;
    }
    return skipped;
}

bool place_trait_is_own(const enum place_trait *stack, size_t depth) {
    for (size_t i = 0; i < depth; i++) {
        if (stack[i] == PLACE_GO || stack[i] == PLACE_OWN_GO) {
            return stack[i] == PLACE_OWN_GO;
        }
    }
    return false;
}
