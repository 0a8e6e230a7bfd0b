// view_slots.h: how many views are made at a time, and how much memory they take together.
//
// At most VIEW_SLOTS run at a time; others wait. They share a budget (merge.h). One that is refused memory while others have some of it
// gives back what it has, waits until it can run alone, and is made once more: so each view that fits the budget by itself is answered.
//
// Threads: any. Memory: none of its own.
#ifndef CMEMPROF_RECEIVER_VIEW_SLOTS_H
#define CMEMPROF_RECEIVER_VIEW_SLOTS_H

#include "../../merge/merge.h"
#include "../base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { VIEW_SLOTS = 2 };

struct view_slots {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running, waiting_alone; // guarded by lock, as the next two
    uint64_t started;
    bool is_alone; // the one that runs wants no other
    struct merge_budget budget;
};
void view_slots_init(struct view_slots *slots, size_t budget_bytes);
void view_slots_destroy(struct view_slots *slots);

// Makes a view. Called up to twice; the second time it must leave nothing of the first.
typedef enum receiver_error (*view_slots_make)(void *context);
// RECEIVER_TOO_LARGE: it alone needs more than the budget; text says so then, and what to do.
enum receiver_error view_slots_run(struct view_slots *slots, view_slots_make make, void *context, char *text, size_t text_size);

#endif
