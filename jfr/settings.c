// settings.c: periods of sampling (settings.h).
#include "settings.h"
#include "../base/saturated.h"
#include "../base/vector.h"
#include "tally.h"

#include <stdio.h>

enum active_slot { ACTIVE_ID, ACTIVE_NAME, ACTIVE_VALUE };
enum config_slot { CONFIG_CPU, CONFIG_WALL };
enum lost_slot { LOST_SAMPLES };
static const struct jfr_wanted active_wanted[] = {{"id", ACTIVE_ID}, {"name", ACTIVE_NAME}, {"value", ACTIVE_VALUE}};
static const struct jfr_wanted config_wanted[] = {{"cpuInterval", CONFIG_CPU}, {"wallInterval", CONFIG_WALL}};
enum load_slot { LOAD_TIME, LOAD_USER, LOAD_SYSTEM };
enum machine_slot { MACHINE_THREADS };
static const struct jfr_wanted load_wanted[] = {{"startTime", LOAD_TIME}, {"jvmUser", LOAD_USER}, {"jvmSystem", LOAD_SYSTEM}};
static const struct jfr_wanted machine_wanted[] = {{"hwThreads", MACHINE_THREADS}};
static const struct jfr_wanted lost_wanted[] = {{"lostSamples", LOST_SAMPLES}}, loss_wanted[] = {{"amount", LOST_SAMPLES}};
// async-profiler writes 0 for its defaults.
enum { ASYNC_PROFILER_NS = 10000000, ASYNC_PROFILER_WALL_NS = 50000000 };

int64_t jfr_period_ns(const char *text) {
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"", 1}};
    char *end;
    int64_t number = strtoll(text, &end, 10);
    bool any = end > text;
    end += strspn(end, " ");
    for (size_t i = 0; any && number > 0 && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return saturated_product(number, units[i].ns);
        }
    }
    return 0;
}

static bool make_plan(struct jfr_metadata *metadata, const char *name, const struct jfr_wanted *wanted, size_t count, uint32_t *class,
                      struct jfr_plan *plan) {
    *class = jfr_metadata_named(metadata, name);
    return *class == JFR_NO_CLASS || jfr_plan_make(metadata, *class, wanted, count, plan);
}

bool jfr_settings_begin(struct jfr_settings *settings, struct jfr_metadata *metadata) {
    settings->count = 0;
    settings->active = settings->config = settings->lost = settings->loss = settings->load = settings->machine = (struct jfr_plan){0};
    return make_plan(metadata, "jdk.ActiveSetting", active_wanted, 3, &settings->active_class, &settings->active) &&
           make_plan(metadata, "datadog.DatadogProfilerConfig", config_wanted, 2, &settings->config_class, &settings->config) &&
           make_plan(metadata, "jdk.CPUTimeSamplesLost", lost_wanted, 1, &settings->lost_class, &settings->lost) &&
           make_plan(metadata, "jdk.DataLoss", loss_wanted, 1, &settings->loss_class, &settings->loss) &&
           make_plan(metadata, "jdk.CPULoad", load_wanted, 3, &settings->load_class, &settings->load) &&
           make_plan(metadata, "jdk.CPUInformation", machine_wanted, 1, &settings->machine_class, &settings->machine);
}

static double share_of(const struct jfr_metadata *metadata, const struct jfr_plan *plan, const struct jfr_values *values, int slot) {
    const struct jfr_member *member = plan->numbers & 1u << slot ? plan->members[slot] : NULL;
    bool real = member && !member->pool && metadata->classes[member->class].form == JFR_FORM_FLOAT;
    double share = 0;
    if (real) {
        memcpy(&share, &values->slots[slot], sizeof share);
    }
    return share > 0 && share <= 1 ? share : 0;
}

