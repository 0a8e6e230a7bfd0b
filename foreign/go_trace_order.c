// go_trace_order.c: see go_trace_order.h.
#include "go_trace_order.h"

#define NO_THREAD UINT64_MAX

enum { PROCESSOR_RUNNING = 1, PROCESSOR_IDLE, PROCESSOR_SYSCALL, PROCESSOR_ABANDONED };

// An event, and what its thread has.
struct step {
    struct go_order *order;
    const struct go_event *event;
    const uint64_t *arguments;
    struct go_changes *changes;
    uint64_t thread_id;
    struct go_thread at; // before, and after it
};

static bool follows(const struct go_order *order, uint64_t number, struct go_sequence last) {
    return last.generation == order->generation && number == last.number + 1;
}

static struct go_sequence sequence_of(const struct go_order *order, uint64_t number) {
    return (struct go_sequence){order->generation, number};
}

static enum go_step say(struct step *step, uint32_t goroutine, enum go_status from, enum go_status to, uint64_t reason, uint64_t stack) {
    step->changes->of[step->changes->count++] = (struct go_change){goroutine, (uint8_t)from, (uint8_t)to, reason, stack};
    return GO_STEP_TAKEN;
}
static enum go_step say_nothing(struct step *step) {
    return say(step, GO_NOBODY, GO_GONE, GO_GONE, 0, 0);
}

static bool has_thread(const struct step *step) {
    return step->thread_id != NO_THREAD;
}
static bool has_processor(const struct step *step) {
    return has_thread(step) && step->at.processor != GO_NOBODY;
}
static bool has_goroutine(const struct step *step) {
    return step->at.goroutine != GO_NOBODY;
}

// The thread's goroutine on a processor, if it has that status.
static struct go_goroutine *own(const struct step *step, enum go_status status) {
    struct go_goroutine *goroutine = has_processor(step) && has_goroutine(step) ? &step->order->goroutines[step->at.goroutine] : NULL;
    return goroutine && goroutine->status == status ? goroutine : NULL;
}

static struct go_goroutine *goroutine_of(struct step *step, uint64_t id) {
    uint32_t index = number_map_get(&step->order->goroutine_ids, id);
    return index == NUMBER_MAP_NONE ? NULL : &step->order->goroutines[index];
}
static uint32_t index_of(const struct step *step, const struct go_goroutine *goroutine) {
    return (uint32_t)(goroutine - step->order->goroutines);
}
static struct go_processor *processor_of(struct step *step, uint64_t id) {
    uint32_t index = number_map_get(&step->order->processor_ids, id);
    return index == NUMBER_MAP_NONE ? NULL : &step->order->processors[index];
}

// ---- New ones ----

static struct go_goroutine *add_goroutine(struct step *step, uint64_t id, enum go_status status) {
    struct go_order *order = step->order;
    if (order->free_count == 0) {
        if (!READING_RESERVE(order->goroutines, order->goroutine_capacity, order->goroutine_count + 1) ||
            !READING_RESERVE(order->free_goroutines, order->free_capacity, order->goroutine_count + 1)) {
            return NULL;
        }
        order->free_goroutines[order->free_count++] = (uint32_t)order->goroutine_count++;
    }
    uint32_t index = order->free_goroutines[order->free_count - 1];
    if (!number_map_put(&order->goroutine_ids, id, index)) {
        return NULL;
    }
    order->free_count--;
    order->goroutines[index] = (struct go_goroutine){.id = id, .status = (uint8_t)status, .sequence = sequence_of(order, 0)};
    return &order->goroutines[index];
}

void go_order_forget(struct go_order *order, uint32_t goroutine) {
    number_map_remove(&order->goroutine_ids, order->goroutines[goroutine].id);
    order->free_goroutines[order->free_count++] = goroutine;
}

