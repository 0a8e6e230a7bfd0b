// recording.c: recordings as profiles (recording.h).
#include "recording.h"
#include "../../merge/compress.h"
#include "../../receiver/index/recording_profile.h"
#include "diagnostic.h"
#include "input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const struct options *options, const char *path, const struct jfr_fault *fault) {
    switch (fault->error) {
    case JFR_UNREADABLE:
    case JFR_NO_MEMORY:
        return diagnostic_error(options->command, path, "%s", fault->text);
    case JFR_TOO_LARGE:
        return diagnostic_error(options->command, path, "exceeds a limit (--max-size sets the inflated size): %s", fault->text);
    default:
        return diagnostic_error(options->command, path, "not a readable recording: %s (byte %" PRIu64 ", inflated)", fault->text,
                                fault->offset);
    }
}

// "cpu (706 events), lock (225)".
static char *kinds_of(const struct jfr *jfr, enum jfr_kind but) {
    char *text = NULL;
    size_t size, count = 0;
    FILE *out = open_memstream(&text, &size);
    for (enum jfr_kind kind = 0; out && kind < JFR_KINDS; kind++) {
        uint64_t events = kind != but ? jfr_kind_events(jfr, kind) : 0;
        if (events > 0) {
            fprintf(out, "%s%s (%" PRIu64 "%s)", count > 0 ? ", " : "", jfr_kind_name(kind), events, count == 0 ? " events" : "");
            count++;
        }
    }
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

int recording_take_type(const char *command, const char *value, struct recordings *recordings) {
    bool known = jfr_kind_named(value) != JFR_KINDS;
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        const struct jfr_column *columns;
        size_t count = jfr_kind_columns(kind, &columns);
        for (size_t i = 0; i < count; i++) {
            known = known || strcmp(columns[i].type, value) == 0;
        }
    }
    recordings->type = value;
    return known ? STATUS_DONE : diagnostic_usage(command, "--type takes a profile of recordings, such as cpu or lock, not %s", value);
}

static int error_no_kind(const struct options *options, const char *path, const struct jfr *jfr, enum jfr_kind kind) {
    const char *type = options->recordings->type;
    char *kinds = kinds_of(jfr, JFR_KINDS);
    bool any = kinds && *kinds;
    if (kind == JFR_KINDS && type) {
        diagnostic_error(options->command, path, "the recording has no profile %s%s%s", type, any ? "; it has " : "", any ? kinds : "");
    } else if (kind == JFR_KINDS) {
        diagnostic_error(options->command, path, "the recording has no events that a profile could be made from");
    } else {
        diagnostic_error(options->command, path, "the recording has no events for %s%s%s", jfr_kind_name(kind), any ? "; it has " : "",
                         any ? kinds : "");
    }
    const struct jfr_about *about = jfr_about(jfr);
    if (about->damages > 0) {
        diagnostic_note(options->command, "%s: the recording is damaged at byte %" PRIu64 ", inflated (%s)", input_name(path),
                        about->damage.offset, about->damage.text);
    } else if (about->truncated) {
        diagnostic_note(options->command, "%s: the recording ends within a chunk: from byte %" PRIu64 ", inflated, on it cannot be read",
                        path, about->cut_at);
    }
    free(kinds);
    return STATUS_FAILED;
}

// Kinds that a word may mean, before it is known which have events.
static unsigned kinds_meant(const char *word) {
    enum jfr_kind named = jfr_kind_named(word);
    unsigned kinds = named != JFR_KINDS ? 1u << named : 0;
    for (enum jfr_kind kind = 0; named == JFR_KINDS && kind < JFR_KINDS; kind++) {
        const struct jfr_column *columns;
        size_t count = jfr_kind_columns(kind, &columns);
        for (size_t i = 0; i < count; i++) {
            kinds |= strcmp(columns[i].type, word) == 0 ? 1u << kind : 0;
        }
    }
    return kinds;
}

