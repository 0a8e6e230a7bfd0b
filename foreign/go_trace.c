// go_trace.c: Go execution traces: how long goroutines waited, where and for what, where they were created, and CPU samples
// (reading.h; go_trace_file.h, go_trace_order.h).
//
// As in "go tool trace -pprof=net|sync|syscall|sched": a wait counts where it began, when it has ended; what ends before the goroutine's
// first run does not. Times are those of Go's reader, where each event is later than the one before. Waits that are neither for the
// network nor for a channel, a lock or the like are of the type other. The tool leaves out what a goroutine did whose number another one
// has later, as with threads of C; here it counts. A generation that is damaged does not count, nor what follows.
#include "go_trace_order.h"

#include <stdio.h>

enum kind { KIND_CPU, KIND_CREATED, KIND_OTHER, KIND_SCHED, KIND_SYSCALL, KIND_NET, KIND_SYNC, KINDS };

// The last one is shown by default.
static const struct {
    const char *count, *time; // time NULL: it has none
} types[KINDS] = {
    [KIND_CPU] = {"cpu_samples", NULL},
    [KIND_CREATED] = {"goroutines_created", NULL},
    [KIND_OTHER] = {"other_waits", "other_delay"},
    [KIND_SCHED] = {"sched_waits", "sched_delay"},
    [KIND_SYSCALL] = {"syscalls", "syscall_delay"},
    [KIND_NET] = {"net_waits", "net_delay"},
    [KIND_SYNC] = {"sync_waits", "sync_delay"},
};

struct reason {
    struct span text;
    enum kind kind;
};
#define NO_REASON UINT32_MAX

// What is counted of one stack and reason. What the generation at hand adds is apart until it has ended well.
struct record {
    uint32_t node, reason;
    uint8_t kind;
    bool touched;
    uint64_t count, ns, new_count, new_ns;
};

struct file {
    struct reading *reading;
    struct go_generation generation;
    struct go_order order;
    struct go_cursor **heap; // of cursors with an event, the earliest first
    size_t heap_count, heap_capacity;
    struct reason *reasons;
    size_t reason_count, reason_capacity;
    struct record *records;
    size_t record_count, record_capacity;
    struct intern reason_ids, record_ids;
    uint32_t *touched;
    size_t touched_count, touched_capacity;
    uint64_t seed, patience;
    int64_t first, last, wall_ns; // time of the first and the last event
    uint64_t passed_over;         // events of kinds that are not in the profile
    uint64_t unseen;              // waits that ended before their goroutine's first run
};

static bool no_memory(struct file *file) {
    file->generation.no_memory = true;
    return go_generation_fail(&file->generation, file->generation.at, "out of memory");
}

// ---- Records ----

static bool reason_equals(const void *context, uint32_t id, const void *key) {
    const struct span *have = &((const struct file *)context)->reasons[id - 1].text, *want = key;
    return have->size == want->size && memcmp(have->at, want->at, want->size) == 0;
}

static enum kind kind_of(struct span reason) {
    return span_is(reason, "network")                                                           ? KIND_NET
           : span_has(reason, "chan") || span_has(reason, "sync") || span_has(reason, "select") ? KIND_SYNC
                                                                                                : KIND_OTHER;
}

// NO_REASON: it has none, or there was a fault.
static uint32_t reason_at(struct file *file, uint64_t number) {
    struct go_string *string = number != 0 ? go_generation_string(&file->generation, number) : NULL;
    if (!string || string->reason != GO_UNKNOWN) {
        return string ? string->reason : NO_REASON;
    }
    uint32_t hash = intern_hash_end(intern_hash_bytes(file->seed, string->text.at, string->text.size));
    uint32_t id = intern_find(&file->reason_ids, hash, reason_equals, file, &string->text);
    if (id == 0) {
        id = (uint32_t)file->reason_count + 1;
        if (!READING_RESERVE(file->reasons, file->reason_capacity, id) || !intern_add(&file->reason_ids, hash, id)) {
            no_memory(file);
            return NO_REASON;
        }
        file->reasons[file->reason_count++] = (struct reason){string->text, kind_of(string->text)};
    }
    string->reason = id - 1;
    return string->reason;
}

