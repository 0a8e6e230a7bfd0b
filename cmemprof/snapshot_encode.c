// snapshot_encode.c (naming): encodes a snapshot as a symbolized profile, or adds it to one.
//
// One at a time, under a lock never taken inside malloc. The thread is marked busy, so that its own allocations are not sampled.

#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/natural.h"
#include "../merge/memory.h"
#include "../merge/merge.h"
#include "allocator_stats.h"
#include "code_locations.h"
#include "code_names.h"
#include "go_names.h"
#include "loaded_code.h"
#include "location_kind.h"
#include "lock_order.h"
#include "snapshot_join.h"
#include "symbols.h"

enum { WARNING_PERCENT = 5 };
_Static_assert((int)GO_NAMES_MAX_LINES <= (int)SYMBOL_MAX_INLINED, "an address of Go's fits");

struct snapshot_encoder {
    struct profiler *of;
    struct symbols *symbols;
    struct profile *profile;
    const struct cmemprof_snapshot *snapshot;
    struct go_names names;
    uint32_t *locations;       // per address: its location in the profile; 0: omitted
    enum location_kind *kinds; // per address
    uint32_t evicted;          // the location of MERGE_EVICTED
    size_t next_record;        // for next_sample, as the following
    uint32_t sample_locations[STACK_TABLE_MAX_FRAMES];
    enum location_kind sample_kinds[STACK_TABLE_MAX_FRAMES];
    int64_t values[CMEMPROF_HEAP_TYPES];
    struct snapshot_labels labels;
    struct mapped_buffer *bytes;
    const struct snapshot_form *form;
    size_t nameless_addresses;  // C addresses without a name
    bool has_python;            // a stack leads through libpython
    bool names_ran_short;       // memory ran out, or was not to be used
    bool nameless[MODULES_MAX]; // by module: some addresses lack names, so a viewer may look for them elsewhere
};

static uint32_t mapping_of(const struct snapshot_encoder *encoder, const struct module *module, uintptr_t address) {
    if (!module) {
        return 0;
    }
    const struct profile_mapping mapping =
        code_names_mapping(module, atomic_load(&encoder->of->unwinder.go_text_start), snapshot_is_go(encoder->snapshot, address),
                           !encoder->nameless[module->index]);
    return profile_add_mapping(encoder->profile, &mapping);
}

static struct symbol symbol_at(const struct snapshot_encoder *encoder, const struct module *module, uintptr_t address) {
    if (!encoder->symbols) {
        return (struct symbol){0};
    }
    return (encoder->form->contents & CMEMPROF_KNOWN_NAMES) != 0 ? symbols_known(encoder->symbols, module, address)
                                                                 : symbols_find(encoder->symbols, module, address);
}

static size_t c_lines(const struct snapshot_encoder *encoder, const struct module *module, uintptr_t pc, struct profile_line *lines,
                      enum location_kind *kind) {
    struct symbol symbol = symbol_at(encoder, module, pc - 1);
    for (size_t i = 0; i < symbol.frame_count; i++) { // the last frame's decides
        const struct symbol_frame *frame = &symbol.frames[i];
        *kind = location_kind_of_c(*frame->system_name != '\0' ? frame->system_name : frame->function);
    }
    return code_names_lines(encoder->profile, &symbol, module, pc - 1, lines);
}

static bool is_python(const struct module *module) {
    static const char library[] = "libpython";
    const char *slash = module ? strrchr(module->file, '/') : NULL;
    return slash && strncmp(slash + 1, library, strlen(library)) == 0;
}

// Before the mappings are written, which record it.
static void find_nameless(struct snapshot_encoder *encoder) {
    for (size_t i = 0; i < encoder->snapshot->address_count; i++) {
        uintptr_t pc = encoder->snapshot->addresses[i].pc;
        const struct module *module = modules_find(&encoder->of->code.modules, pc - 1, encoder->snapshot->addresses[i].generation);
        encoder->has_python = encoder->has_python || is_python(module);
        if (snapshot_is_go(encoder->snapshot, pc) || python_names_is(pc) || symbol_at(encoder, module, pc - 1).frame_count != 0) {
            continue;
        }
        encoder->nameless_addresses++;
        if (module) {
            encoder->nameless[module->index] = true;
        }
    }
}

