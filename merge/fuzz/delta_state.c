// delta_state.c: see delta_state.h.
#include "delta_state.h"

#include "../delta.h"

size_t delta_state_samples(const struct delta *delta) {
    return delta->known ? delta->known->samples.count : 0;
}
