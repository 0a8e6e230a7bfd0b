// snapshot.c: what the tables hold at one moment, and the profile made of it.
//
// Taking one reads the lock-free tables while the program runs on. Naming and encoding go one at a time under a lock that nothing under
// malloc ever takes; the thread counts as the profiler's own meanwhile, so that what elfutils allocates is not sampled.

#include "snapshot.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../merge/merge.h"
#include "cmemprof.h"
#include "modules.h"
#include "profiler.h"
#include "symbols.h"

struct record {
    const struct stack *stack;
    double alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
};

struct cmemprof_snapshot {
    struct record *records; // by stack address
    size_t record_count, record_room;
    uintptr_t *go_pcs; // ascending, each once
    size_t go_pc_count;
    uint64_t interval_bytes;
    int64_t time_ns;
    bool failed; // no memory
};

static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

// Held while the loader is asked for its objects, a moment within naming. fork waits for it: the loader's own lock for that question
// (dl_load_write_lock) is not reset in a child (glibc 2.36), so a fork in the midst of it would leave the child waiting for ever.
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static __thread bool fork_holds_listing __attribute__((tls_model("initial-exec")));
static struct modules modules;  // guarded by naming
static struct symbols *symbols; // guarded by naming; made at the first encoding

// ---- Take ----

static struct record *add_record(struct cmemprof_snapshot *snapshot, const struct stack *stack) {
    if (snapshot->record_count == snapshot->record_room) {
        size_t room = snapshot->record_room == 0 ? 256 : snapshot->record_room * 2;
        struct record *records = realloc(snapshot->records, room * sizeof *records);
        if (records == NULL) {
            snapshot->failed = true;
            return NULL;
        }
        snapshot->records = records;
        snapshot->record_room = room;
    }
    struct record *record = &snapshot->records[snapshot->record_count++];
    *record = (struct record){.stack = stack};
    return record;
}

static void visit_live(const struct live_sample *sample, void *context) {
    struct record *record = add_record(context, sample->stack);
    if (record != NULL) {
        record->inuse_objects = sample->weight;
        record->inuse_bytes = sample->weight * (double)sample->size_bytes;
    }
}

static void visit_stack(struct stack *stack, void *context) {
    struct record *record = add_record(context, stack);
    if (record != NULL) {
        record->alloc_objects = stack_alloc_objects(stack);
        record->alloc_bytes = stack_alloc_bytes(stack);
    }
}

static int by_stack(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    return a->stack != b->stack ? (a->stack < b->stack ? -1 : 1) : 0;
}

static void add_up_by_stack(struct cmemprof_snapshot *snapshot) {
    if (snapshot->record_count == 0) {
        return;
    }
    qsort(snapshot->records, snapshot->record_count, sizeof *snapshot->records, by_stack);
    size_t last = 0;
    for (size_t i = 1; i < snapshot->record_count; i++) {
        const struct record *next = &snapshot->records[i];
        struct record *sum = &snapshot->records[last];
        if (next->stack != sum->stack) {
            snapshot->records[++last] = *next;
            continue;
        }
        sum->alloc_objects += next->alloc_objects;
        sum->alloc_bytes += next->alloc_bytes;
        sum->inuse_objects += next->inuse_objects;
        sum->inuse_bytes += next->inuse_bytes;
    }
    snapshot->record_count = last + 1;
}

static int by_value(const void *left, const void *right) {
    uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;
    return a != b ? (a < b ? -1 : 1) : 0;
}

static size_t sort_unique(uintptr_t *values, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof *values, by_value);
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[last]) {
            values[++last] = values[i];
        }
    }
    return last + 1;
}

static bool is_go(uintptr_t pc) {
    return pc >= atomic_load(&profiler.unwinder.go_text_start) && pc < atomic_load(&profiler.unwinder.go_text_end);
}