// A load is of the time since the one before, or since the start.
static void add_load(struct jfr_settings *settings, const struct jfr_chunk *chunk, const struct jfr_metadata *metadata,
                     const struct jfr_values *values) {
    const struct jfr_plan *plan = &settings->load;
    if (!(plan->numbers & 1u << LOAD_TIME) || plan->members[LOAD_TIME]->content != JFR_INSTANT) {
        return;
    }
    int64_t time = jfr_chunk_field_ns(chunk, plan->members[LOAD_TIME], (int64_t)values->slots[LOAD_TIME]);
    int64_t before = settings->load_until_ns != 0 ? settings->load_until_ns : chunk->start_ns;
    if (time > before) {
        double ns = (double)time - (double)before;
        settings->load_ns += ns * (share_of(metadata, plan, values, LOAD_USER) + share_of(metadata, plan, values, LOAD_SYSTEM));
        settings->load_until_ns = time;
    }
}

bool jfr_settings_add(struct jfr_settings *settings, const struct jfr_chunk *chunk, const struct jfr_metadata *metadata, uint32_t class,
                      struct jfr_cursor body) {
    struct jfr_values values = {0};
    bool is_config = class == settings->config_class;
    bool is_lost = class == settings->lost_class, is_load = class == settings->load_class, is_machine = class == settings->machine_class;
    bool is_loss = class == settings->loss_class;
    const struct jfr_plan *plan = is_config    ? &settings->config
                                  : is_lost    ? &settings->lost
                                  : is_loss    ? &settings->loss
                                  : is_load    ? &settings->load
                                  : is_machine ? &settings->machine
                                               : &settings->active;
    if (!jfr_plan_run(metadata, plan->first, &body, &values)) {
        return true;
    }
    if (is_load) {
        add_load(settings, chunk, metadata, &values);
        return true;
    }
    if (is_machine) {
        int64_t processors = (int64_t)jfr_plan_number(plan, &values, MACHINE_THREADS);
        settings->processors = processors > 0 ? processors : settings->processors;
        return true;
    }
    if (is_lost || is_loss) {
        int64_t lost = (int64_t)jfr_plan_number(plan, &values, LOST_SAMPLES),
                *sum = is_lost ? &settings->lost_samples : &settings->lost_bytes;
        *sum = lost > 0 ? saturated_sum(*sum, lost) : *sum;
        return true;
    }
    if (is_config) {
        for (int slot = 0; slot < 2; slot++) {
            int64_t ns = plan->numbers & 1u << slot ? jfr_chunk_field_ns(chunk, plan->members[slot], (int64_t)values.slots[slot]) : 0;
            if (ns > 0) {
                settings->periods_ns[slot == CONFIG_CPU ? JFR_PERIOD_AGENT_CPU : JFR_PERIOD_AGENT_WALL] = ns;
            }
        }
        return true;
    }
    if ((plan->present & 7) != 7 || !VECTOR_RESERVE(settings->found, settings->capacity, settings->count + 1)) {
        return (plan->present & 7) != 7;
    }
    settings->found[settings->count++] =
        (struct jfr_setting){(int64_t)jfr_plan_number(plan, &values, ACTIVE_ID), values.slots[ACTIVE_NAME], values.slots[ACTIVE_VALUE]};
    return true;
}

struct async_profiler { // what it says in one chunk
    const char *event;  // NULL: nothing
    int64_t interval_ns, wall_ns;
    bool has_interval, has_wall;
};

static void take(struct jfr_settings *settings, struct async_profiler *async, const char *event, const char *name, const char *value) {
    int64_t ns = jfr_period_ns(value);
    bool execution = strcmp(event, "jdk.ExecutionSample") == 0;
    if (strcmp(event, "jdk.ActiveRecording") == 0) {
        async->event = strcmp(name, "event") == 0 && *value ? value : async->event;
    } else if (execution && strcmp(name, "interval") == 0) {
        async->interval_ns = ns;
        async->has_interval = true;
    } else if (strcmp(name, "wall") == 0) {
        async->wall_ns = ns;
        async->has_wall = true;
    } else if (ns > 0 && strcmp(name, "period") == 0) {
        settings->periods_ns[execution ? JFR_PERIOD_JVM_CPU : JFR_PERIOD_JVM_NATIVE] = ns;
    }
}

