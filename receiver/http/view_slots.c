// view_slots.c: slots and their budget (view_slots.h).
#include "view_slots.h"

#include <stdint.h>
#include <stdio.h>

void view_slots_init(struct view_slots *slots, size_t budget_bytes) {
    *slots = (struct view_slots){.budget = {.limit_bytes = budget_bytes}};
    pthread_mutex_init(&slots->lock, NULL);
    pthread_cond_init(&slots->changed, NULL);
}

void view_slots_destroy(struct view_slots *slots) {
    pthread_cond_destroy(&slots->changed);
    pthread_mutex_destroy(&slots->lock);
}

// What others ran beside one.
struct company {
    uint64_t number; // of the one
    bool was_there;  // when it began
};

// Those that want to be alone come first.
static struct company enter(struct view_slots *slots, bool alone) {
    pthread_mutex_lock(&slots->lock);
    slots->waiting_alone += alone;
    while (slots->is_alone || (alone ? slots->running > 0 : slots->running == VIEW_SLOTS || slots->waiting_alone > 0)) {
        pthread_cond_wait(&slots->changed, &slots->lock);
    }
    slots->waiting_alone -= alone;
    slots->is_alone = alone;
    struct company company = {.number = ++slots->started, .was_there = slots->running > 0};
    slots->running++;
    pthread_mutex_unlock(&slots->lock);
    return company;
}

// Returns whether no other ran at any time since it began.
static bool leave(struct view_slots *slots, const struct company *company) {
    pthread_mutex_lock(&slots->lock);
    bool was_alone = !company->was_there && slots->started == company->number;
    slots->is_alone = false;
    slots->running--;
    pthread_cond_broadcast(&slots->changed);
    pthread_mutex_unlock(&slots->lock);
    return was_alone;
}

enum receiver_error view_slots_run(struct view_slots *slots, view_slots_make make, void *context, char *text, size_t text_size) {
    enum receiver_error error = RECEIVER_OK;
    bool exceeded = true, was_alone = false;
    for (int time = 0; time < 2 && exceeded && !was_alone; time++) {
        struct merge_budget own = {.limit_bytes = SIZE_MAX, .within = &slots->budget};
        struct company company = enter(slots, time > 0);
        struct merge_budget *before = merge_use_budget(&own);
        error = make(context);
        merge_use_budget(before);
        was_alone = leave(slots, &company);
        exceeded = own.exceeded;
    }
    if (error != RECEIVER_NO_MEMORY || !exceeded) {
        return error;
    }
    snprintf(text, text_size, "it needs more memory than views may have, %zu MiB: cmemprof receiver --view-memory SIZE, or select less",
             slots->budget.limit_bytes >> 20);
    return RECEIVER_TOO_LARGE;
}