static bool add_node(struct file *file, struct span function, struct span path, uint64_t line, uint32_t *node) {
    char text[1025]; // of a file's name: go_trace_file.c allows 1024 bytes
    size_t size = path.size < sizeof text ? path.size : sizeof text - 1;
    memcpy(text, path.at, size);
    for (size_t i = 0; i < size; i++) {
        text[i] = text[i] == '\0' ? '?' : text[i];
    }
    text[size] = '\0';
    uint32_t location = reading_frame(file->reading, function, text, (int64_t)(line & INT32_MAX));
    *node = location == 0 ? READING_NO_NODE : reading_child(file->reading, location, *node);
    return *node != READING_NO_NODE || no_memory(file);
}

// READING_NO_NODE: an empty one, or there was a fault.
static uint32_t node_at(struct file *file, uint64_t number) {
    struct go_stack *stack = number != 0 ? go_generation_stack(&file->generation, number) : NULL;
    if (!stack || stack->known) {
        return stack ? stack->node : READING_NO_NODE;
    }
    struct {
        struct span function, file;
        uint64_t line;
    } frames[128];
    const uint8_t *at = stack->at;
    uint32_t node = READING_NO_NODE;
    for (uint32_t i = 0; i < stack->frames; i++) {
        if (!go_generation_frame(&file->generation, &at, &frames[i].function, &frames[i].file, &frames[i].line)) {
            return READING_NO_NODE;
        }
    }
    for (uint32_t i = stack->frames; i > 0; i--) { // without those of the address 0, which have no name
        if (frames[i - 1].function.size > 0 && !add_node(file, frames[i - 1].function, frames[i - 1].file, frames[i - 1].line, &node)) {
            return READING_NO_NODE;
        }
    }
    stack->known = true;
    stack->node = node;
    return node;
}

static bool record_equals(const void *context, uint32_t id, const void *key) {
    const struct record *have = &((const struct file *)context)->records[id - 1], *want = key;
    return have->node == want->node && have->reason == want->reason && have->kind == want->kind;
}

static bool record_at(struct file *file, enum kind kind, uint32_t reason, uint64_t stack, uint32_t *record) {
    const struct record key = {.node = node_at(file, stack), .reason = reason, .kind = (uint8_t)kind};
    if (file->generation.fault) {
        return false;
    }
    uint64_t hash = intern_hash_word(file->seed, (uint64_t)key.node << 32 | reason);
    uint32_t end = intern_hash_end(intern_hash_word(hash, kind));
    uint32_t id = intern_find(&file->record_ids, end, record_equals, file, &key);
    if (id == 0) {
        id = (uint32_t)file->record_count + 1;
        if (!READING_RESERVE(file->records, file->record_capacity, id) || !intern_add(&file->record_ids, end, id)) {
            return no_memory(file);
        }
        file->records[file->record_count++] = key;
    }
    *record = id - 1;
    return true;
}

static bool count(struct file *file, uint32_t index, int64_t ns) {
    struct record *record = &file->records[index];
    if (!record->touched) {
        if (!READING_RESERVE(file->touched, file->touched_capacity, file->touched_count + 1)) {
            return no_memory(file);
        }
        file->touched[file->touched_count++] = index;
        record->touched = true;
    }
    record->new_count++;
    record->new_ns += (uint64_t)ns;
    return true;
}

// good: else it does not count.
static void end_generation(struct file *file, bool good) {
    for (size_t i = 0; i < file->touched_count; i++) {
        struct record *record = &file->records[file->touched[i]];
        record->count += good ? record->new_count : 0;
        record->ns += good ? record->new_ns : 0;
        record->new_count = record->new_ns = 0;
        record->touched = false;
    }
    file->touched_count = 0;
}

// ---- Events ----