// pcs are return addresses; a location has the call's address, as in Go's profiles.
static void add_locations(struct snapshot_encoder *encoder) {
    for (size_t i = 0; i < encoder->snapshot->address_count; i++) {
        uintptr_t pc = encoder->snapshot->addresses[i].pc;
        if (python_names_is(pc)) {
            encoder->locations[i] = code_locations_of_python(&encoder->of->python.names, encoder->profile, pc);
            continue;
        }
        const struct module *module = modules_find(&encoder->of->code.modules, pc - 1, encoder->snapshot->addresses[i].generation);
        struct profile_line lines[SYMBOL_MAX_INLINED];
        size_t count =
            snapshot_is_go(encoder->snapshot, pc)
                ? go_names_lines(&encoder->names, encoder->profile, encoder->snapshot->addresses[i].go_index, lines, &encoder->kinds[i])
                : c_lines(encoder, module, pc, lines, &encoder->kinds[i]);
        if (pc == atomic_load_explicit(&encoder->of->mappings.go_maps_at, memory_order_relaxed)) {
            encoder->kinds[i] = LOCATION_GO_MAPS;
        }
        if (count == 0 && snapshot_is_go(encoder->snapshot, pc) && encoder->names.given) {
            continue; // location stays 0
        }
        encoder->locations[i] = profile_add_location(encoder->profile, mapping_of(encoder, module, pc - 1), pc - 1, lines, count);
    }
}

// Fills sample_locations and sample_kinds.
static size_t find_locations(struct snapshot_encoder *encoder, const struct stack *stack) {
    size_t depth = 0;
    for (uint32_t frame = 0; frame < stack->depth_frames; frame++) {
        uint32_t index = snapshot_address_index(encoder->snapshot, stack, frame);
        uint32_t location = index != SNAPSHOT_NO_ADDRESS ? encoder->locations[index] : 0;
        if (location != 0) {
            encoder->sample_kinds[depth] = encoder->kinds[index];
            encoder->sample_locations[depth++] = location;
        }
    }
    return depth;
}

size_t snapshot_locations(struct snapshot_encoder *encoder, const struct stack *stack, const uint32_t **locations, bool *is_own) {
    size_t depth = find_locations(encoder, stack), skipped = location_kind_skipped(encoder->sample_kinds, depth);
    *is_own = location_kind_is_own(encoder->sample_kinds, depth);
    *locations = encoder->sample_locations + skipped;
    return depth - skipped;
}

bool snapshot_is_thread_of_go(const struct snapshot_encoder *encoder) {
    return encoder->sample_kinds[0] == LOCATION_GO_THREADS;
}

void *snapshot_context(const struct snapshot_encoder *encoder) {
    return encoder->form->context;
}

// A sample's labels: one from here, or two, if the memory is the profiler's own; then those of its goroutine.
enum { LABELS_OF_BLOCKS, LABELS_OF_MAPPINGS = 2 };

// Callback of profile_encode_source.
static bool next_sample(void *context, struct profile_source_sample *sample) {
    struct snapshot_encoder *encoder = context;
    bool live_only = (encoder->form->contents & CMEMPROF_LIVE_ONLY) != 0;
    const struct record *record;
    do {
        if (encoder->next_record == encoder->snapshot->record_count) {
            return false;
        }
        record = &encoder->snapshot->records[encoder->next_record++];
    } while (live_only && record->inuse_objects == 0);
    const uint32_t *locations = &encoder->evicted;
    size_t depth = 1, first_label = record->source == STACK_OF_MAPPINGS ? LABELS_OF_MAPPINGS : LABELS_OF_BLOCKS;
    bool is_own = false;
    if (record->stack) {
        depth = snapshot_locations(encoder, record->stack, &locations, &is_own);
        if (depth != 0 && encoder->sample_kinds[0] == LOCATION_GO_MAPS) { // mapped before that was known
            return next_sample(context, sample);
        }
    }
    encoder->values[0] = live_only ? 0 : natural_round(record->alloc_objects);
    encoder->values[1] = live_only ? 0 : natural_round(record->alloc_bytes);
    encoder->values[2] = natural_round(record->inuse_objects);
    encoder->values[3] = natural_round(record->inuse_bytes);
    *sample = (struct profile_source_sample){.locations = locations,
                                             .location_count = depth,
                                             .values = encoder->values,
                                             .first_label = first_label,
                                             .label_count = is_own ? 2 : 1};
    sample->more_count = snapshot_labels_of(&encoder->labels, record->stack, &sample->first_more);
    return true;
}

