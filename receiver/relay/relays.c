// relays.c: starts and stops relays (relays.h).
#include "relays.h"
#include "../index/catalog_after.h"
#include "relay_state.h"

#include <stdio.h>

struct others {
    struct store *store;
    const struct receiver_options *options;
};

// Nothing waits unseen.
static void tell_other(void *context, const char *file, const struct relay_state *state) {
    const struct others *others = context;
    const char *directory = others->options->data_directory;
    size_t waiting = state->is_damaged ? 0 : catalog_count_after(store_catalog(others->store), state->cursor) + state->count;
    char line[900];
    if (state->is_damaged) {
        snprintf(line, sizeof line,
                 "%.400s/%.32s: of a target of --forward that is not of this start, and cannot be read: which uploads were not sent to it "
                 "is not known; if it is given again, all that are stored are; remove the file to forget it",
                 directory, file);
        others->options->on_message(line);
    } else if (waiting > 0) {
        snprintf(
            line, sizeof line,
            "forward to %.150s: no --forward of this start is this target, to which %zu stored uploads were not sent: they are if it is "
            "given again as it was, with the same --forward-header-file; remove %.400s/%.32s to forget them",
            *state->name ? state->name : "a target of an earlier version", waiting, directory, file);
        others->options->on_message(line);
    }
}

static void tell_others(struct store *store, const struct receiver_options *options) {
    const char *keys[RELAYS_MAX];
    for (size_t i = 0; i < options->target_count; i++) {
        keys[i] = options->targets[i]->key;
    }
    if (options->on_message) {
        relay_state_each_other(options->data_directory, keys, options->target_count, tell_other, &(struct others){store, options});
    }
}

bool relays_start(struct relays *relays, struct store *store, const struct receiver_options *options, char *text, size_t text_size) {
    if (options->target_count > RELAYS_MAX) {
        snprintf(text, text_size, "uploads are forwarded to %d targets at most", RELAYS_MAX);
        return false;
    }
    for (; relays->count < options->target_count; relays->count++) {
        relays->list[relays->count] = relay_start(store, options->data_directory, options->targets[relays->count], options->forward_age_ms,
                                                  options->on_message, text, text_size);
        if (!relays->list[relays->count]) {
            return false;
        }
    }
    tell_others(store, options);
    return true;
}

void relays_stop(struct relays *relays) {
    while (relays->count > 0) {
        relay_stop(relays->list[--relays->count]);
    }
}

void relays_write(const struct relays *relays, struct exposition *exposition) {
    if (relays->count > 0) {
        relay_write(relays->list, relays->count, exposition);
    }
}