// NULL: no memory.
static struct go_thread *thread_of(struct go_order *order, uint64_t id, bool *fresh) {
    uint32_t index = number_map_get(&order->thread_ids, id);
    *fresh = index == NUMBER_MAP_NONE;
    if (*fresh) {
        index = (uint32_t)order->thread_count;
        if (!READING_RESERVE(order->threads, order->thread_capacity, order->thread_count + 1) ||
            !number_map_put(&order->thread_ids, id, index)) {
            return NULL;
        }
        order->threads[order->thread_count++] = (struct go_thread){GO_NOBODY, GO_NOBODY};
    }
    return &order->threads[index];
}

// ---- Processors ----

static enum go_step processor_status(struct step *step) {
    struct go_order *order = step->order;
    struct go_processor *processor = processor_of(step, step->arguments[0]);
    uint64_t status = step->arguments[1];
    if (status < PROCESSOR_RUNNING || status > PROCESSOR_ABANDONED) {
        return GO_STEP_BROKEN;
    }
    if (processor) {
        bool still = status == PROCESSOR_ABANDONED && processor->status == PROCESSOR_SYSCALL;
        if (!still && processor->status != status) {
            return GO_STEP_BROKEN;
        }
    } else {
        uint32_t index = (uint32_t)order->processor_count;
        if (!READING_RESERVE(order->processors, order->processor_capacity, order->processor_count + 1) ||
            !number_map_put(&order->processor_ids, step->arguments[0], index)) {
            return GO_STEP_NO_MEMORY;
        }
        order->processor_count++;
        processor = &order->processors[index];
        *processor = (struct go_processor){.id = step->arguments[0], .status = (uint8_t)status};
    }
    processor->sequence = sequence_of(order, 0);
    if (status == PROCESSOR_RUNNING || status == PROCESSOR_SYSCALL) {
        step->at.processor = (uint32_t)(processor - order->processors);
    }
    return say_nothing(step);
}

static enum go_step processor_start(struct step *step) {
    struct go_processor *processor = processor_of(step, step->arguments[0]);
    if (!processor || processor->status != PROCESSOR_IDLE || !follows(step->order, step->arguments[1], processor->sequence) ||
        step->at.processor != GO_NOBODY) {
        return GO_STEP_NOT_YET;
    }
    if (!has_thread(step)) {
        return GO_STEP_BROKEN;
    }
    processor->status = PROCESSOR_RUNNING;
    processor->sequence.number++;
    step->at.processor = (uint32_t)(processor - step->order->processors);
    return say_nothing(step);
}

static enum go_step processor_stop(struct step *step) {
    struct go_processor *processor = has_processor(step) ? &step->order->processors[step->at.processor] : NULL;
    if (!processor || (processor->status != PROCESSOR_RUNNING && processor->status != PROCESSOR_SYSCALL)) {
        return GO_STEP_BROKEN;
    }
    processor->status = PROCESSOR_IDLE;
    step->at.processor = GO_NOBODY;
    return say_nothing(step);
}

static enum go_step processor_steal(struct step *step) {
    struct go_order *order = step->order;
    struct go_processor *processor = processor_of(step, step->arguments[0]);
    if (!processor || (processor->status != PROCESSOR_SYSCALL && processor->status != PROCESSOR_ABANDONED) ||
        !follows(order, step->arguments[1], processor->sequence)) {
        return GO_STEP_NOT_YET;
    }
    bool abandoned = processor->status == PROCESSOR_ABANDONED; // nobody knows its thread
    uint32_t index = (uint32_t)(processor - order->processors), thread = number_map_get(&order->thread_ids, step->arguments[2]);
    uint32_t *from = step->arguments[2] == step->thread_id ? &step->at.processor
                     : thread != NUMBER_MAP_NONE           ? &order->threads[thread].processor
                                                           : NULL;
    if (!has_thread(step) || (!abandoned && (!from || *from != index))) {
        return GO_STEP_BROKEN;
    }
    processor->status = PROCESSOR_IDLE;
    processor->sequence.number++;
    if (!abandoned) {
        *from = GO_NOBODY;
    }
    return say_nothing(step);
}