// With a type, events are read once: they are counted while the profile is made.
static struct profile *convert(const struct options *options, const char *path, struct jfr *jfr) {
    struct profile *profiles[JFR_KINDS] = {0};
    const char *type = options->recordings->type;
    enum jfr_kind kind = type ? JFR_KINDS : jfr_kind_chosen(jfr, NULL);
    if ((type || kind != JFR_KINDS) && jfr_profiles(jfr, type ? kinds_meant(type) : 1u << kind, 0, profiles) != JFR_OK) {
        diagnostic_error(options->command, path, "out of memory");
        return NULL;
    }
    kind = type ? jfr_kind_chosen(jfr, type) : kind;
    struct profile *profile = kind != JFR_KINDS && jfr_kind_events(jfr, kind) > 0 ? profiles[kind] : NULL;
    for (enum jfr_kind other = 0; other < JFR_KINDS; other++) {
        if (profiles[other] != profile) {
            profile_free(profiles[other]);
        }
    }
    if (!profile) {
        error_no_kind(options, path, jfr, kind);
        return NULL;
    }
    char *others = type ? NULL : kinds_of(jfr, kind);
    if (others && *others) {
        diagnostic_note(options->command, "%s: this is %s; --type chooses another: %s", input_name(path), jfr_kind_name(kind), others);
    }
    free(others);
    return profile;
}

static struct profile *convert_opened(const struct options *options, const char *path, struct jfr *jfr, const struct jfr_fault *fault) {
    struct profile *profile = jfr ? convert(options, path, jfr) : NULL;
    if (!jfr) {
        refuse(options, path, fault);
    }
    jfr_close(jfr);
    return profile;
}

struct profile *recording_convert(const struct options *options, const char *path, const struct input *input) {
    struct jfr_fault fault = {0};
    size_t max = options->limits.input_bytes;
    struct jfr *jfr = options->recordings->type ? jfr_open_unread(input->bytes, input->size, max, &fault)
                                                : jfr_open(input->bytes, input->size, max, &fault);
    return convert_opened(options, path, jfr, &fault);
}

struct profile *recording_convert_file(const struct options *options, const char *path) {
    struct jfr_fault fault = {0};
    size_t max = options->limits.input_bytes;
    struct jfr *jfr = options->recordings->type ? jfr_open_file_unread(path, max, &fault) : jfr_open_file(path, max, &fault);
    return convert_opened(options, path, jfr, &fault);
}

// Inflates what is compressed, once for all: what is in it decides what it is. Content that cannot be inflated stays as it is, and is an
// error of who reads it.
static void inflate(const struct options *options, struct input *input) {
    struct input inflated = {0};
    if (merge_inflate_limited(input->bytes, input->size, &options->limits, &inflated.bytes, &inflated.size, NULL) == MERGE_OK) {
        free(input->bytes);
        *input = inflated;
    }
}

static int become_all(const struct options *options, const char *path, struct input *input) {
    char text[160] = "";
    struct jfr *jfr = NULL;
    struct input all = {0};
    enum receiver_error error = recording_open(input->bytes, input->size, &jfr, text, sizeof text);
    error = error == RECEIVER_OK ? recording_profile(jfr, 0, &all.bytes, &all.size) : error;
    jfr_close(jfr);
    if (error != RECEIVER_OK) {
        return diagnostic_error(options->command, path, "not a readable recording: %s", *text ? text : receiver_error_text(error));
    }
    free(input->bytes);
    *input = all;
    return STATUS_DONE;
}

int recording_replace(const struct options *options, const char *path, struct input *input) {
    if (!options->recordings) {
        return STATUS_DONE;
    }
    if (compress_kind(input->bytes, input->size) != MERGE_RAW) {
        inflate(options, input);
    }
    if (!jfr_is_recording(input->bytes, input->size)) {
        return STATUS_DONE;
    }
    int status;
    if (options->recordings->all_kinds) {
        status = become_all(options, path, input);
    } else {
        struct profile *profile = recording_convert(options, path, input);
        status = profile ? input_become(options, path, profile, input) : STATUS_FAILED;
    }
    options->recordings->count += status == STATUS_DONE;
    return status;
}

const char *recording_shown_type(const struct options *options, const struct profile *profile, const char *type) {
    bool kind = type && options->recordings && options->recordings->count > 0 && jfr_kind_named(type) != JFR_KINDS;
    return kind && profile_sample_type_index(profile, type) < 0 ? NULL : type;
}