static uint8_t *resize_bytes(void *context, size_t capacity) {
    struct snapshot_encoder *encoder = context;
    return mapped_buffer_reserve(encoder->bytes, capacity) ? encoder->bytes->base : NULL;
}

enum cmemprof_error snapshot_encode_own(struct snapshot_encoder *encoder, struct profile *profile, size_t *size) {
    return go_names_error(profile_encode_into(profile, resize_bytes, encoder, size));
}

static void add_evicted(struct snapshot_encoder *encoder) {
    if (encoder->snapshot->record_count != 0 && !encoder->snapshot->records[0].stack) {
        const char *name = encoder->snapshot->is_of_peaks ? "[other stacks]" : MERGE_EVICTED;
        uint32_t function = profile_add_function(encoder->profile, &(struct profile_function){name, name, "", 0});
        encoder->evicted = profile_add_location(encoder->profile, 0, 0, &(struct profile_line){function, 0, 0}, 1);
    }
}

// The program's mapping comes first, as pprof expects: of two, the one that lacks names, which `pprof PROGRAM PROFILE` takes from PROGRAM.
static void add_program(struct snapshot_encoder *encoder) {
    const struct modules *modules = &encoder->of->code.modules;
    for (size_t i = 0; i < atomic_load(&modules->count); i++) {
        if (modules->items[i]->is_program) {
            mapping_of(encoder, modules->items[i], modules->items[i]->limit - 1);
        }
    }
}