// ---- Goroutines ----

static enum go_step goroutine_status(struct step *step) {
    struct go_order *order = step->order;
    uint64_t id = step->arguments[0], thread_id = step->arguments[1], status = step->arguments[2];
    uint64_t stack = step->event->type == GO_STATUS_STACK ? step->arguments[3] : 0;
    struct go_goroutine *goroutine = goroutine_of(step, id);
    enum go_status from = (enum go_status)status;
    if (status < GO_RUNNABLE || status > GO_WAITING || (goroutine && goroutine->status != status)) {
        return GO_STEP_BROKEN;
    }
    if (goroutine) {
        goroutine->sequence = sequence_of(order, 0);
    } else if (order->generation != order->first_generation) {
        return GO_STEP_BROKEN;
    } else {
        goroutine = add_goroutine(step, id, (enum go_status)status);
        from = GO_UNDETERMINED;
        if (!goroutine) {
            return GO_STEP_NO_MEMORY;
        }
    }
    uint32_t index = index_of(step, goroutine);
    if (status == GO_IN_SYSCALL && thread_id == NO_THREAD) {
        return GO_STEP_BROKEN;
    }
    if (status == GO_IN_SYSCALL && thread_id != step->thread_id) {
        bool fresh;
        struct go_thread *thread = thread_of(order, thread_id, &fresh);
        if (!thread) {
            return GO_STEP_NO_MEMORY;
        }
        if (!fresh && thread->goroutine != index) {
            return GO_STEP_BROKEN;
        }
        thread->goroutine = index;
    } else if (status == GO_IN_SYSCALL && order->generation != order->first_generation && step->at.goroutine != index) {
        return GO_STEP_BROKEN;
    } else if (status == GO_IN_SYSCALL || status == GO_RUNNING) {
        step->at.goroutine = index;
    }
    return say(step, index, from, (enum go_status)status, 0, stack);
}

static enum go_step create(struct step *step, enum go_status status) {
    bool in_syscall = status == GO_IN_SYSCALL;
    if (!has_thread(step) || goroutine_of(step, step->arguments[0]) ||
        (in_syscall ? has_goroutine(step) : !has_processor(step) || (has_goroutine(step) && !own(step, GO_RUNNING)))) {
        return GO_STEP_BROKEN;
    }
    struct go_goroutine *goroutine = add_goroutine(step, step->arguments[0], status);
    if (!goroutine) {
        return GO_STEP_NO_MEMORY;
    }
    if (in_syscall) {
        step->at.goroutine = index_of(step, goroutine);
    }
    step->changes->created = !in_syscall;
    return say(step, index_of(step, goroutine), GO_GONE, status, 0, in_syscall ? 0 : step->arguments[2]);
}

static enum go_step start(struct step *step) {
    struct go_goroutine *goroutine = goroutine_of(step, step->arguments[0]);
    if (!goroutine || goroutine->status != GO_RUNNABLE || !follows(step->order, step->arguments[1], goroutine->sequence)) {
        return GO_STEP_NOT_YET;
    }
    if (!has_processor(step) || has_goroutine(step)) {
        return GO_STEP_BROKEN;
    }
    goroutine->status = GO_RUNNING;
    goroutine->sequence.number++;
    step->at.goroutine = index_of(step, goroutine);
    return say(step, step->at.goroutine, GO_RUNNABLE, GO_RUNNING, 0, 0);
}

// It gives its thread away.
static enum go_step stop(struct step *step, enum go_status to, uint64_t reason, uint64_t stack) {
    struct go_goroutine *goroutine = own(step, GO_RUNNING);
    if (!goroutine) {
        return GO_STEP_BROKEN;
    }
    goroutine->status = (uint8_t)to;
    step->at.goroutine = GO_NOBODY;
    return say(step, index_of(step, goroutine), GO_RUNNING, to, reason, stack);
}

