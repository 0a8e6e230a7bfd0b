// growth_processes.c: the processes of a list (growth_processes.h).
#include "growth_processes.h"

#include <stdlib.h>

static int by_process(const void *left, const void *right, void *context) {
    const struct upload_list *list = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    uint64_t one = list->uploads[a].process, other = list->uploads[b].process;
    return one != other ? (one < other ? -1 : 1) : a < b ? -1 : a > b;
}

static int by_last(const void *left, const void *right, void *context) {
    const size_t *order = context;
    const struct growth_life *a = left, *b = right;
    size_t one = order[a->first + a->count - 1], other = order[b->first + b->count - 1];
    return one > other ? -1 : one < other;
}

void growth_processes_free(struct growth_processes *processes) {
    free(processes->order);
    free(processes->list);
}

bool growth_processes_find(struct growth_processes *processes, const struct upload_list *list) {
    *processes =
        (struct growth_processes){malloc((list->count + 1) * sizeof(size_t)), malloc((list->count + 1) * sizeof(struct growth_life)), 0, 0};
    if (!processes->order || !processes->list) {
        growth_processes_free(processes);
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        processes->order[i] = i;
    }
    qsort_r(processes->order, list->count, sizeof *processes->order, by_process, (void *)list);
    for (size_t from = 0, to; from < list->count; from = to) {
        uint64_t process = list->uploads[processes->order[from]].process;
        for (to = from; to < list->count && list->uploads[processes->order[to]].process == process; to++) {
        }
        processes->list[processes->count++] = (struct growth_life){from, to - from};
    }
    qsort_r(processes->list, processes->count, sizeof *processes->list, by_last, processes->order);
    for (size_t i = GROWTH_PROCESSES; i < processes->count; i++) {
        processes->left_out += processes->list[i].count;
    }
    processes->count = processes->count < GROWTH_PROCESSES ? processes->count : GROWTH_PROCESSES;
    return true;
}