// Every address of the snapshot once, of Go only or of all code. NULL: no memory.
static uintptr_t *collect_pcs(const struct cmemprof_snapshot *snapshot, bool go_only, size_t *count) {
    size_t total = 0, used = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        total += snapshot->records[i].stack->depth_frames;
    }
    uintptr_t *pcs = malloc((total + 1) * sizeof *pcs);
    for (size_t i = 0; pcs != NULL && i < snapshot->record_count; i++) {
        const struct stack *stack = snapshot->records[i].stack;
        for (uint32_t frame = 0; frame < stack->depth_frames; frame++) {
            if (!go_only || is_go(stack->pcs[frame])) {
                pcs[used++] = stack->pcs[frame];
            }
        }
    }
    *count = pcs != NULL ? sort_unique(pcs, used) : 0;
    return pcs;
}

static void fill(struct cmemprof_snapshot *snapshot) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snapshot->time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    snapshot->interval_bytes = atomic_load(&profiler.interval_bytes);
    if (atomic_load(&profiler.open)) {
        // What is alive first: every block seen here was counted as allocated before, so in-use never exceeds alloc.
        live_table_each(&profiler.live, visit_live, snapshot);
        stack_table_each(&profiler.stacks, visit_stack, snapshot);
    }
    add_up_by_stack(snapshot);
    snapshot->go_pcs = collect_pcs(snapshot, true, &snapshot->go_pc_count);
    snapshot->failed |= snapshot->go_pcs == NULL;
}

struct cmemprof_snapshot *cmemprof_snapshot_take(void) {
    profiler_enter(&thread_state);
    struct cmemprof_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot != NULL) {
        fill(snapshot);
        if (snapshot->failed) {
            cmemprof_snapshot_free(snapshot);
            snapshot = NULL;
        }
    }
    profiler_leave(&thread_state);
    return snapshot;
}

void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot) {
    if (snapshot != NULL) {
        free(snapshot->records);
        free(snapshot->go_pcs);
        free(snapshot);
    }
}

size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs) {
    *pcs = snapshot->go_pcs;
    return snapshot->go_pc_count;
}

// ---- Encode ----

struct encoder {
    struct profile *profile;
    const struct cmemprof_snapshot *snapshot;
    const struct cmemprof_go_names *names;
    const uint32_t *first_name; // for each Go address, the index of its first frame in names
    uintptr_t *pcs;             // every address once, ascending
    uint32_t *locations;        // its location in the profile
    size_t pc_count;
    bool nameless[MODULES_MAX]; // by module: some of its addresses have no name, so a viewer may look for them elsewhere
};

static size_t index_of(const uintptr_t *values, size_t count, uintptr_t wanted) {
    const uintptr_t *found = bsearch(&wanted, values, count, sizeof wanted, by_value);
    return found != NULL ? (size_t)(found - values) : count;
}

static uint32_t mapping_of(const struct encoder *encoder, const struct module *module) {
    if (module == NULL) {
        return 0;
    }
    return profile_add_mapping(encoder->profile, &(struct profile_mapping){
                                                     .memory_start = module->start,
                                                     .memory_limit = module->limit,
                                                     .file_offset = module->file_offset,
                                                     .file = module->file,
                                                     .build_id = module->build_id,
                                                     .has_functions = !encoder->nameless[module - modules.items],
                                                 });
}

// Names come as pieces of one text; the profile wants strings. Bad offsets give "".
static char *piece(const struct cmemprof_go_names *names, uint32_t offset, uint32_t length) {
    return offset <= names->text_size && length <= names->text_size - offset ? strndup(names->text + offset, length) : strdup("");
}

static uint32_t go_function(const struct encoder *encoder, const struct cmemprof_go_frame *frame) {
    char *function = piece(encoder->names, frame->function_offset, frame->function_length);
    char *file = piece(encoder->names, frame->file_offset, frame->file_length);
    uint32_t id = 0;
    if (function != NULL && file != NULL) {
        id = profile_add_function(encoder->profile, &(struct profile_function){function, function, file, frame->start_line});
    }
    free(function);
    free(file);
    return id;
}

