// time_locks.c: see time_locks.h.
#include "time_locks.h"

#include <string.h>

static bool is_of(const struct python_name *name, const char *function) {
    size_t size = strlen(function);
    return name->function_size == size && memcmp(name->function, function, size) == 0;
}

bool time_locks_is_none(const struct python_names *names, const uintptr_t *words, uint32_t depth) {
    static const char file[] = "/threading.py";
    struct python_name leaf = {.file_size = 0}, caller = {.function_size = 0};
    if (depth > 0) {
        python_names_get(names, words[0], &leaf);
    }
    if (depth > 1) {
        python_names_get(names, words[1], &caller);
    }
    size_t size = sizeof file - 1;
    bool is_threadings = leaf.file_size > size && memcmp(leaf.file + leaf.file_size - size, file, size) == 0;
    return is_threadings &&
           (is_of(&leaf, "Thread._wait_for_tstate_lock") || (is_of(&leaf, "Condition.wait") && !is_of(&caller, "Semaphore.acquire")));
}