static int64_t tick(struct file *file, int64_t time) {
    file->last = time > file->last ? time : file->last < INT64_MAX ? file->last + 1 : file->last;
    file->first = file->first == 0 ? file->last : file->first;
    return file->last;
}

// What a goroutine that enters a status waits for. False: nothing that is counted, or a fault.
static bool find_record(struct file *file, const struct go_change *change, uint32_t *record) {
    uint32_t reason = change->to == GO_WAITING ? reason_at(file, change->reason) : NO_REASON;
    enum kind kind = change->to == GO_IN_SYSCALL ? KIND_SYSCALL
                     : change->to == GO_RUNNABLE ? KIND_SCHED
                     : reason != NO_REASON       ? file->reasons[reason].kind
                                                 : KIND_OTHER;
    return !file->generation.fault && record_at(file, kind, reason, change->stack, record);
}

static bool wait_ends(struct file *file, struct go_goroutine *goroutine, const struct go_change *change, int64_t now) {
    goroutine->counted = false;
    if (goroutine->ran) {
        return count(file, goroutine->record, now - goroutine->since);
    }
    // A first wait in the scheduler ends with the first run. One in a system call counts if the goroutine never runs.
    file->unseen += (uint64_t)goroutine->held + (change->to == GO_RUNNING);
    if (change->to != GO_RUNNING) {
        goroutine->held = true;
        goroutine->held_record = goroutine->record;
        goroutine->held_ns = now - goroutine->since;
    }
    return true;
}

static bool apply(struct file *file, const struct go_change *change, int64_t now) {
    struct go_goroutine *goroutine = &file->order.goroutines[change->goroutine];
    if (change->from == change->to) {
        return true; // a status at the start of a generation
    }
    if (goroutine->counted && !wait_ends(file, goroutine, change, now)) {
        return false;
    }
    if (change->to == GO_RUNNING) {
        goroutine->ran = true;
        goroutine->held = false;
    } else if (change->to == GO_GONE) {
        bool ok = !goroutine->held || count(file, goroutine->held_record, goroutine->held_ns);
        go_order_forget(&file->order, change->goroutine);
        return ok;
    } else {
        goroutine->since = now;
        goroutine->counted = find_record(file, change, &goroutine->record);
        return !file->generation.fault;
    }
    return true;
}

// False: a fault. *taken: the event was possible.
static bool try_event(struct file *file, size_t index, bool *taken) {
    struct go_cursor *cursor = file->heap[index];
    struct go_changes changes;
    uint32_t record;
    enum go_step step = go_order_advance(&file->order, cursor->thread, &cursor->event, &changes);
    *taken = step == GO_STEP_TAKEN;
    if (step == GO_STEP_NO_MEMORY) {
        return no_memory(file);
    }
    if (step == GO_STEP_BROKEN) {
        return go_generation_fail(&file->generation, cursor->event_at, "an event contradicts those before it");
    }
    for (size_t i = 0; i < changes.count; i++) {
        int64_t now = tick(file, cursor->event.time);
        if (changes.of[i].goroutine != GO_NOBODY && !apply(file, &changes.of[i], now)) {
            return false;
        }
    }
    file->passed_over += *taken && cursor->event.type >= GO_STW_BEGIN && cursor->event.type <= GO_LOG;
    return !changes.created || (record_at(file, KIND_CREATED, NO_REASON, changes.of[0].stack, &record) && count(file, record, 0));
}

// ---- Threads ----

static void swap(struct go_cursor **heap, size_t a, size_t b) {
    struct go_cursor *cursor = heap[a];
    heap[a] = heap[b];
    heap[b] = cursor;
}

static size_t sift_up(struct file *file, size_t at) {
    for (; at > 0 && file->heap[(at - 1) / 2]->event.time > file->heap[at]->event.time; at = (at - 1) / 2) {
        swap(file->heap, (at - 1) / 2, at);
    }
    return at;
}

