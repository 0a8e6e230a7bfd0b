// analysis_site.c: telling frames (analysis_site.h).
#include "analysis_site.h"

#include <string.h>

static const struct profile_frame no_frame = {.function = "", .file = "", .mapping_file = ""};

// The innermost frame that is at least this near to the program; NULL: none.
static const struct profile_frame *innermost(const struct profile_sample_view *sample, enum frame_role least) {
    for (size_t i = 0; i < sample->frame_count; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        if (*frame->function && profile_frame_role(frame) >= least) {
            return frame;
        }
    }
    return NULL;
}

// What is written in a language that a collector looks after: it asked for the C memory on top of it.
static bool is_managed(const struct profile_frame *frame) {
    const char *kind = view_frame_kind(frame);
    return strcmp(kind, "c") != 0 && strcmp(kind, "c_runtime") != 0;
}

// What Go called in C is told by C's frames, so all of these are looked at before the first of Go's.
const struct profile_frame *analysis_leaf(const struct profile_sample_view *sample) {
    struct profile_sample_view top = *sample;
    for (top.frame_count = 0; top.frame_count < sample->frame_count; top.frame_count++) {
        if (is_managed(&sample->frames[top.frame_count])) {
            break;
        }
    }
    const struct profile_sample_view *const parts[] = {&top, sample};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (int least = FRAME_PROGRAM; least > FRAME_PLUMBING; least--) {
            const struct profile_frame *frame = innermost(parts[i], (enum frame_role)least);
            if (frame) {
                return frame;
            }
        }
    }
    return sample->frame_count > 0 ? &sample->frames[0] : &no_frame;
}

const struct profile_frame *analysis_site(const struct profile_sample_view *sample) {
    const struct profile_frame *best = NULL;
    enum frame_role best_role = FRAME_PLUMBING;
    for (size_t i = 0; i < sample->frame_count; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        enum frame_role role = *frame->function ? profile_frame_role(frame) : FRAME_PLUMBING;
        if (role == FRAME_PLUMBING || !is_managed(frame)) {
            continue;
        }
        if (strncmp(frame->function, "main.", strlen("main.")) == 0 && profile_frame_is_go(frame)) {
            return frame;
        }
        if (role > best_role) {
            best = frame;
            best_role = role;
        }
    }
    return best ? best : analysis_leaf(sample);
}