static const char *const type_names[2][CMEMPROF_HEAP_TYPES] = {{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"},
                                                               {"peak_rss_objects", "peak_rss_space", "peak_objects", "peak_space"}};

static void begin_heap(struct profile *profile, const struct cmemprof_snapshot *snapshot) {
    for (int i = 0; i < CMEMPROF_HEAP_TYPES && profile_sample_type_count(profile) < CMEMPROF_HEAP_TYPES; i++) {
        profile_add_sample_type(profile, type_names[snapshot->is_of_peaks][i], i % 2 == 0 ? "count" : "bytes");
    }
    profile_set_period(profile, "space", "bytes", (int64_t)snapshot->interval_bytes);
}

// Python's own blocks are not seen, or stacks lead through an interpreter of which nothing is known, and which was not told to use malloc.
static bool lacks_python_objects(const struct snapshot_encoder *encoder) {
    static const char by_malloc[] = "malloc";
    int objects = atomic_load(&encoder->of->python.objects);
    const char *wanted = getenv("PYTHONMALLOC");
    bool has_malloc = wanted && strncmp(wanted, by_malloc, strlen(by_malloc)) == 0;
    return objects == PYTHON_OBJECTS_MISSING || (objects == PYTHON_OBJECTS_UNKNOWN && encoder->has_python && !has_malloc);
}

// What a reader must know to trust the profile.
static void add_warnings(const struct snapshot_encoder *encoder) {
    char text[256];
    if (encoder->snapshot->unfollowed_percent >= WARNING_PERCENT) {
        snprintf(text, sizeof text,
                 "cmemprof: warning: %s are incomplete: %u %% of the samples could not be followed; raise the memory limit",
                 encoder->snapshot->is_of_peaks ? "peak_*" : "inuse_*", encoder->snapshot->unfollowed_percent);
        profile_add_comment(encoder->profile, text);
    }
    if (encoder->snapshot->dropped_percent >= WARNING_PERCENT) {
        snprintf(text, sizeof text, "cmemprof: warning: all figures are too low: %u %% of the samples were dropped; raise the memory limit",
                 encoder->snapshot->dropped_percent);
        profile_add_comment(encoder->profile, text);
    }
    if (encoder->snapshot->stats.lost_mappings + encoder->snapshot->stats.nameless_mappings != 0) {
        snprintf(text, sizeof text,
                 "cmemprof: warning: memory=mmap is incomplete: since the start %" PRIu64 " calls were not followed, and %" PRIu64
                 " mappings have no stack",
                 encoder->snapshot->stats.lost_mappings, encoder->snapshot->stats.nameless_mappings);
        profile_add_comment(encoder->profile, text);
    }
    if (atomic_load(&encoder->of->lacks_malloc)) {
        profile_add_comment(encoder->profile,
                            "cmemprof: warning: memory of C is not seen, only Python's own blocks: the profiler was started in the "
                            "running program; start the program with cmemprof-run to see it");
    }
    if (lacks_python_objects(encoder)) {
        profile_add_comment(encoder->profile,
                            "cmemprof: warning: objects of Python are not told apart: their arenas are mappings like others "
                            "(PYTHONMALLOC or -X dev, an interpreter that was loaded or initialised later, without a GIL, or "
                            "before 3.7); PYTHONMALLOC=malloc shows them");
    }
    if (encoder->names_ran_short) {
        profile_add_comment(encoder->profile,
                            "cmemprof: warning: names or lines of C functions are missing: too little memory to read debug data; "
                            "cmemprof symbolize can add them");
    }
}

// Whose interpreter runs in the process: the tags of an upload say it (command/run/run_agent.c).
static void add_interpreter(const struct snapshot_encoder *encoder) {
    const struct python *python = &encoder->of->python;
    unsigned long version = atomic_load(&python->is_there) ? python->symbols.version : 0;
    if (version == 0 && atomic_load(&python->objects) == PYTHON_OBJECTS_UNKNOWN) {
        return;
    }
    char number[24] = "", text[64];
    if (version != 0) {
        snprintf(number, sizeof number, "%lu.%lu.%lu", version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
    }
    snprintf(text, sizeof text, "cmemprof: python=%s", number);
    profile_add_comment(encoder->profile, text);
}

// The profiler's own figures as a comment, "cmemprof: samples=12 emitted=12 ...", and the real allocator's.
static void add_metrics(const struct snapshot_encoder *encoder) {
    const struct cmemprof_stats *stats = &encoder->snapshot->stats;
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {
        {"samples", stats->samples},
        {"emitted", encoder->snapshot->emitted_samples},
        {"lost_stacks", stats->lost_stacks},
        {"lost_shards", stats->lost_shards},
        {"lost_live", stats->lost_live},
        {"reclaimed_stacks", stats->reclaimed_stacks},
        {"reclaimed_samples", stats->reclaimed_samples},
        {"unsampled_nested", stats->unsampled_nested},
        {"live", stats->live},
        {"stacks", stats->stacks},
        {"own_bytes", stats->own_bytes},
        {"limit_bytes", stats->limit_bytes},
        {"cut_no_rule", stats->cut_no_rule},
        {"cut_unsupported", stats->cut_unsupported},
        {"cut_unreadable", stats->cut_unreadable},
        {"cut_depth", stats->cut_depth},
        {"unwind_fallbacks", stats->unwind_fallbacks},
        {"sampling_ns", stats->sampling_ns},
        {"mappings", stats->mappings},
        {"mapped_bytes", stats->mapped_bytes},
        {"lost_mappings", stats->lost_mappings},
        {"nameless_mappings", stats->nameless_mappings},
        {"label_sets", stats->label_sets},
        {"labels_left_out", stats->labels_left_out},
        {"lost_labels", stats->lost_labels},
        {"nameless", encoder->nameless_addresses},
        {"python_torn", atomic_load(&encoder->of->python.torn)},
        {"python_nameless", atomic_load(&encoder->of->python.names.lost)},
        {"dropped_percent", encoder->snapshot->dropped_percent},
        {"unfollowed_percent", encoder->snapshot->unfollowed_percent},
    };
    char text[1400]; // 30 figures
    size_t length = (size_t)snprintf(text, sizeof text, "cmemprof:");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, " %s=%" PRIu64, figures[i].name, figures[i].value);
    }
    profile_add_comment(encoder->profile, text);
    add_interpreter(encoder);
    add_warnings(encoder);
    // glibc counts its free chunks one by one under its lock, 0.1 s per million: only on request.
    if (!allocator_stats_are_slow()) {
        allocator_stats_print(text, sizeof text);
        profile_add_comment(encoder->profile, text);
    }
}

static void add_peak(const struct snapshot_encoder *encoder, const char *of, const struct peak *peak) {
    char text[256], when[32];
    time_t second = (time_t)(peak->time_ns / 1000000000);
    struct tm utc;
    if (peak->time_ns == 0 || !gmtime_r(&second, &utc)) {
        return;
    }
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(text, sizeof text, "cmemprof: peak=%s bytes=%.0f rss_bytes=%" PRIu64 " time=%s after_s=%" PRIu32, of, peak->bytes,
             peak->rss_bytes, when, peak->at_s);
    profile_add_comment(encoder->profile, text);
}

