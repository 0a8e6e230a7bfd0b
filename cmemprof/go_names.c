// go_names.c (naming): see go_names.h.

#include "go_names.h"

#include <stdlib.h>
#include <string.h>

#include "../merge/memory.h"

static bool add_up(const struct cmemprof_go_names *given) {
    uint64_t total = 0;
    for (size_t i = 0; i < given->address_count; i++) {
        total += given->frame_counts[i];
    }
    return total <= given->frame_count;
}

enum cmemprof_error go_names_open(struct go_names *names, const struct cmemprof_go_names *given) {
    *names = (struct go_names){.given = given};
    if (!given) {
        return CMEMPROF_OK;
    }
    if (!add_up(given)) {
        return CMEMPROF_BAD_NAMES;
    }
    uint32_t at = 0;
    names->first = memory_take((given->address_count + 1) * sizeof *names->first);
    for (size_t i = 0; names->first && i < given->address_count; i++) {
        names->first[i] = at;
        at += given->frame_counts[i];
    }
    return names->first ? CMEMPROF_OK : CMEMPROF_NO_MEMORY;
}

void go_names_close(struct go_names *names) {
    memory_free(names->first);
    names->first = NULL;
}

// Names are slices of one text; the profile needs strings. Bad offsets give "".
static char *piece(const struct cmemprof_go_names *given, uint32_t offset, uint32_t length) {
    return offset <= given->text_size && length <= given->text_size - offset ? strndup(given->text + offset, length) : strdup("");
}

static uint32_t function_of(const struct go_names *names, struct profile *profile, const struct cmemprof_go_frame *frame,
                            enum location_kind *kind) {
    char *function = piece(names->given, frame->function_offset, frame->function_length);
    char *file = piece(names->given, frame->file_offset, frame->file_length);
    uint32_t id = 0;
    if (function && file) {
        id = profile_add_function(profile, &(struct profile_function){function, function, file, frame->start_line});
        *kind = location_kind_of_go(*kind, function);
    }
    free(function);
    free(file);
    return id;
}

size_t go_names_lines(const struct go_names *names, struct profile *profile, size_t index, struct profile_line *lines,
                      enum location_kind *kind) {
    *kind = LOCATION_GO_RUNTIME;
    if (!names->given || index >= names->given->address_count) {
        return 0;
    }
    size_t count = names->given->frame_counts[index];
    count = count < GO_NAMES_MAX_LINES ? count : GO_NAMES_MAX_LINES;
    for (size_t i = 0; i < count; i++) {
        const struct cmemprof_go_frame *frame = &names->given->frames[names->first[index] + i];
        lines[i] = (struct profile_line){function_of(names, profile, frame, kind), frame->line, 0};
    }
    return count;
}
