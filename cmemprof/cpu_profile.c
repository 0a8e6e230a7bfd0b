// cpu_profile.c (cpu): see cpu_profile.h.

#include "cpu_profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../merge/merge.h"
#include "code_locations.h"
#include "cpu_unsampled.h"
#include "go_names.h"

enum { MAX_TYPES = 8 };

// Below, Go's samples keep their round values.
static const double least_weight = 1.005;

struct naming_pass {
    struct code_locations locations;
    struct go_names names;
    size_t go_index; // of the next Go address of the samples that Go has left out
};

static struct profiler *profiler_of(const struct naming_pass *pass) {
    return pass->locations.of;
}

static bool is_go(const struct naming_pass *pass, uint64_t address) {
    return unwind_is_go(&profiler_of(pass)->unwinder, address);
}

// First pass: only looks for names, since a module's mapping says whether all of its code has some.
static size_t look_up(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                      struct profile_line *lines) {
    struct naming_pass *pass = context;
    (void)profile, (void)mapping, (void)lines;
    code_locations_look_up(&pass->locations, address);
    return 0;
}

static uint32_t map(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address) {
    const struct naming_pass *pass = context;
    (void)mapping;
    return code_locations_mapping(&pass->locations, profile, address);
}

_Static_assert((int)PROFILE_NAMER_LINES >= (int)SYMBOL_MAX_INLINED, "a symbol's frames fit");

static size_t name(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                   struct profile_line *lines) {
    const struct naming_pass *pass = context;
    (void)mapping;
    return is_go(pass, address) ? 0 : code_locations_lines(&pass->locations, profile, address, lines);
}

// ---- Time ----

static int64_t sum_of(struct profile *profile, int type) {
    struct profile_sample_view view;
    int64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        if (profile_sample_at(profile, i, &view) == MERGE_OK && view.values[type] > 0 && sum < INT64_MAX - view.values[type]) {
            sum += view.values[type];
        }
    }
    return sum;
}

// Below, it is within what the kernel's ticks make of a sum.
uint64_t cpu_profile_unsampled_ns(uint64_t process_ns, uint64_t sampled_ns, uint64_t period_ns) {
    enum { SHOWN_PERCENT = 3, SHOWN_PERIODS = 5 };
    uint64_t ns = process_ns > sampled_ns ? process_ns - sampled_ns : 0;
    return ns / SHOWN_PERIODS >= period_ns && ns >= process_ns / 100 * SHOWN_PERCENT ? ns : 0;
}

// Of the samples that were taken in C code.
static int64_t sum_in_c(struct profile *profile, int type) {
    struct profile_sample_view view;
    int64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        if (profile_sample_at(profile, i, &view) == MERGE_OK && view.frame_count != 0 && !profile_frame_is_go(&view.frames[0]) &&
            view.values[type] > 0 && sum < INT64_MAX - view.values[type]) {
            sum += view.values[type];
        }
    }
    return sum;
}

static void add_unsampled(struct profile *profile, int count_type, int time_type, int64_t ns, int64_t period_ns) {
    int64_t values[MAX_TYPES] = {0};
    uint32_t function = profile_add_function(profile, &(struct profile_function){CPU_PROFILE_UNSAMPLED, CPU_PROFILE_UNSAMPLED, "", 0});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 0, 0}, 1);
    values[time_type] = ns;
    values[count_type] = count_type == time_type ? ns : ns / period_ns;
    profile_add_sample(profile, &location, 1, values, NULL, 0);
}

// ---- What Go has left out ----

static void look_up_added(struct naming_pass *pass) {
    const struct cpu_sample *sample;
    for (size_t slot = 0; (sample = cpu_unsampled_next(profiler_of(pass), &slot));) {
        const uintptr_t *pcs = cpu_unsampled_pcs(profiler_of(pass), sample);
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            look_up(pass, NULL, NULL, pcs[i] - 1, NULL);
        }
    }
}

