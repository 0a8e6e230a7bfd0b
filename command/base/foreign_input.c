// foreign_input.c: files of other tools as inputs (foreign_input.h).
#include "foreign_input.h"
#include "../../foreign/foreign.h"
#include "diagnostic.h"
#include "recording.h"

#include <stdlib.h>

static int refuse(const struct options *options, const char *path, enum foreign_format format, const struct merge_fault *fault) {
    const char *name = foreign_name(format);
    switch (fault->error) {
    case MERGE_NO_MEMORY:
        return diagnostic_error(options->command, path, "%s", fault->text);
    case MERGE_TOO_LARGE:
        return diagnostic_error(options->command, path, "%s exceeds a limit (--max-size sets the inflated size): %s", name, fault->text);
    default:
        return diagnostic_error(options->command, path, "not a readable file, though it looks like %s: %s (byte %zu, inflated)", name,
                                fault->text, fault->offset);
    }
}

int foreign_input_replace(const struct options *options, const char *path, struct input *input) {
    enum foreign_format format = foreign_detect(input->bytes, input->size);
    struct merge_fault fault = {0};
    if (format == FOREIGN_NONE) {
        return STATUS_DONE;
    }
    if (foreign_hint(format)) {
        return diagnostic_error(options->command, path, "%s: %s", foreign_name(format), foreign_hint(format));
    }
    struct profile *profile = foreign_read(format, input->bytes, input->size, &options->limits, &fault);
    if (!profile) {
        return refuse(options, path, format, &fault);
    }
    int status = input_become(options, path, profile, input);
    options->recordings->foreign += status == STATUS_DONE;
    return status;
}