static size_t go_lines(const struct encoder *encoder, uintptr_t pc, struct profile_line *lines) {
    size_t at = index_of(encoder->snapshot->go_pcs, encoder->snapshot->go_pc_count, pc);
    if (encoder->names == NULL || at >= encoder->names->address_count) {
        return 0;
    }
    size_t count = encoder->names->frame_counts[at];
    count = count < SYMBOL_MAX_INLINED ? count : SYMBOL_MAX_INLINED;
    for (size_t i = 0; i < count; i++) {
        const struct cmemprof_go_frame *frame = &encoder->names->frames[encoder->first_name[at] + i];
        lines[i] = (struct profile_line){go_function(encoder, frame), frame->line, 0};
    }
    return count;
}

static size_t c_lines(const struct encoder *encoder, const struct module *module, uintptr_t pc, struct profile_line *lines) {
    if (module == NULL) {
        return 0;
    }
    struct symbol symbol = symbols_find(symbols, module, pc - 1);
    for (size_t i = 0; i < symbol.frame_count; i++) {
        const struct symbol_frame *frame = &symbol.frames[i];
        uint32_t function = profile_add_function(
            encoder->profile, &(struct profile_function){frame->function, frame->system_name, frame->file, frame->start_line});
        lines[i] = (struct profile_line){function, frame->line, 0};
    }
    return symbol.frame_count;
}

// Before the mappings are written, since they say so.
static void find_nameless(struct encoder *encoder) {
    for (size_t i = 0; i < encoder->pc_count; i++) {
        uintptr_t pc = encoder->pcs[i];
        const struct module *module = modules_find(&modules, pc - 1);
        if (module != NULL && !is_go(pc) && symbols_find(symbols, module, pc - 1).frame_count == 0) {
            encoder->nameless[module - modules.items] = true;
        }
    }
}

// pcs are return addresses; a location has the address of the call, as in Go's profiles.
static void add_locations(struct encoder *encoder) {
    for (size_t i = 0; i < encoder->pc_count; i++) {
        uintptr_t pc = encoder->pcs[i];
        const struct module *module = modules_find(&modules, pc - 1);
        struct profile_line lines[SYMBOL_MAX_INLINED];
        size_t count = is_go(pc) ? go_lines(encoder, pc, lines) : c_lines(encoder, module, pc, lines);
        if (count == 0 && is_go(pc) && encoder->names != NULL) {
            continue; // stays 0
        }
        encoder->locations[i] = profile_add_location(encoder->profile, mapping_of(encoder, module), pc - 1, lines, count);
    }
}

static void add_samples(struct encoder *encoder) {
    static const struct profile_label label = {.key = "memory", .text = "C", .unit = ""};
    uint32_t locations[UNWIND_MAX_FRAMES];
    for (size_t i = 0; i < encoder->snapshot->record_count; i++) {
        const struct record *record = &encoder->snapshot->records[i];
        size_t depth = 0;
        for (uint32_t frame = 0; frame < record->stack->depth_frames; frame++) {
            uint32_t location = encoder->locations[index_of(encoder->pcs, encoder->pc_count, record->stack->pcs[frame])];
            if (location != 0) {
                locations[depth++] = location;
            }
        }
        const int64_t values[] = {llround(record->alloc_objects), llround(record->alloc_bytes), llround(record->inuse_objects),
                                  llround(record->inuse_bytes)};
        profile_add_sample(encoder->profile, locations, depth, values, &label, 1);
    }
}

static void add_head(struct encoder *encoder) {
    profile_add_sample_type(encoder->profile, "alloc_objects", "count");
    profile_add_sample_type(encoder->profile, "alloc_space", "bytes");
    profile_add_sample_type(encoder->profile, "inuse_objects", "count");
    profile_add_sample_type(encoder->profile, "inuse_space", "bytes");
    profile_set_period(encoder->profile, "space", "bytes", (int64_t)encoder->snapshot->interval_bytes);
    profile_set_time(encoder->profile, encoder->snapshot->time_ns, 0);
    // The program's mapping comes first, as pprof expects.
    for (size_t i = 0; i < modules.count; i++) {
        if (modules.items[i].is_program) {
            mapping_of(encoder, &modules.items[i]);
        }
    }
}

