// analysis_site.c: telling frames (analysis_site.h).
#include "analysis_site.h"

#include <string.h>

static const struct profile_frame no_frame = {.function = "", .file = "", .mapping_file = ""};

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_allocator(const char *function) {
    static const char *const names[] = {"malloc",    "calloc",   "realloc",     "reallocarray", "posix_memalign", "aligned_alloc",
                                        "memalign",  "valloc",   "pvalloc",     "strdup",       "strndup",        "asprintf",
                                        "vasprintf", "__strdup", "_int_malloc", "x_cgo_malloc"};
    static const char *const starts[] = {"operator new", "_Zn", "cmemprof_", "_cgo_", "runtime.", "__libc_", "__GI_"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(function, names[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (starts_with(function, starts[i])) {
            return true;
        }
    }
    return strstr(function, "_Cfunc_");
}

const struct profile_frame *analysis_leaf(const struct profile_sample_view *sample) {
    for (size_t i = 0; i < sample->frame_count; i++) {
        if (*sample->frames[i].function && !is_allocator(sample->frames[i].function)) {
            return &sample->frames[i];
        }
    }
    return sample->frame_count > 0 ? &sample->frames[0] : &no_frame;
}

// Of Python and Node: no installed package.
static bool is_own_script(const struct profile_frame *frame) {
    return !strstr(frame->file, "-packages/") && !strstr(frame->file, "/node_modules/");
}

const struct profile_frame *analysis_site(const struct profile_sample_view *sample) {
    const struct profile_frame *innermost = NULL;
    for (size_t i = 0; i < sample->frame_count; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        const char *kind = view_frame_kind(frame);
        bool go = strcmp(kind, "go") == 0, script = strcmp(kind, "python") == 0 || strcmp(kind, "node") == 0;
        if (go && starts_with(frame->function, "main.") && !is_allocator(frame->function)) {
            return frame;
        }
        if (!innermost && ((go && !is_allocator(frame->function)) || (script && is_own_script(frame)))) {
            innermost = frame;
        }
    }
    return innermost ? innermost : analysis_leaf(sample);
}
