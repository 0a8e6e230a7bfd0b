// sent_profile.c: makes a profile fit for Pyroscope, which makes labels of series of the texts in labels of samples (pyroscope.h).
#include "../merge/compress.h"
#include "../merge/fault.h"
#include "labels.h"

#include <stdlib.h>
#include <string.h>

// Fields of profile.proto.
enum { PROFILE_SAMPLE = 2, PROFILE_STRING = 6, SAMPLE_LABEL = 3, LABEL_KEY = 1 };

// A value of each request would make a series of each. Datadog's and OpenTelemetry's tracers set these.
static const char *const ids[] = {"span id", "local root span id", "trace id", "span_id", "local_root_span_id", "trace_id", "thread id"};

// Sets keys[i] for each index that is the key of a label. Indices beyond the table are ignored: the profile was just written.
static enum wire_result mark_keys(struct wire profile, uint8_t *keys, size_t count) {
    struct wire_field field, of_sample, of_label;
    enum wire_result result = WIRE_OK;
    while (result == WIRE_OK && profile.at < profile.end && (result = wire_next(&profile, &field)) == WIRE_OK) {
        if (field.number != PROFILE_SAMPLE || field.type != WIRE_BYTES) {
            continue;
        }
        for (struct wire sample = field.bytes; result == WIRE_OK && sample.at < sample.end;) {
            result = wire_next(&sample, &of_sample);
            if (result != WIRE_OK || of_sample.number != SAMPLE_LABEL || of_sample.type != WIRE_BYTES) {
                continue;
            }
            for (struct wire label = of_sample.bytes; result == WIRE_OK && label.at < label.end;) {
                result = wire_next(&label, &of_label);
                if (result == WIRE_OK && of_label.number == LABEL_KEY && of_label.value < count) {
                    keys[of_label.value] = 1;
                }
            }
        }
    }
    return result;
}

static size_t count_strings(struct wire profile) {
    struct wire_field field;
    size_t count = 0;
    while (profile.at < profile.end && wire_next(&profile, &field) == WIRE_OK) {
        count += field.number == PROFILE_STRING && field.type == WIRE_BYTES;
    }
    return count;
}

// Copies all fields, and cleans the strings that are keys.
static void copy(struct wire profile, const uint8_t *keys, struct wire_writer *out) {
    size_t string = 0;
    while (profile.at < profile.end) {
        const uint8_t *start = profile.at;
        struct wire_field field;
        if (wire_next(&profile, &field) != WIRE_OK) {
            return;
        }
        bool is_string = field.number == PROFILE_STRING && field.type == WIRE_BYTES;
        if (is_string && keys[string]) {
            labels_write_name(out, PROFILE_STRING, (const char *)field.bytes.at, (size_t)(field.bytes.end - field.bytes.at));
        } else if (wire_reserve(out, (size_t)(profile.at - start))) {
            memcpy(out->bytes + out->size, start, (size_t)(profile.at - start));
            out->size += (size_t)(profile.at - start);
        }
        string += is_string;
    }
}

static enum merge_error clean_keys(struct wire profile, struct wire_writer *out, struct merge_fault *fault) {
    size_t count = count_strings(profile);
    uint8_t *keys = calloc(count + 1, 1);
    enum merge_error error = keys ? MERGE_OK : fault_set(fault, MERGE_NO_MEMORY, 0, "no memory");
    if (error == MERGE_OK && mark_keys(profile, keys, count) != WIRE_OK) {
        error = fault_set(fault, MERGE_MALFORMED, 0, "a profile that was just written cannot be read");
    }
    if (error == MERGE_OK) {
        copy(profile, keys, out);
        error = out->failed ? fault_set(fault, MERGE_NO_MEMORY, 0, "no memory") : MERGE_OK;
    }
    free(keys);
    return error;
}

enum merge_error pyroscope_sent_profile(const void *bytes, size_t size, uint8_t **sent, size_t *sent_size, struct merge_fault *fault) {
    struct profile *profile = profile_new();
    struct wire_writer out = {0};
    uint8_t *whole = NULL;
    size_t whole_size = 0;
    enum merge_error error = profile ? MERGE_OK : fault_set(fault, MERGE_NO_MEMORY, 0, "no memory");
    if (error == MERGE_OK) {
        profile_drop_labels(profile, ids, sizeof ids / sizeof *ids);
        error = profile_decode(profile, bytes, size, NULL, NULL, fault);
    }
    if (error == MERGE_OK) {
        error = profile_encode(profile, MERGE_RAW, &whole, &whole_size);
    }
    if (error == MERGE_OK) {
        error = clean_keys((struct wire){whole, whole + whole_size}, &out, fault);
    }
    if (error == MERGE_OK && !wire_hand_over(&out, sent, sent_size)) {
        error = fault_set(fault, MERGE_NO_MEMORY, 0, "no memory");
    }
    wire_free(&out);
    free(whole);
    profile_free(profile);
    return error;
}