// asmcgocall, between C and runtime.cgocall, is in no stack of Go's profile, unless it is what was interrupted.
static bool is_go_call(const struct naming_pass *pass, uintptr_t address) {
    const struct unwinder *unwinder = &profiler_of(pass)->unwinder;
    return address >= atomic_load(&unwinder->go_call_start) && address < atomic_load(&unwinder->go_call_end);
}

static uint32_t location_of(struct naming_pass *pass, struct profile *profile, uintptr_t pc, bool is_leaf) {
    struct profile_line lines[PROFILE_NAMER_LINES];
    enum location_kind kind;
    bool go = is_go(pass, pc - 1);
    if (!is_leaf && is_go_call(pass, pc - 1)) {
        pass->go_index++;
        return 0;
    }
    size_t count = go ? go_names_lines(&pass->names, profile, pass->go_index++, lines, &kind) : name(pass, profile, NULL, pc - 1, lines);
    return count != 0 ? profile_add_location(profile, map(pass, profile, NULL, pc - 1), pc - 1, lines, count) : 0;
}

static uint64_t add_left_out(struct naming_pass *pass, struct profile *profile, int count_type, int time_type) {
    const struct cpu_sample *sample;
    uint64_t added_ns = 0;
    for (size_t slot = 0; (sample = cpu_unsampled_next(profiler_of(pass), &slot));) {
        const uintptr_t *pcs = cpu_unsampled_pcs(profiler_of(pass), sample);
        uint32_t locations[CPU_SAMPLE_FRAMES];
        size_t depth = 0;
        int64_t values[MAX_TYPES] = {0};
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            uint32_t location = location_of(pass, profile, pcs[i], i == 0);
            locations[depth] = location;
            depth += location != 0;
        }
        if (depth == 0) {
            continue; // nobody knows where: its time is what no sample stands for
        }
        values[count_type] = (int64_t)sample->ticks;
        values[time_type] = (int64_t)sample->ns;
        added_ns += sample->ns;
        profile_add_sample(profile, locations, depth, values, NULL, 0);
    }
    return added_ns;
}

// ---- All ----

static void complete(struct naming_pass *pass, struct profile *profile, uint64_t process_ns, struct cmemprof_cpu *result) {
    int time_type = profile_sample_type_index(profile, "cpu"), count_type = profile_sample_type_index(profile, "samples");
    int64_t period_ns = profile_period(profile);
    if (time_type < 0 || count_type < 0 || period_ns <= 0 || profile_sample_type_count(profile) > MAX_TYPES) {
        return; // not Go's CPU profile
    }
    result->weight = pass->names.given ? cpu_unsampled_weight(profiler_of(pass)) : 1;
    if (result->weight >= least_weight) {
        profile_scale_sample_type(profile, "cpu", result->weight);
    }
    result->added_ns = pass->names.given ? add_left_out(pass, profile, count_type, time_type) : 0;
    result->sampled_ns = (uint64_t)sum_of(profile, time_type);
    result->c_ns = (uint64_t)sum_in_c(profile, time_type);
    result->process_ns = process_ns;
    result->unsampled_ns = process_ns < INT64_MAX ? cpu_profile_unsampled_ns(process_ns, result->sampled_ns, (uint64_t)period_ns) : 0;
    if (result->unsampled_ns != 0) {
        add_unsampled(profile, count_type, time_type, (int64_t)result->unsampled_ns, period_ns);
    }
}

static void add_comment(struct profile *profile, const struct naming_pass *pass, const struct cmemprof_cpu *result) {
    char text[512];
    struct cmemprof_cpu_stats stats;
    cmemprof_get_cpu_stats(&stats);
    snprintf(text, sizeof text,
             "cmemprof: cpu process_ns=%" PRIu64 " sampled_ns=%" PRIu64 " unsampled_ns=%" PRIu64 " added_ns=%" PRIu64 " weight=%.3f"
             " nameless=%" PRIu64 " c_stacks=%" PRIu64 " left_out=%" PRIu64 " busy=%" PRIu64 " cut_no_rule=%" PRIu64
             " cut_unsupported=%" PRIu64 " cut_unreadable=%" PRIu64 " cut_depth=%" PRIu64,
             result->process_ns, result->sampled_ns, result->unsampled_ns, result->added_ns, result->weight,
             pass->locations.nameless_addresses, stats.stacks, stats.left_out, stats.busy, stats.cut_no_rule, stats.cut_unsupported,
             stats.cut_unreadable, stats.cut_depth);
    profile_add_comment(profile, text);
}