static void sift_down(struct file *file, size_t at) {
    for (size_t least = at;; at = least) {
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < file->heap_count; child++) {
            least = file->heap[child]->event.time < file->heap[least]->event.time ? child : least;
        }
        if (least == at) {
            return;
        }
        swap(file->heap, at, least);
    }
}

// After its event was taken.
static bool move_on(struct file *file, size_t index) {
    if (go_generation_next(&file->generation, file->heap[index])) {
        if (sift_up(file, index) == index) {
            sift_down(file, index);
        }
        return true;
    }
    for (; index > 0; index = (index - 1) / 2) {
        swap(file->heap, (index - 1) / 2, index);
    }
    swap(file->heap, 0, --file->heap_count);
    sift_down(file, 0);
    return !file->generation.fault;
}

// Tries and swaps: real traces, with 1,500 threads, take 0.2 for each byte; 4 for each take 0.15 s of CPU time for a MB.
static bool impatient(struct file *file) {
    return file->patience-- == 0 && !go_generation_fail(&file->generation, file->generation.at, "its events are too far out of order");
}

// A heap that is sorted is one still. Mostly it is nearly sorted.
static bool sort(struct file *file) {
    for (size_t i = 1; i < file->heap_count; i++) {
        for (size_t at = i; at > 0 && file->heap[at - 1]->event.time > file->heap[at]->event.time; at--) {
            swap(file->heap, at - 1, at);
            if (impatient(file)) {
                return false;
            }
        }
    }
    return true;
}

// The earliest event that is possible.
static bool take_event(struct file *file) {
    bool taken;
    if (!try_event(file, 0, &taken)) {
        return false;
    }
    if (taken) {
        return move_on(file, 0);
    }
    if (!sort(file)) {
        return false;
    }
    for (size_t i = 1; i < file->heap_count; i++) {
        if (impatient(file) || !try_event(file, i, &taken)) {
            return false;
        }
        if (taken) {
            return move_on(file, i);
        }
    }
    return go_generation_fail(&file->generation, file->heap[0]->event_at, "no event is possible: some are lost");
}

static bool fill_heap(struct file *file) {
    struct go_generation *generation = &file->generation;
    if (!READING_RESERVE(file->heap, file->heap_capacity, generation->cursor_count)) {
        return no_memory(file);
    }
    file->heap_count = 0;
    for (size_t i = 0; i < generation->cursor_count; i++) {
        if (go_generation_next(generation, &generation->cursors[i])) {
            file->heap[file->heap_count] = &generation->cursors[i];
            sift_up(file, file->heap_count++);
        }
    }
    return !generation->fault;
}

static bool read_generation(struct file *file) {
    struct go_generation *generation = &file->generation;
    uint32_t record;
    file->order.generation = generation->number;
    file->order.first_generation = file->order.first_generation ? file->order.first_generation : generation->number;
    file->wall_ns = file->wall_ns ? file->wall_ns : generation->wall_ns;
    if (!fill_heap(file)) {
        return false;
    }
    tick(file, go_generation_ns(generation, generation->least_time)); // Go's reader has an event between two generations
    for (size_t sample = 0; file->heap_count > 0 || sample < generation->sample_count;) {
        if (merge_budget_stopped()) {
            return no_memory(file);
        }
        if (sample < generation->sample_count && (file->heap_count == 0 || generation->samples[sample].time < file->heap[0]->event.time)) {
            tick(file, generation->samples[sample].time);
            if (!record_at(file, KIND_CPU, NO_REASON, generation->samples[sample].stack, &record) || !count(file, record, 0)) {
                return false;
            }
            sample++;
        } else if (!take_event(file)) {
            return false;
        }
    }
    return true;
}

// ---- The profile ----

static int64_t capped(uint64_t value) {
    return value < INT64_MAX ? (int64_t)value : INT64_MAX;
}

