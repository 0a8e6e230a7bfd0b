// warnings.c: what the figures of a recording's profile cannot say (making.h). docs/jfr.md lists it.
#include "making.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const struct jfr_source *jfr_first_used(const struct making *making, enum jfr_kind kind) {
    for (size_t i = 0; i < making->used_count; i++) {
        if (making->used[i]->kind == kind) {
            return making->used[i];
        }
    }
    return NULL;
}

static void warn(struct profile *profile, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct profile *profile, const char *format, ...) {
    char text[400] = "cmemprof: warning: ";
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, sizeof text - length, format, arguments);
    va_end(arguments);
    profile_add_comment(profile, text);
}

static void warn_of_recording(const struct making *making, struct profile *profile) {
    const struct jfr_about *about = &making->jfr->about;
    if (about->damages > 0) {
        char lost[60] = "";
        if (about->lost_bytes > 0) {
            snprintf(lost, sizeof lost, ", and at least %" PRIu64 " bytes are lost", about->lost_bytes);
        }
        warn(profile, "the recording is damaged at byte %" PRIu64 " (%s); only what could be read is here%s", about->damage.offset,
             about->damage.text, lost);
    }
    if (about->truncated) {
        warn(profile, "the recording ends within a chunk, at byte %" PRIu64 "; from byte %" PRIu64 " on it could not be read", about->bytes,
             about->cut_at);
    }
    if (making->settings.lost_bytes > 0) {
        warn(profile, "the JVM has lost %" PRId64 " bytes of events (jdk.DataLoss), so figures are lower bounds",
             making->settings.lost_bytes);
    }
    if (making->damaged > 0) {
        warn(profile, "%" PRIu64 " events or pools of constants of the recording are damaged, the first at byte %" PRIu64, making->damaged,
             making->first_damage);
    }
    if (making->left_out > 0) {
        warn(profile, "%" PRIu64 " samples are left out: the recording has more than %d frames", making->left_out, JFR_MAX_FRAMES_IN_ALL);
    }
}

static void warn_of_limits(const struct making *making, enum jfr_kind kind) {
    char text[300] = "";
    size_t length = 0;
    for (size_t i = 0; i < making->used_count; i++) {
        char one[100];
        size_t size = making->used[i]->kind == kind ? jfr_settings_limits(&making->settings, making->used[i], one, sizeof one) : 0;
        if (size > 0 && length + size + 3 < sizeof text) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", length > 0 ? ", " : "", one);
        }
    }
    if (length > 0) {
        warn(making->profiles[kind], "the recorder leaves out events, so figures are lower bounds; it writes %s", text);
    }
}

static void warn_of_estimate(const struct making *making, struct profile *profile) {
    double used_ns = jfr_settings_cpu_ns(&making->settings);
    char measured[120] = "";
    if (used_ns > 0) {
        snprintf(measured, sizeof measured, ": %.2f s, where the JVM measured %.2f s of the process and its own threads (jdk.CPULoad)",
                 (double)making->cpu_ns / 1e9, used_ns / 1e9);
    }
    warn(
        profile,
        "cpu is the number of samples times their period, an estimate%s. A JVM samples only some of its running threads, and drops samples "
        "in code without a Java frame",
        measured);
}

static void warn_of_cpu(const struct making *making, struct profile *profile) {
    if (making->settings.lost_samples > 0) {
        warn(profile, "%" PRId64 " samples of CPU time are lost (jdk.CPUTimeSamplesLost), so cpu is too low",
             making->settings.lost_samples);
    }
    if (making->failed > 0) {
        warn(profile, "%" PRIu64 " samples have no stack: the JVM failed to walk it", making->failed);
    }
}

// Which of two sources is used is decided for the whole recording: chunks may cover the same time.
static void warn_of_unused(const struct making *making, enum jfr_kind kind, const struct jfr_source *used) {
    for (size_t i = 0; used && i < jfr_source_count; i++) {
        const struct jfr_source *source = &jfr_sources[i];
        const struct jfr_type *type = source->kind == kind && source->rank > used->rank ? jfr_type_named(making->jfr, source->event) : NULL;
        bool among = strcmp(source->event, "jdk.JavaErrorThrow") == 0; // which are exceptions, too
        if (type && !among) {
            warn(making->profiles[kind], "%" PRIu64 " events %s are not used: %s would count the same again, if it was on all the time",
                 type->count, source->event, used->event);
        }
    }
}

static void warn_of_live(const struct making *making, struct profile *profile, const struct jfr_source *source) {
    if (strcmp(source->event, "jdk.OldObjectSample") == 0) {
        warn(profile, "inuse_objects are a few hundred objects at most that a JVM keeps as a sample, not what the heap holds");
    }
    if (making->size_missing) {
        warn(profile, "the recording does not say how large objects are, so inuse_space is 0");
    }
}

void jfr_warn(const struct making *making, enum jfr_kind kind) {
    struct profile *profile = making->profiles[kind];
    const struct jfr_source *source = jfr_first_used(making, kind);
    if (source && kind == JFR_CPU && !making->settings.async_profiler && strcmp(source->event, "jdk.ExecutionSample") == 0) {
        warn_of_estimate(making, profile);
    }
    if (source && kind == JFR_NATIVE_WALL) {
        warn(profile, "wall is the number of samples times their period, an estimate: a JVM samples one thread in native code at a time");
    }
    if (making->period_missing[kind] && kind == JFR_CPU && *making->settings.no_clock) {
        warn(profile, "the recording samples %s, which is no clock of CPU time, so samples have no time", making->settings.no_clock);
    } else if (making->period_missing[kind]) {
        warn(profile, "the recording does not say with what period it was sampled, so samples have no time");
    }
    if (kind == JFR_ALLOCATION && making->first_bytes > 0) {
        warn(profile,
             "%" PRId64
             " bytes are the first samples of %zu threads, which hold all that a thread has allocated before, if the recording began then",
             making->first_bytes, making->firsts.count);
    }
    if (source && kind == JFR_HEAP_LIVE) {
        warn_of_live(making, profile, source);
    }
    if (kind == JFR_LOCK && making->idle_parks > 0) {
        warn(profile, "%" PRIu64 " events jdk.ThreadPark are left out: the thread was not parked on a lock", making->idle_parks);
    }
    if (kind == JFR_CPU) {
        warn_of_cpu(making, profile);
    }
    warn_of_limits(making, kind);
    warn_of_unused(making, kind, source);
    warn_of_recording(making, profile);
}
