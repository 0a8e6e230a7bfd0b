// resync.c: finds events behind damage (resync.h).
#include "resync.h"

// A long event began before its chunk; the chunk of a JVM that was killed does not know its end.
enum { NEAR_SECONDS = 3600, UNFINISHED_SECONDS = 366 * 24 * 3600 };

static bool is_near(const struct jfr_chunk *chunk, int64_t ticks) {
    __int128 seconds = chunk->ticks_per_second, from = chunk->start_ticks - NEAR_SECONDS * seconds;
    __int128 length = chunk->duration_ns > 0 ? (__int128)chunk->duration_ns * seconds / 1000000000 : 0;
    __int128 to = chunk->start_ticks + length + (chunk->cut ? UNFINISHED_SECONDS : NEAR_SECONDS) * seconds;
    return ticks >= from && ticks <= to;
}

// Whether an event could begin there; *at moves behind it. *timed counts those that have a time.
static bool pass_event(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, const uint8_t **at, int *timed) {
    struct jfr_cursor cursor = {*at, chunk->end, chunk->fixed, false};
    uint64_t size = jfr_number(&cursor, 4);
    int64_t type = (int64_t)jfr_number(&cursor, 8);
    if (cursor.failed || size < (uint64_t)(cursor.at - *at) || size > (uint64_t)(chunk->end - *at)) {
        return false;
    }
    bool own = type == JFR_TYPE_METADATA || type == JFR_TYPE_CHECKPOINT; // they begin with a time, too
    uint32_t index = own ? JFR_NO_CLASS : jfr_metadata_type(metadata, type);
    const struct jfr_class *class = index != JFR_NO_CLASS ? &metadata->classes[index] : NULL;
    if (!own && !(class && class->name && class->event)) {
        return false;
    }
    const struct jfr_member *first = class ? jfr_members(metadata, class) : NULL;
    if (own || (first && first->content == JFR_INSTANT && first->clock == JFR_CLOCK_TICKS && !first->pool && !first->array)) {
        cursor.end = *at + size;
        int64_t ticks = (int64_t)jfr_number(&cursor, 8);
        if (cursor.failed || !is_near(chunk, ticks)) {
            return false;
        }
        ++*timed;
    }
    *at += size;
    return true;
}

bool jfr_events_follow(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, const uint8_t *at) {
    int timed = 0;
    for (int i = 0; i < JFR_RESYNC_EVENTS && timed < JFR_RESYNC_TIMED; i++) {
        if (at == chunk->end && !chunk->cut) {
            return timed > 0;
        }
        if (!pass_event(chunk, metadata, &at, &timed)) {
            return false;
        }
    }
    return timed == JFR_RESYNC_TIMED;
}

const uint8_t *jfr_resync(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, const uint8_t *from) {
    for (; from < chunk->end; from++) {
        if (jfr_events_follow(chunk, metadata, from)) {
            return from;
        }
    }
    return NULL;
}
