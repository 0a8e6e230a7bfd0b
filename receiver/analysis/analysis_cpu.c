// analysis_cpu.c: CPU time in C by library, and calls from Go into C that are so short that crossing counts (analysis_rules.h).
//
// A call from Go into C is, leaf first:
//
//     C functions                        work
//     _cgo_..._Cfunc_f                   crossing: C code that cgo generates
//     runtime.cgocall and what it calls  crossing: runtime.entersyscall, exitsyscall, asmcgocall
//     pkg._Cfunc_f                       crossing: the call's site
//
// Crossing takes 20 to 45 ns a call, whatever the call does (docs/cpu.md), so its share of a site's time tells how long the site's calls
// are. A profile without C functions tells nothing: all of its time in C is runtime.cgocall.
#include "analysis_rules.h"
#include "../views/site.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SITES = 512, MAX_LIBRARIES = 256, SHOWN_LIBRARIES = 3, LIBRARY_BYTES = 128 };

#define MIN_CORES 0.1     // of the process: less is not worth a sentence
#define MIN_SHARE_OF_C 25 // percent of the CPU time
// Crossing in percent of a site's time. 6: shorter than a microsecond even if crossing took 60 ns.
#define SHORT_CALLS_PERCENT 6
#define MIN_CROSSING_PERCENT 5 // of the CPU time, in short calls
#define MIN_SAMPLES 20         // of crossing at a site: its share is known within a quarter
// Crossing without work, of Go 1.25 to 1.27.
#define CROSSING_LEAST_NS 20
#define CROSSING_MOST_NS 45

struct call_site {
    const char *function; // pkg._Cfunc_f
    double crossing, work, in_cgocall;
    double crossing_samples;
    double largest; // the sample with most crossing
    size_t largest_sample;
};

struct library {
    char name[LIBRARY_BYTES];
    double value;
};

struct cpu {
    double total, in_c;
    double largest_c;
    size_t largest_c_sample;
    const char *program; // its file, as of Go's code; NULL: no Go code
    struct call_site sites[MAX_SITES];
    size_t site_count;
    struct library libraries[MAX_LIBRARIES];
    size_t library_count;
};

static bool is_c(const struct profile_frame *frame) {
    const char *kind = view_frame_kind(frame);
    return strcmp(kind, "c") == 0 || strcmp(kind, "c_runtime") == 0;
}

static bool is_cgo_glue(const char *function) {
    return strncmp(function, "_cgo_", strlen("_cgo_")) == 0 || strcmp(function, "crosscall2") == 0;
}

static const char *after_package(const char *function) {
    const char *slash = strrchr(function, '/'), *dot = strchr(slash ? slash : function, '.');
    return dot ? dot + 1 : "";
}

// The frame of the innermost call from Go into C; frame_count: there is none.
static size_t call_frame(const struct profile_sample_view *sample) {
    size_t at = 0;
    while (at < sample->frame_count && strncmp(after_package(sample->frames[at].function), "_Cfunc_", strlen("_Cfunc_")) != 0) {
        at++;
    }
    return at;
}

// ---- By library ----

// "libsqlite3.so.0.8.6" is libsqlite3.
static void shorten(char *library) {
    char *end = strstr(library, ".so");
    if (end && (end[3] == '\0' || end[3] == '.')) {
        *end = '\0';
    }
}

// C code in the program itself is told by the Go package that has called it.
static void library_of(const struct cpu *cpu, const struct profile_sample_view *sample, char name[LIBRARY_BYTES]) {
    const struct profile_frame *leaf = &sample->frames[0];
    char library[VIEW_LIBRARY_BYTES];
    size_t call = call_frame(sample);
    bool is_programs = cpu->program && strcmp(cpu->program, leaf->mapping_file) == 0;
    view_frame_library(is_programs && call < sample->frame_count ? &sample->frames[call] : leaf, library);
    if (!is_programs) {
        shorten(library);
        snprintf(name, LIBRARY_BYTES, "%.100s", *library ? library : "unknown");
    } else if (call < sample->frame_count) {
        snprintf(name, LIBRARY_BYTES, "C of %.100s", library);
    } else {
        snprintf(name, LIBRARY_BYTES, "C of the program");
    }
}