// Its interval is of the event it samples: nanoseconds only if that is a clock.
static void take_async_profiler(struct jfr_settings *settings, const struct async_profiler *async) {
    static const char *const clocks[] = {"cpu", "cpu-clock", "task-clock", "itimer", "ctimer"};
    bool wall = async->event && strcmp(async->event, "wall") == 0, clock = !async->event;
    for (size_t i = 0; !clock && i < sizeof clocks / sizeof *clocks; i++) {
        clock = strcmp(async->event, clocks[i]) == 0;
    }
    if (async->has_interval) {
        settings->async_profiler = true;
        settings->periods_ns[JFR_PERIOD_JVM_CPU] = !clock ? 0 : async->interval_ns > 0 ? async->interval_ns : ASYNC_PROFILER_NS;
        snprintf(settings->no_clock, sizeof settings->no_clock, "%s", clock ? "" : async->event);
    }
    if (async->has_wall || (async->has_interval && wall)) {
        int64_t ns = async->has_wall ? async->wall_ns : async->interval_ns;
        settings->periods_ns[JFR_PERIOD_WALL] = ns > 0 ? ns : ASYNC_PROFILER_WALL_NS;
    }
}

static void take_limit(char *out, size_t size, const char *value) {
    bool some = *value >= '1' && *value <= '9' && value[strspn(value, "0123456789 /nusmhd")] == '\0'; // not "off", "0 ms"
    snprintf(out, size, "%s", some ? value : "");
}

static void take_limits(struct jfr_settings *settings, const char *event, const char *name, const char *value) {
    for (size_t i = 0; i < jfr_source_count && i < JFR_MAX_SOURCES; i++) {
        struct jfr_limit *limit = &settings->limits[i];
        if (strcmp(jfr_sources[i].event, event) != 0) {
            continue;
        }
        if (strcmp(name, "threshold") == 0) {
            take_limit(limit->threshold, sizeof limit->threshold, value);
        } else if (strcmp(name, "throttle") == 0) {
            take_limit(limit->throttle, sizeof limit->throttle, value);
        }
    }
}

size_t jfr_settings_limits(const struct jfr_settings *settings, const struct jfr_source *source, char *out, size_t size) {
    const struct jfr_limit *limit = &settings->limits[source - jfr_sources];
    bool each = source->rule == JFR_RULE_ONE || source->rule == JFR_RULE_DURATION || source->rule == JFR_RULE_TRANSFER;
    bool from = *limit->threshold, most = *limit->throttle;
    if (!each || !(from || most)) {
        return 0;
    }
    int length = snprintf(out, size, "%s (%s%s%s%s%s)", source->event, from ? "from " : "", limit->threshold, from ? " on" : "",
                          from && most ? ", at most "
                          : most       ? "at most "
                                       : "",
                          limit->throttle);
    return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

static bool is_sampler(const char *event) {
    static const char *const events[] = {"jdk.ExecutionSample", "jdk.NativeMethodSample", "jdk.ActiveRecording"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(event, events[i]) == 0) {
            return true;
        }
    }
    return false;
}

void jfr_settings_end(struct jfr_settings *settings, struct jfr_names *names) {
    struct async_profiler async = {0};
    for (size_t i = 0; i < settings->count; i++) {
        const struct jfr_setting *setting = &settings->found[i];
        uint32_t class = jfr_metadata_find(names->metadata, setting->id);
        const char *event = class != JFR_NO_CLASS ? names->metadata->classes[class].name : NULL;
        if (!event) {
            continue;
        }
        const char *name = jfr_names_slot(names, &settings->active, ACTIVE_NAME, setting->name);
        bool limit = strcmp(name, "threshold") == 0 || strcmp(name, "throttle") == 0;
        if (limit || is_sampler(event)) {
            const char *value = jfr_names_slot(names, &settings->active, ACTIVE_VALUE, setting->value);
            take_limits(settings, event, name, value);
            if (is_sampler(event)) {
                take(settings, &async, event, name, value);
            }
        }
    }
    take_async_profiler(settings, &async);
}

void jfr_settings_free(struct jfr_settings *settings) {
    free(settings->found);
    *settings = (struct jfr_settings){0};
}
