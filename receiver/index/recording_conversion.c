// recording_conversion.c: conversions of recordings, and their cache (recording_conversion.h).
#include "recording_conversion.h"
#include "catalog.h"
#include "recording_profile.h"

#include <stdlib.h>
#include <string.h>

struct key {
    int64_t id, step_ns;
    char name[CATALOG_NAME_MAX_BYTES + 1];
};

// *memory: the figures, then the profile.
static enum receiver_error convert(int64_t step_ns, const void *bytes, size_t size, void **memory, size_t *memory_size, char *text,
                                   size_t text_size) {
    struct recording_figures figures;
    struct jfr *jfr;
    uint8_t *profile = NULL;
    size_t profile_size = 0;
    *memory = NULL;
    enum receiver_error error = recording_open(bytes, size, &jfr, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    error = recording_figures_read(jfr, &figures);
    error = error == RECEIVER_OK ? recording_profile(jfr, step_ns, &profile, &profile_size) : error;
    jfr_close(jfr);
    if (error == RECEIVER_OK) {
        *memory_size = sizeof figures + profile_size;
        *memory = malloc(*memory_size);
        error = *memory ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    if (*memory) {
        memcpy(*memory, &figures, sizeof figures);
        memcpy((uint8_t *)*memory + sizeof figures, profile, profile_size);
    }
    free(profile);
    return error;
}

enum receiver_error conversion_of(struct cache *cache, const struct conversion_key *of, const void *bytes, size_t size,
                                  struct conversion *conversion, char *text, size_t text_size) {
    struct key key;
    void *memory;
    size_t memory_size;
    memset(&key, 0, sizeof key); // also what pads it
    key.id = of->id;
    key.step_ns = of->step_ns;
    bool named = strlen(of->name) < sizeof key.name;
    if (named) {
        memcpy(key.name, of->name, strlen(of->name));
    }
    if (!cache || !named || !cache_get(cache, &key, sizeof key, &memory, &memory_size)) {
        enum receiver_error error = convert(of->step_ns, bytes, size, &memory, &memory_size, text, text_size);
        if (error != RECEIVER_OK) {
            return error;
        }
        if (cache && named) {
            cache_put(cache, &key, sizeof key, memory, memory_size);
        }
    }
    memcpy(&conversion->figures, memory, sizeof conversion->figures);
    conversion->profile = (uint8_t *)memory + sizeof conversion->figures;
    conversion->profile_size = memory_size - sizeof conversion->figures;
    conversion->memory = memory;
    return RECEIVER_OK;
}

void conversion_free(struct conversion *conversion) {
    free(conversion->memory);
}