static void add_peaks(const struct snapshot_encoder *encoder) {
    add_peak(encoder, "rss", &encoder->snapshot->rss_peak);
    add_peak(encoder, "live", &encoder->snapshot->live_peak);
    add_warnings(encoder);
}

// Collects the labels of samples, and adds what is not of one sample.
static bool add_rest(struct snapshot_encoder *encoder, struct profile *profile) {
    static const struct profile_label labels[] = {
        [LABELS_OF_BLOCKS] = {.key = "memory", .text = "C", .unit = ""},
        {.key = "owner", .text = "cmemprof", .unit = ""},
        [LABELS_OF_MAPPINGS] = {.key = "memory", .text = "mmap", .unit = ""},
        {.key = "owner", .text = "cmemprof", .unit = ""},
    };
    if (!snapshot_labels_collect(&encoder->labels, encoder->snapshot, labels, sizeof labels / sizeof *labels)) {
        return false;
    }
    add_evicted(encoder);
    if (encoder->snapshot->is_of_peaks) {
        add_peaks(encoder);
    } else {
        add_metrics(encoder);
    }
    snapshot_labels_comment(encoder->snapshot, profile);
    return true;
}

static enum cmemprof_error write_heap(struct snapshot_encoder *encoder, struct profile *profile, size_t *size) {
    if (!add_rest(encoder, profile)) {
        return CMEMPROF_NO_MEMORY;
    }
    const struct profile_sample_source source = {.next = next_sample,
                                                 .labels = encoder->labels.items,
                                                 .label_count = encoder->labels.count,
                                                 .resize = resize_bytes,
                                                 .context = encoder};
    enum cmemprof_error error = go_names_error(profile_encode_source(profile, &source, size));
    snapshot_labels_free(&encoder->labels);
    return error;
}

static void add_sample(struct snapshot_encoder *encoder, struct profile *profile, const struct profile_source_sample *sample,
                       const int *columns) {
    struct profile_label labels[2 + LABEL_SET_LABELS];
    int64_t values[CMEMPROF_HEAP_TYPES];
    memcpy(labels, encoder->labels.items + sample->first_label, sample->label_count * sizeof *labels);
    memcpy(labels + sample->label_count, encoder->labels.items + sample->first_more, sample->more_count * sizeof *labels);
    for (int i = 0; i < CMEMPROF_HEAP_TYPES; i++) {
        values[columns[i]] = sample->values[i];
    }
    profile_add_sample(profile, sample->locations, sample->location_count, values, labels, sample->label_count + sample->more_count);
}

// The form's context is the totals.
static enum cmemprof_error join_heap(struct snapshot_encoder *encoder, struct profile *profile, size_t *size) {
    int64_t *totals = encoder->form->context;
    struct profile_source_sample sample;
    int columns[CMEMPROF_HEAP_TYPES];
    for (int i = 0; i < CMEMPROF_HEAP_TYPES; i++) {
        columns[i] = profile_sample_type_index(profile, type_names[encoder->snapshot->is_of_peaks][i]);
        if (columns[i] < 0 || profile_sample_type_count(profile) != CMEMPROF_HEAP_TYPES) {
            return profile_status(profile) != MERGE_OK ? CMEMPROF_NO_MEMORY : CMEMPROF_ENCODING;
        }
    }
    if (!add_rest(encoder, profile)) {
        return CMEMPROF_NO_MEMORY;
    }
    while (profile_status(profile) == MERGE_OK && next_sample(encoder, &sample)) {
        add_sample(encoder, profile, &sample, columns);
        for (int i = 0; i < CMEMPROF_HEAP_TYPES && sample.first_label != LABELS_OF_MAPPINGS; i++) {
            totals[i] += sample.values[i];
        }
    }
    snapshot_labels_free(&encoder->labels);
    *size = 0;
    return go_names_error(profile_status(profile));
}

// has_names: the caller holds the lock of naming. Without, C's functions have none.
static enum cmemprof_error encode_named(struct snapshot_encoder *encoder, bool has_names, size_t *size) {
    struct naming *naming = &encoder->of->naming;
    if (!loaded_code_refresh(encoder->of) || (has_names && !naming->symbols && !(naming->symbols = symbols_new()))) {
        return CMEMPROF_NO_MEMORY;
    }
    encoder->symbols = has_names ? naming->symbols : NULL;
    find_nameless(encoder);
    encoder->form->begin(encoder->profile, encoder->snapshot);
    profile_set_time(encoder->profile, encoder->snapshot->time_ns, 0);
    add_program(encoder);
    add_locations(encoder);
    bool was_nameless = (encoder->form->contents & CMEMPROF_KNOWN_NAMES) != 0 && encoder->nameless_addresses != 0;
    encoder->names_ran_short = was_nameless || !has_names || symbols_ran_short(encoder->symbols);
    if (has_names) {
        symbols_close_files(encoder->symbols);
    }
    return encoder->form->write(encoder, encoder->profile, size);
}