static bool emit_record(struct file *file, const struct record *record) {
    struct reading *reading = file->reading;
    int64_t values[2 * KINDS] = {0};
    size_t value = 0;
    for (size_t kind = 0; kind < record->kind; kind++) {
        value += types[kind].time ? 2 : 1;
    }
    values[value] = capped(record->count);
    values[value + (types[record->kind].time ? 1 : 0)] = capped(types[record->kind].time ? record->ns : record->count);
    struct profile_label label = {.key = "reason"};
    if (record->reason != NO_REASON) {
        label.text = reading_text(reading, file->reasons[record->reason].text);
        if (!label.text) {
            return false;
        }
    }
    reading_begin_stack(reading);
    return reading_push_node(reading, record->node) && reading_sample(reading, values, &label, label.text ? 1 : 0);
}

static bool emit(struct file *file) {
    struct reading *reading = file->reading;
    uint64_t unfinished = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        profile_add_sample_type(reading->profile, types[kind].count, "count");
        if (types[kind].time) {
            profile_add_sample_type(reading->profile, types[kind].time, "nanoseconds");
        }
    }
    for (size_t i = 0; i < file->record_count; i++) {
        if (file->records[i].count > 0 && !emit_record(file, &file->records[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < file->order.goroutine_count; i++) {
        const struct go_goroutine *goroutine = &file->order.goroutines[i];
        bool runnable = goroutine->status == GO_RUNNABLE && goroutine->ran; // its first wait in the scheduler would not count
        unfinished += goroutine->status == GO_WAITING || goroutine->status == GO_IN_SYSCALL || runnable;
        file->unseen += file->generation.fault && goroutine->status != GO_GONE && goroutine->held; // count_held is not called
    }
    reading_left_out(reading, unfinished, "waits that had not ended when the trace did");
    reading_left_out(reading, file->unseen, "waits that ended before the goroutine ran for the first time in the trace");
    reading_left_out(reading, file->passed_over, "events of the heap's size, garbage collection, tasks, regions and logs");
    profile_set_time(reading->profile, file->wall_ns, file->last - file->first);
    return true;
}

// Goroutines that were not seen running, in a system call from the start.
static bool count_held(struct file *file) {
    for (size_t i = 0; i < file->order.goroutine_count; i++) {
        const struct go_goroutine *goroutine = &file->order.goroutines[i];
        if (goroutine->status != GO_GONE && goroutine->held && !count(file, goroutine->held_record, goroutine->held_ns)) {
            return false;
        }
    }
    end_generation(file, true);
    return true;
}

static bool read_file(struct file *file) {
    struct go_generation *generation = &file->generation;
    struct reading *reading = file->reading;
    const uint8_t *good = NULL; // the end of what counts
    bool ok = go_generation_begin(generation, reading->bytes, reading->size);
    while (ok && go_generation_read(generation)) {
        ok = read_generation(file);
        end_generation(file, ok);
        good = ok ? generation->at : good;
    }
    if (generation->no_memory || reading->error != MERGE_OK || merge_budget_stopped()) {
        return reading_no_memory(reading);
    }
    if (generation->fault && !good) {
        return reading_fail(reading, MERGE_MALFORMED, (size_t)(generation->fault_at - (const uint8_t *)reading->bytes), "%s",
                            generation->fault);
    }
    if (generation->fault) {
        char text[120];
        snprintf(text, sizeof text, "bytes at the end: %s", generation->fault);
        reading_left_out(reading, (uint64_t)(generation->end - good), text);
    }
    return (good || reading_fail(reading, MERGE_MALFORMED, 0, "it has no events")) && (generation->fault || count_held(file)) && emit(file);
}

bool go_trace_read(struct reading *reading) {
    struct file file = {.reading = reading, .seed = intern_seed(), .patience = 4 * (uint64_t)reading->size + (1 << 24)};
    bool ok = read_file(&file);
    go_generation_free(&file.generation);
    go_order_free(&file.order);
    memory_free(file.heap);
    memory_free(file.reasons);
    memory_free(file.records);
    memory_free(file.touched);
    intern_free(&file.reason_ids);
    intern_free(&file.record_ids);
    return ok;
}