static bool names_add_up(const struct cmemprof_go_names *names) {
    uint64_t total = 0;
    for (size_t i = 0; i < names->address_count; i++) {
        total += names->frame_counts[i];
    }
    return total <= names->frame_count;
}

// The index of every address's first frame. NULL: no memory.
static uint32_t *first_names(const struct cmemprof_go_names *names) {
    uint32_t *first = malloc((names->address_count + 1) * sizeof *first);
    uint32_t at = 0;
    for (size_t i = 0; first != NULL && i < names->address_count; i++) {
        first[i] = at;
        at += names->frame_counts[i];
    }
    return first;
}

static bool refresh_modules(void) {
    pthread_mutex_lock(&listing);
    bool refreshed = modules_refresh(&modules);
    pthread_mutex_unlock(&listing);
    return refreshed;
}

static enum cmemprof_error encode_named(struct encoder *encoder, uint8_t **bytes, size_t *size) {
    if (!refresh_modules() || (symbols == NULL && (symbols = symbols_new()) == NULL)) {
        return CMEMPROF_NO_MEMORY;
    }
    if (modules.unloaded_some) {
        symbols_forget(symbols);
        modules.unloaded_some = false;
    }
    find_nameless(encoder);
    add_head(encoder);
    add_locations(encoder);
    symbols_close_files(symbols);
    add_samples(encoder);
    enum merge_error error = profile_encode(encoder->profile, MERGE_RAW, bytes, size);
    return error == MERGE_OK ? CMEMPROF_OK : error == MERGE_NO_MEMORY ? CMEMPROF_NO_MEMORY : CMEMPROF_ENCODING;
}

static enum cmemprof_error encode(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, uint8_t **bytes,
                                  size_t *size) {
    struct encoder encoder = {.snapshot = snapshot, .names = names, .profile = profile_new()};
    uint32_t *first = names != NULL ? first_names(names) : NULL;
    encoder.first_name = first;
    encoder.pcs = collect_pcs(snapshot, false, &encoder.pc_count);
    encoder.locations = calloc(encoder.pc_count + 1, sizeof *encoder.locations);
    enum cmemprof_error error = CMEMPROF_NO_MEMORY;
    if (encoder.profile != NULL && (names == NULL || first != NULL) && encoder.pcs != NULL && encoder.locations != NULL) {
        pthread_mutex_lock(&naming);
        error = encode_named(&encoder, bytes, size);
        pthread_mutex_unlock(&naming);
    }
    free(first);
    free(encoder.pcs);
    free(encoder.locations);
    profile_free(encoder.profile);
    return error;
}

enum cmemprof_error cmemprof_snapshot_encode(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, uint8_t **bytes,
                                             size_t *size) {
    if (names != NULL && !names_add_up(names)) {
        return CMEMPROF_BAD_NAMES;
    }
    profiler_enter(&thread_state);
    enum cmemprof_error error = encode(snapshot, names, bytes, size);
    profiler_leave(&thread_state);
    return error;
}

void snapshot_before_unload(void) {
    // If somebody is naming right now the modules are being noted anyway, and nobody waits here.
    if (!atomic_load(&profiler.open) || pthread_mutex_trylock(&naming) != 0) {
        return;
    }
    profiler_enter(&thread_state);
    refresh_modules();
    profiler_leave(&thread_state);
    pthread_mutex_unlock(&naming);
}

void snapshot_before_fork(void) {
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1; // should the loader itself hang, fork goes on without
    fork_holds_listing = pthread_mutex_timedlock(&listing, &limit) == 0;
}

void snapshot_after_fork_in_parent(void) {
    if (fork_holds_listing) {
        pthread_mutex_unlock(&listing);
    }
}

// What naming guards may be half changed, so it is left as it is and begun anew.
void snapshot_after_fork_in_child(void) {
    pthread_mutex_init(&naming, NULL);
    pthread_mutex_init(&listing, NULL);
    modules = (struct modules){0};
    symbols = NULL;
}