// Another profile may be reading debug data, which takes seconds. Who wants known names only is in a hurry, and goes without. Returns false
// then.
static bool take_names(struct profiler *self, unsigned contents) {
    if ((contents & CMEMPROF_KNOWN_NAMES) != 0) {
        return lock_try(&self->naming.lock, LOCK_NAMING);
    }
    lock_take(&self->naming.lock, LOCK_NAMING);
    return true;
}

enum cmemprof_error snapshot_write(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names,
                                   const struct snapshot_form *form, size_t *size) {
    struct go_names go_names;
    enum cmemprof_error error = go_names_open(&go_names, names);
    if (error != CMEMPROF_OK) {
        return error;
    }
    struct snapshot_encoder *encoder = calloc(1, sizeof *encoder);
    uint32_t *locations = memory_take_zeroed(snapshot->address_count + 1, sizeof *locations);
    enum location_kind *kinds = memory_take_zeroed(snapshot->address_count + 1, sizeof *kinds);
    struct profile *profile = form->joins ? form->joins : profile_new();
    error = CMEMPROF_NO_MEMORY;
    if (encoder && profile && locations && kinds) {
        *encoder = (struct snapshot_encoder){.of = snapshot->of,
                                             .profile = profile,
                                             .snapshot = snapshot,
                                             .names = go_names,
                                             .locations = locations,
                                             .kinds = kinds,
                                             .bytes = &snapshot->profile,
                                             .form = form};
        bool has_names = take_names(snapshot->of, form->contents);
        error = encode_named(encoder, has_names, size);
        if (has_names) {
            lock_release(&snapshot->of->naming.lock, LOCK_NAMING);
        }
    }
    go_names_close(&go_names);
    memory_free(locations);
    memory_free(kinds);
    free(encoder);
    if (!form->joins) {
        profile_free(profile);
    }
    return error;
}

enum cmemprof_error cmemprof_snapshot_contents(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, unsigned what,
                                               const uint8_t **bytes, size_t *size) {
    const struct snapshot_form heap = {begin_heap, write_heap, NULL, NULL, what};
    profiler_enter(&thread_state);
    enum cmemprof_error error = snapshot_write(snapshot, names, &heap, size);
    profiler_leave(&thread_state);
    *bytes = snapshot->profile.base;
    return error;
}

enum cmemprof_error snapshot_join(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, struct profile *profile,
                                  int64_t totals[CMEMPROF_HEAP_TYPES]) {
    const struct snapshot_form heap = {begin_heap, join_heap, profile, totals, 0};
    size_t none;
    memset(totals, 0, CMEMPROF_HEAP_TYPES * sizeof *totals);
    profiler_enter(&thread_state);
    enum cmemprof_error error = snapshot_write(snapshot, names, &heap, &none);
    profiler_leave(&thread_state);
    return error;
}

enum cmemprof_error cmemprof_snapshot_profile(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names,
                                              const uint8_t **bytes, size_t *size) {
    return cmemprof_snapshot_contents(snapshot, names, 0, bytes, size);
}

enum cmemprof_error cmemprof_snapshot_encode(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, uint8_t **bytes,
                                             size_t *size) {
    const uint8_t *own;
    enum cmemprof_error error = cmemprof_snapshot_profile(snapshot, names, &own, size);
    if (error != CMEMPROF_OK) {
        return error;
    }
    profiler_enter(&thread_state);
    *bytes = malloc(*size);
    profiler_leave(&thread_state);
    if (!*bytes) {
        return CMEMPROF_NO_MEMORY;
    }
    memcpy(*bytes, own, *size);
    mapped_buffer_free(&snapshot->profile);
    return CMEMPROF_OK;
}

// What the naming lock guards may be half changed in the child, so it is abandoned and recreated.
void snapshot_after_fork_in_child(struct profiler *self) {
    lock_after_fork(&self->naming.lock, LOCK_NAMING);
    self->naming.symbols = NULL;
}