static enum merge_error first_pass(struct naming_pass *pass, const void *bytes, size_t size) {
    struct profile *profile = profile_new();
    if (!profile) {
        return MERGE_NO_MEMORY;
    }
    profile_set_namer(profile, &(struct profile_namer){look_up, pass, true, NULL});
    enum merge_error error = profile_decode(profile, bytes, size, NULL, NULL, NULL);
    profile_free(profile);
    if (pass->names.given) {
        look_up_added(pass);
    }
    return error;
}

static enum merge_error second_pass(struct naming_pass *pass, const void *bytes, size_t size, uint64_t process_ns,
                                    struct cmemprof_cpu *result) {
    struct profile *profile = profile_new();
    if (!profile) {
        return MERGE_NO_MEMORY;
    }
    code_locations_add_mappings(&pass->locations, profile); // before Go's own, which would say that nothing has functions
    profile_set_namer(profile, &(struct profile_namer){name, pass, true, map});
    enum merge_error error = profile_decode(profile, bytes, size, NULL, NULL, NULL);
    if (error == MERGE_OK) {
        complete(pass, profile, process_ns, result);
        add_comment(profile, pass, result);
        error = profile_encode(profile, MERGE_RAW, &result->bytes, &result->size);
    }
    profile_free(profile);
    return error;
}

static enum merge_error name_all(struct naming_pass *pass, const void *bytes, size_t size, uint64_t process_ns,
                                 struct cmemprof_cpu *result) {
    enum merge_error error = first_pass(pass, bytes, size);
    return error == MERGE_OK ? second_pass(pass, bytes, size, process_ns, result) : error;
}

enum cmemprof_error cpu_profile_name(struct profiler *self, const void *bytes, size_t size, uint64_t process_ns,
                                     const struct cmemprof_go_names *names, struct cmemprof_cpu *result) {
    *result = (struct cmemprof_cpu){0};
    struct naming_pass *pass = calloc(1, sizeof *pass);
    if (!pass) {
        return CMEMPROF_NO_MEMORY;
    }
    enum cmemprof_error error = go_names_open(&pass->names, names);
    if (error == CMEMPROF_OK && !code_locations_open(&pass->locations, self)) {
        error = CMEMPROF_NO_MEMORY;
    } else if (error == CMEMPROF_OK) {
        error = go_names_error(name_all(pass, bytes, size, process_ns, result));
        code_locations_close(&pass->locations);
    }
    result->nameless = pass->locations.nameless_addresses;
    go_names_close(&pass->names);
    free(pass);
    return error;
}

uint64_t cmemprof_process_cpu_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

enum cmemprof_error cmemprof_cpu_profile(const void *bytes, size_t size, uint64_t process_ns, const struct cmemprof_go_names *names,
                                         struct cmemprof_cpu *result) {
    profiler_enter(&thread_state);
    enum cmemprof_error error = cpu_profile_name(&profiler, bytes, size, process_ns, names, result);
    profiler_leave(&thread_state);
    return error;
}

void cmemprof_cpu_profile_free(struct cmemprof_cpu *result) {
    profiler_enter(&thread_state);
    free(result->bytes);
    profiler_leave(&thread_state);
    result->bytes = NULL;
}

// ---- What Go leaves out ----

size_t cmemprof_cpu_go_pcs(const uintptr_t **pcs) {
    size_t count;
    *pcs = cpu_unsampled_go_pcs(&profiler, &count);
    return count;
}
