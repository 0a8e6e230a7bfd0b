// run_gate.c: see run_gate.h.
#include "run_gate.h"

#include <string.h>
#include <sys/resource.h>

#include "../base/diagnostic.h"

static const struct value {
    const char *name, *type; // type NULL: the kernel's count
    bool of_peak;
} values[] = {{"leaked", "inuse_space", false},
              {"leaked_objects", "inuse_objects", false},
              {"peak", "peak_space", true},
              {"peak_objects", "peak_objects", true},
              {"allocated", "alloc_space", false},
              {"allocated_objects", "alloc_objects", false},
              {"peak_rss", NULL, false}};

static const struct value *find(const char *name) {
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(values[i].name, name) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

int run_gate_take_rule(struct gate *gate, const char *text) {
    int status = gate_take_rule("run", gate, text);
    if (status == 0 && !find(gate->rules[gate->count - 1].name)) {
        return diagnostic_usage("run", "--fail-if takes leaked, peak, allocated, these with _objects, and peak_rss, not %s",
                                gate->rules[gate->count - 1].name);
    }
    return status;
}

static void measure_resident(struct gate *gate, size_t rule) {
    struct rusage usage;
    if (getrusage(RUSAGE_CHILDREN, &usage) == 0 && usage.ru_maxrss > 0) {
        gate_set(gate, rule, (int64_t)usage.ru_maxrss * 1024, "bytes");
    }
}

void run_gate_measure(struct gate *gate, struct profile *profile, struct profile *peak) {
    for (size_t i = 0; i < gate->count; i++) {
        const struct value *value = find(gate->rules[i].name);
        struct profile *of = value->of_peak ? peak : profile;
        if (!value->type) {
            measure_resident(gate, i);
        } else if (of && profile_sample_count(of) == 0) {
            gate_set(gate, i, 0, strstr(value->name, "_objects") ? "count" : "bytes");
            gate_doubt_if_incomplete(gate, i, of);
        } else if (of) {
            gate_measure(gate, i, value->type, of, NULL, &(struct top_options){.lines = 1});
        }
    }
}

void run_gate_doubt(struct gate *gate, const char *why, bool only_before) {
    for (size_t i = 0; i < gate->count; i++) {
        const struct value *value = find(gate->rules[i].name);
        bool of_end = value->type && strncmp(value->type, "inuse", 5) == 0;
        if (value->type && !(only_before && of_end) && gate->results[i].verdict == GATE_PASSED) {
            gate_set_unknown(gate, i, why);
        }
    }
}