static void add_c(struct cpu *cpu, const struct profile_sample_view *sample, size_t index, double value) {
    char name[LIBRARY_BYTES];
    size_t at = 0;
    cpu->in_c += value;
    if (value > cpu->largest_c) {
        cpu->largest_c = value;
        cpu->largest_c_sample = index;
    }
    library_of(cpu, sample, name);
    while (at < cpu->library_count && strcmp(cpu->libraries[at].name, name) != 0) {
        at++;
    }
    if (at == MAX_LIBRARIES) {
        return; // it is in C all the same
    }
    if (at == cpu->library_count) {
        snprintf(cpu->libraries[cpu->library_count++].name, LIBRARY_BYTES, "%s", name);
    }
    cpu->libraries[at].value += value;
}

static int by_value(const void *left, const void *right) {
    const struct library *a = left, *b = right;
    return (a->value < b->value) - (a->value > b->value);
}

static void add_finding_of_c(struct findings *findings, struct cpu *cpu, const struct stacks *stacks, const char *attachment) {
    struct profile_sample_view sample;
    if (cpu->in_c * 100 < cpu->total * MIN_SHARE_OF_C || profile_sample_at(stacks->profile, cpu->largest_c_sample, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = findings_add(findings, "cpu_in_c", MEASURE_CPU_CORES, SEVERITY_LOW, cpu->in_c / cpu->total);
    if (!finding) {
        return;
    }
    qsort(cpu->libraries, cpu->library_count, sizeof *cpu->libraries, by_value);
    size_t length =
        (size_t)snprintf(finding->title, sizeof finding->title, "%.0f %% of the CPU time is in C", 100 * cpu->in_c / cpu->total);
    for (size_t i = 0; i < cpu->library_count && i < SHOWN_LIBRARIES && cpu->libraries[i].value * 100 >= cpu->total; i++) {
        length += (size_t)snprintf(finding->title + length, sizeof finding->title - length, "%s %s %.0f %%", i == 0 ? ":" : ",",
                                   cpu->libraries[i].name, 100 * cpu->libraries[i].value / cpu->total);
    }
    snprintf(
        finding->evidence, sizeof finding->evidence,
        "Samples of the newest CPU profiles (%zu) by the code that was running; %zu %s of C code %s seen. The stack is the one with most "
        "of it.",
        stacks->profile_count, cpu->library_count, cpu->library_count == 1 ? "library" : "libraries",
        cpu->library_count == 1 ? "was" : "were");
    finding->type = stacks->type_name;
    finding_set_stack(finding, &sample, site_of_stack(&sample, NULL)->function);
    snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
}

// ---- Crossing ----

static struct call_site *site_of(struct cpu *cpu, const char *function) {
    for (size_t i = 0; i < cpu->site_count; i++) {
        if (strcmp(cpu->sites[i].function, function) == 0) {
            return &cpu->sites[i];
        }
    }
    if (cpu->site_count == MAX_SITES) {
        return NULL;
    }
    cpu->sites[cpu->site_count] = (struct call_site){.function = function};
    return &cpu->sites[cpu->site_count++];
}

// C functions, or Go functions that C has called.
static bool has_work(const struct profile_sample_view *sample, size_t call) {
    for (size_t i = 0; i < call; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        if (!is_cgo_glue(frame->function) && strcmp(view_frame_kind(frame), "runtime") != 0) {
            return true;
        }
    }
    return false;
}

static void add_call(struct cpu *cpu, const struct profile_sample_view *sample, size_t call, size_t index, double value, double samples) {
    struct call_site *site = site_of(cpu, sample->frames[call].function);
    if (!site) {
        return;
    }
    if (has_work(sample, call)) {
        site->work += value;
        return;
    }
    site->crossing += value;
    site->crossing_samples += samples;
    site->in_cgocall += strcmp(sample->frames[0].function, "runtime.cgocall") == 0 ? value : 0;
    if (value > site->largest) {
        site->largest = value;
        site->largest_sample = index;
    }
}

// Most of what is not work is seen inside of cgocall: where the C functions are missing, it is cgocall itself.
static bool has_short_calls(const struct call_site *site) {
    return site->crossing_samples >= MIN_SAMPLES && site->in_cgocall * 2 <= site->crossing &&
           site->crossing * 100 >= (site->crossing + site->work) * SHORT_CALLS_PERCENT;
}

static void say_work(const struct call_site *site, char *text, size_t size) {
    double times = site->work / site->crossing;
    snprintf(text, size, times * CROSSING_MOST_NS < 2 ? "next to nothing" : "some %.0f to %.0f ns", times * CROSSING_LEAST_NS,
             times * CROSSING_MOST_NS);
}

static void add_finding_of_crossing(struct findings *findings, const struct cpu *cpu, const struct stacks *stacks, const char *attachment) {
    double crossing = 0, work = 0;
    const struct call_site *worst = NULL;
    char text[60];
    for (size_t i = 0; i < cpu->site_count; i++) {
        const struct call_site *site = &cpu->sites[i];
        if (has_short_calls(site)) {
            crossing += site->crossing;
            work += site->work;
            worst = !worst || site->crossing > worst->crossing ? site : worst;
        }
    }
    struct profile_sample_view sample;
    if (!worst || crossing * 100 < cpu->total * MIN_CROSSING_PERCENT ||
        profile_sample_at(stacks->profile, worst->largest_sample, &sample) != MERGE_OK) {
        return;
    }
    struct finding *finding = findings_add(findings, "short_cgo_calls", MEASURE_CPU_CORES,
                                           crossing * 5 >= cpu->total ? SEVERITY_MEDIUM : SEVERITY_LOW, crossing / cpu->total);
    if (!finding) {
        return;
    }
    const double percent = 100 / cpu->total;
    snprintf(finding->title, sizeof finding->title,
             crossing > work
                 ? "%.0f %% of the CPU time is in cgo calls of less than a microsecond: crossing costs more than the work (%.0f %% "
                   "against %.0f %%)"
                 : "%.0f %% of the CPU time is in cgo calls of less than a microsecond: crossing costs %.0f %%, the work %.0f %%",
             (crossing + work) * percent, crossing * percent, work * percent);
    say_work(worst, text, sizeof text);
    snprintf(finding->evidence, sizeof finding->evidence,
             "In %.200s crossing between Go and C takes %.0f %% of a call's time. It takes %d to %d ns, so the work of a call takes %s "
             "on average. Samples of the newest CPU profiles (%zu).",
             worst->function, 100 * worst->crossing / (worst->crossing + worst->work), CROSSING_LEAST_NS, CROSSING_MOST_NS, text,
             stacks->profile_count);
    snprintf(finding->advice, sizeof finding->advice,
             "Do more in one call: give C a whole batch, or have the loop in C. What C does in some ns, Go does as well without a call.");
    finding->type = stacks->type_name;
    finding_set_stack(finding, &sample, site_of_stack(&sample, NULL)->function);
    snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
}

// ---- All ----

static const char *program_of(const struct stacks *stacks) {
    struct profile_sample_view sample;
    for (size_t i = 0; i < stacks->sum_count && profile_sample_at(stacks->profile, i, &sample) == MERGE_OK; i++) {
        for (size_t frame = 0; frame < sample.frame_count; frame++) {
            if (profile_frame_is_go(&sample.frames[frame]) && *sample.frames[frame].mapping_file) {
                return sample.frames[frame].mapping_file;
            }
        }
    }
    return NULL;
}

static double total_seconds(const struct stacks *stacks) {
    double seconds = 0;
    for (size_t i = 0; i < stacks->profile_count; i++) {
        seconds += stacks->seconds[i];
    }
    return seconds;
}

static void add_up(struct cpu *cpu, const struct stacks *stacks, int samples_type) {
    struct profile_sample_view sample;
    for (size_t i = 0; i < stacks->sum_count && profile_sample_at(stacks->profile, i, &sample) == MERGE_OK; i++) {
        double value = (double)stacks->sums[i];
        cpu->total += value;
        if (value <= 0 || sample.frame_count == 0) {
            continue;
        }
        if (is_c(&sample.frames[0]) && !is_cgo_glue(sample.frames[0].function)) {
            add_c(cpu, &sample, i, value);
        }
        size_t call = call_frame(&sample);
        if (call < sample.frame_count) {
            add_call(cpu, &sample, call, i, value, (double)sample.values[samples_type]);
        }
    }
}

bool analysis_cpu(struct findings *findings, const struct stacks *stacks, const char *attachment) {
    int samples_type = stacks->profile_count > 0 ? profile_sample_type_index(stacks->profile, "samples") : -1;
    if (samples_type < 0) {
        return true; // no CPU profile of Go's
    }
    struct cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu) {
        return false;
    }
    cpu->program = program_of(stacks);
    add_up(cpu, stacks, samples_type);
    if (cpu->program && cpu->total >= MIN_CORES * 1e9 * total_seconds(stacks)) {
        add_finding_of_c(findings, cpu, stacks, attachment);
        add_finding_of_crossing(findings, cpu, stacks, attachment);
    }
    free(cpu);
    return true;
}
