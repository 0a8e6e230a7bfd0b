// site.c: picks telling frames (site.h).
#include "site.h"

#include <string.h>

static const struct profile_frame no_frame = {.function = "", .file = "", .mapping_file = ""};

// Code in a garbage-collected language: it asked for the C memory at the leaf end.
static bool is_managed(const struct profile_frame *frame) {
    const char *kind = view_frame_kind(frame);
    return strcmp(kind, "c") != 0 && strcmp(kind, "c_runtime") != 0;
}

static struct site_frame look_at(const struct profile_frame *frame) {
    struct site_frame seen = {frame->function, frame->file, frame->mapping_file, FRAME_PLUMBING, is_managed(frame)};
    seen.role = *frame->function ? profile_frame_role(frame) : FRAME_PLUMBING;
    return seen;
}

static struct site_frame recall(const struct profile_frame *frame, struct site_memo *memo) {
    if (!memo) {
        return look_at(frame);
    }
    uint64_t hash = (uintptr_t)frame->function * UINT64_C(0x9e3779b97f4a7c15) + (uintptr_t)frame->file + (uintptr_t)frame->mapping_file;
    struct site_frame *known = &memo->frames[(hash >> 40 ^ hash >> 20) % SITE_MEMO_FRAMES];
    if (known->function != frame->function || known->file != frame->file || known->mapping_file != frame->mapping_file) {
        *known = look_at(frame);
    }
    return *known;
}

// C that Go called is told by C frames, so all of them come before the first Go frame.
static const struct profile_frame *leaf_of(const struct profile_sample_view *sample, struct site_memo *memo) {
    const struct profile_frame *best[2] = {NULL, NULL}; // of C at the leaf end; of all
    enum frame_role roles[2] = {FRAME_PLUMBING, FRAME_PLUMBING};
    bool on_top = true;
    for (size_t i = 0; i < sample->frame_count; i++) {
        struct site_frame frame = recall(&sample->frames[i], memo);
        on_top = on_top && !frame.managed;
        for (size_t of = on_top ? 0 : 1; of < 2; of++) {
            if (frame.role > roles[of]) {
                roles[of] = frame.role;
                best[of] = &sample->frames[i];
            }
        }
    }
    const struct profile_frame *found = best[0] ? best[0] : best[1];
    return found ? found : sample->frame_count > 0 ? &sample->frames[0] : &no_frame;
}

const struct profile_frame *site_leaf(const struct profile_sample_view *sample) {
    return leaf_of(sample, NULL);
}

const struct profile_frame *site_of_stack(const struct profile_sample_view *sample, struct site_memo *memo) {
    const struct profile_frame *best = NULL;
    enum frame_role best_role = FRAME_PLUMBING;
    for (size_t i = 0; i < sample->frame_count; i++) {
        struct site_frame frame = recall(&sample->frames[i], memo);
        if (frame.managed && frame.role > best_role) {
            best = &sample->frames[i];
            best_role = frame.role;
        }
    }
    return best ? best : leaf_of(sample, memo);
}
