// pairs_file.c: see pairs_file.h.
#include "pairs_file.h"
#include "diagnostic.h"
#include "input.h"

#include <stdlib.h>

int pairs_file_read(const char *command, const char *path, struct owner_pairs **pairs) {
    char fault[120];
    const struct options options = {.command = command, .limits = {.input_bytes = OWNER_PAIRS_MAX_BYTES}};
    struct input input;
    *pairs = *pairs ? *pairs : owner_pairs_new();
    int status = *pairs ? input_read_raw(&options, path, &input) : diagnostic_error(command, NULL, "no memory");
    if (status != STATUS_DONE) {
        return status;
    }
    bool ok = owner_pairs_add(*pairs, (const char *)input.bytes, input.size, fault, sizeof fault);
    free(input.bytes);
    return ok ? STATUS_DONE : diagnostic_error(command, input_name(path), "%s", fault);
}