static enum go_step unblock(struct step *step) {
    struct go_goroutine *goroutine = goroutine_of(step, step->arguments[0]);
    if (!goroutine || goroutine->status != GO_WAITING || !follows(step->order, step->arguments[1], goroutine->sequence)) {
        return GO_STEP_NOT_YET;
    }
    goroutine->status = GO_RUNNABLE;
    goroutine->sequence.number++;
    return say(step, index_of(step, goroutine), GO_WAITING, GO_RUNNABLE, 0, step->event->type == GO_UNBLOCK ? step->arguments[2] : 0);
}

// Coroutines: one is unblocked, the thread's goroutine blocks or ends, and the other starts.
static enum go_step switch_to(struct step *step) {
    if (!own(step, GO_RUNNING)) {
        return GO_STEP_BROKEN;
    }
    enum go_step result = unblock(step);
    if (result == GO_STEP_TAKEN) {
        struct go_goroutine *next = goroutine_of(step, step->arguments[0]);
        stop(step, step->event->type == GO_SWITCH ? GO_WAITING : GO_GONE, 0, 0);
        next->status = GO_RUNNING;
        step->at.goroutine = index_of(step, next);
        say(step, step->at.goroutine, GO_RUNNABLE, GO_RUNNING, 0, 0);
    }
    return result;
}

static enum go_step syscall_begin(struct step *step) {
    struct go_goroutine *goroutine = own(step, GO_RUNNING);
    struct go_processor *processor = goroutine ? &step->order->processors[step->at.processor] : NULL;
    if (!processor || !follows(step->order, step->arguments[0], processor->sequence)) {
        return GO_STEP_BROKEN;
    }
    goroutine->status = GO_IN_SYSCALL;
    processor->status = PROCESSOR_SYSCALL;
    processor->sequence.number++;
    return say(step, step->at.goroutine, GO_RUNNING, GO_IN_SYSCALL, 0, step->arguments[1]);
}

static enum go_step syscall_end(struct step *step) {
    struct go_goroutine *goroutine = own(step, GO_IN_SYSCALL);
    struct go_processor *processor = goroutine ? &step->order->processors[step->at.processor] : NULL;
    if (!processor || processor->status != PROCESSOR_SYSCALL) {
        return GO_STEP_BROKEN;
    }
    goroutine->status = GO_RUNNING;
    processor->status = PROCESSOR_RUNNING;
    return say(step, step->at.goroutine, GO_IN_SYSCALL, GO_RUNNING, 0, 0);
}

// Its processor was taken meanwhile: not before that was seen.
static enum go_step syscall_end_blocked(struct step *step) {
    if (has_processor(step) && step->order->processors[step->at.processor].status == PROCESSOR_SYSCALL) {
        return GO_STEP_NOT_YET;
    }
    struct go_goroutine *goroutine = has_thread(step) && has_goroutine(step) ? &step->order->goroutines[step->at.goroutine] : NULL;
    if (!goroutine || goroutine->status != GO_IN_SYSCALL) {
        return GO_STEP_BROKEN;
    }
    goroutine->status = GO_RUNNABLE;
    step->at.goroutine = GO_NOBODY;
    return say(step, index_of(step, goroutine), GO_IN_SYSCALL, GO_RUNNABLE, 0, 0);
}

// A thread of C leaves Go. If it has a processor still, that may be stolen later, when the thread's number is another thread's.
static enum go_step destroy_syscall(struct step *step) {
    struct go_goroutine *goroutine = has_thread(step) && has_goroutine(step) ? &step->order->goroutines[step->at.goroutine] : NULL;
    struct go_processor *processor = has_processor(step) ? &step->order->processors[step->at.processor] : NULL;
    if (!goroutine || goroutine->status != GO_IN_SYSCALL || (processor && processor->status != PROCESSOR_SYSCALL)) {
        return GO_STEP_BROKEN;
    }
    if (processor) {
        processor->status = PROCESSOR_ABANDONED;
        step->at.processor = GO_NOBODY;
        say_nothing(step);
    }
    goroutine->status = GO_GONE;
    step->at.goroutine = GO_NOBODY;
    return say(step, index_of(step, goroutine), GO_IN_SYSCALL, GO_GONE, 0, 0);
}

