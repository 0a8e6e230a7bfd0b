// time_labels.c: see time_labels.h.
#include "time_labels.h"

#define IS_PYTHON ((uintptr_t)1 << 40)
#define HAS_EXCEPTION ((uintptr_t)1 << 41)
#define HAS_TASK ((uintptr_t)1 << 42)
#define HAS_SPAN ((uintptr_t)1 << 44)
#define IS_RELEASE ((uintptr_t)1 << 43)

uint32_t time_labels_put(const struct time_labels *labels, uintptr_t *words, uint32_t depth) {
    uintptr_t last = (uintptr_t)(uint32_t)labels->thread | (labels->is_python ? IS_PYTHON : 0) | (labels->is_release ? IS_RELEASE : 0);
    if (labels->exception != 0) {
        words[depth++] = labels->exception;
        last |= HAS_EXCEPTION;
    }
    if (labels->task != 0) {
        words[depth++] = labels->task;
        last |= HAS_TASK;
    }
    if (labels->span != 0) {
        words[depth++] = labels->span;
        words[depth++] = labels->root;
        last |= HAS_SPAN;
    }
    words[depth++] = last;
    return depth;
}

uint32_t time_labels_get(struct time_labels *labels, const uintptr_t *words, uint32_t count) {
    uintptr_t last = words[--count];
    *labels = (struct time_labels){
        .thread = (int32_t)(last & UINT32_MAX), .is_python = (last & IS_PYTHON) != 0, .is_release = (last & IS_RELEASE) != 0};
    if ((last & HAS_SPAN) != 0) {
        labels->root = words[--count];
        labels->span = words[--count];
    }
    labels->task = (last & HAS_TASK) != 0 ? words[--count] : 0;
    labels->exception = (last & HAS_EXCEPTION) != 0 ? words[--count] : 0;
    return count;
}
