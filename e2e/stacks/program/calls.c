// calls.c: functions of this program, of a library and of libc that call each other.

#include "cases.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The table ----

extern struct shown_row __start_stacks_table[], __stop_stacks_table[];
extern char __start_stacks_text[], __stop_stacks_text[];

size_t shown_count(void) {
    return (size_t)(__stop_stacks_table - __start_stacks_table);
}

const struct shown_row *shown_at(size_t index) {
    return &__start_stacks_table[index];
}

uintptr_t shown_text_start(void) {
    return (uintptr_t)__start_stacks_text;
}

uintptr_t shown_text_end(void) {
    return (uintptr_t)__stop_stacks_text;
}

// ---- This program ----

SHOWN static void chain_leaf(size_t size) {
    void *block = malloc(size);
    OBSERVE(block);
}
SHOW(chain_leaf)

SHOWN static void chain_middle(size_t size) {
    chain_leaf(size + 1);
    OBSERVE(size);
}
SHOW(chain_middle)

// Returns a value, so that cgo's wrapper is not a tail call and shows in the stack.
SHOWN size_t static_chain(void) {
    size_t size = 100;
    chain_middle(size);
    OBSERVE(size);
    return size;
}
SHOW(static_chain)

static inline __attribute__((always_inline)) void inlined_inner(size_t size) {
    void *block = calloc(2, size);
    OBSERVE(block);
}

static inline __attribute__((always_inline)) void inlined_outer(size_t size) {
    inlined_inner(size + 1);
}

SHOWN void inlined_callee(void) {
    inlined_outer(50);
}
SHOW(inlined_callee)

#define LEAF(name, size)                                                                                                                   \
    SHOWN void name(void) {                                                                                                                \
        void *block = malloc(size);                                                                                                        \
        OBSERVE(block);                                                                                                                    \
    }                                                                                                                                      \
    SHOW(name)
LEAF(goroutine_leaf, 11)
LEAF(deep_leaf, 12)
LEAF(too_deep_leaf, 13)
LEAF(generic_leaf, 14)
LEAF(inlined_go_leaf, 15)
LEAF(method_leaf, 16)
LEAF(both_leaf, 17)

// ---- Libraries ----

// Weak: the test links the library, but the program also builds without it.
__attribute__((weak)) void linked_allocate(size_t size);

SHOWN void through_linked(void) {
    size_t size = 300;
    linked_allocate(size);
    OBSERVE(size);
}
SHOW(through_linked)

static void *open_library(const char *path, const char *name, void (**allocate)(size_t size)) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *allocate = library ? (void (*)(size_t))dlsym(library, name) : NULL;
    if (!*allocate) {
        fprintf(stderr, "%s: %s\n", path, dlerror());
        exit(1);
    }
    return library;
}

SHOWN void through_opened(const char *path) {
    void (*allocate)(size_t size);
    open_library(path, "opened_allocate", &allocate);
    allocate(400);
    OBSERVE(path);
}
SHOW(through_opened)

SHOWN void through_closed(const char *path) {
    void (*allocate)(size_t size);
    void *library = open_library(path, "closed_allocate", &allocate);
    allocate(500);
    dlclose(library);
    OBSERVE(path);
}
SHOW(through_closed)

// ---- libc ----

SHOWN static int compare(const void *left, const void *right) {
    void *block = malloc(21);
    OBSERVE(block);
    return *(const char *)left - *(const char *)right;
}
SHOW(compare)

SHOWN void sorted(void) {
    char numbers[] = {3, 1, 2};
    qsort(numbers, sizeof numbers, 1, compare);
    OBSERVE(numbers[0]);
}
SHOW(sorted)

SHOWN static void read_line(FILE *file) {
    char *line = NULL;
    size_t capacity = 0;
    if (getline(&line, &capacity, file) != 6) {
        abort();
    }
}
SHOW(read_line)

SHOWN void with_getline(void) {
    char text[] = "hello\n";
    FILE *file = fmemopen(text, strlen(text), "r");
    read_line(file);
    fclose(file);
}
SHOW(with_getline)

SHOWN void with_strdup(void) {
    char *copy = strdup("a string of twenty-six bytes");
    OBSERVE(copy);
}
SHOW(with_strdup)

SHOWN void with_asprintf(void) {
    char *text;
    if (asprintf(&text, "%0200d", 1) != 200) {
        abort();
    }
    OBSERVE(text);
}
SHOW(with_asprintf)