// ---- Garbage collection ----

static enum go_step collection(struct step *step) {
    struct go_order *order = step->order;
    enum go_event_type type = step->event->type;
    if (type == GO_GC_ACTIVE && order->generation == order->first_generation ? true : type == GO_GC_BEGIN && !order->gc_known) {
        if (order->gc_known) {
            return GO_STEP_BROKEN;
        }
    } else if (step->arguments[0] != order->gc_sequence + 1) {
        return GO_STEP_NOT_YET;
    } else if (!order->gc_known || (type == GO_GC_BEGIN) == order->gc_runs || !has_processor(step) || !has_goroutine(step)) {
        return GO_STEP_BROKEN;
    }
    order->gc_sequence = step->arguments[0];
    order->gc_known = true;
    order->gc_runs = type != GO_GC_END;
    return say_nothing(step);
}

static enum go_step dispatch(struct step *step) {
    switch (step->event->type) {
    case GO_PROC_START:
        return processor_start(step);
    case GO_PROC_STOP:
        return processor_stop(step);
    case GO_PROC_STEAL:
        return processor_steal(step);
    case GO_PROC_STATUS:
        return processor_status(step);
    case GO_CREATE:
        return create(step, GO_RUNNABLE);
    case GO_CREATE_BLOCKED:
        return create(step, GO_WAITING);
    case GO_CREATE_SYSCALL:
        return create(step, GO_IN_SYSCALL);
    case GO_START:
        return start(step);
    case GO_DESTROY:
        return stop(step, GO_GONE, 0, 0);
    case GO_STOP:
        return stop(step, GO_RUNNABLE, step->arguments[0], step->arguments[1]);
    case GO_BLOCK:
        return stop(step, GO_WAITING, step->arguments[0], step->arguments[1]);
    case GO_DESTROY_SYSCALL:
        return destroy_syscall(step);
    case GO_UNBLOCK:
        return unblock(step);
    case GO_SWITCH:
    case GO_SWITCH_DESTROY:
        return switch_to(step);
    case GO_SYSCALL_BEGIN:
        return syscall_begin(step);
    case GO_SYSCALL_END:
        return syscall_end(step);
    case GO_SYSCALL_END_BLOCKED:
        return syscall_end_blocked(step);
    case GO_STATUS:
    case GO_STATUS_STACK:
        return goroutine_status(step);
    case GO_GC_ACTIVE:
    case GO_GC_BEGIN:
    case GO_GC_END:
        return collection(step);
    default: // it changes nothing that others wait for
        return say_nothing(step);
    }
}

enum go_step go_order_advance(struct go_order *order, uint64_t thread, const struct go_event *event, struct go_changes *changes) {
    struct step step = {order, event, event->arguments, changes, thread, {GO_NOBODY, GO_NOBODY}};
    bool fresh;
    *changes = (struct go_changes){0};
    if (thread != NO_THREAD) {
        const struct go_thread *state = thread_of(order, thread, &fresh);
        if (!state) {
            return GO_STEP_NO_MEMORY;
        }
        step.at = *state;
    }
    enum go_step result = dispatch(&step);
    if (result == GO_STEP_TAKEN && thread != NO_THREAD) {
        *thread_of(order, thread, &fresh) = step.at;
    }
    return result;
}

void go_order_free(struct go_order *order) {
    memory_free(order->goroutines);
    memory_free(order->processors);
    memory_free(order->threads);
    memory_free(order->free_goroutines);
    number_map_free(&order->goroutine_ids);
    number_map_free(&order->processor_ids);
    number_map_free(&order->thread_ids);
}
