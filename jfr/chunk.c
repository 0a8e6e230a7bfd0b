// chunk.c: headers of chunks, and their metadata (chunk.h).
#include "chunk.h"

const char *jfr_chunk_read(struct jfr_chunk *chunk, const uint8_t *bytes, size_t size, uint64_t offset) {
    *chunk = (struct jfr_chunk){.start = bytes, .offset = offset};
    if (size < JFR_HEADER_BYTES) {
        return "less than the header of a chunk";
    }
    if (memcmp(bytes, "FLR\0", 4) != 0) {
        return "no chunk";
    }
    uint64_t whole = jfr_big_endian(bytes + 8, 8);
    chunk->major = (uint16_t)jfr_big_endian(bytes + 4, 2);
    chunk->minor = (uint16_t)jfr_big_endian(bytes + 6, 2);
    chunk->checkpoint = jfr_big_endian(bytes + 16, 8);
    chunk->metadata = jfr_big_endian(bytes + 24, 8);
    chunk->start_ns = (int64_t)jfr_big_endian(bytes + 32, 8);
    chunk->duration_ns = (int64_t)jfr_big_endian(bytes + 40, 8);
    chunk->start_ticks = (int64_t)jfr_big_endian(bytes + 48, 8);
    chunk->ticks_per_second = (int64_t)jfr_big_endian(bytes + 56, 8);
    chunk->fixed = (bytes[67] & 1) == 0;
    bool unfinished = chunk->metadata == 0 && whole <= JFR_HEADER_BYTES;
    if (!unfinished && whole < JFR_HEADER_BYTES) {
        return "a chunk that is smaller than its header";
    }
    if (chunk->ticks_per_second <= 0) {
        return "a chunk whose clock does not tick";
    }
    chunk->cut = unfinished || whole > size;
    chunk->end = chunk->events_end = bytes + (chunk->cut ? size : whole);
    return NULL;
}

int64_t jfr_chunk_field_ns(const struct jfr_chunk *chunk, const struct jfr_member *member, int64_t number) {
    static const int64_t factors[] = {[JFR_CLOCK_NS] = 1, [JFR_CLOCK_US] = 1000, [JFR_CLOCK_MS] = 1000000, [JFR_CLOCK_S] = 1000000000};
    if (member->content != JFR_INSTANT && member->content != JFR_TIMESPAN) {
        return number;
    }
    if (member->clock == JFR_CLOCK_TICKS) {
        // The JVM's word for "none" and "for ever" stays what it is.
        return number == INT64_MIN || number == INT64_MAX ? number
               : member->content == JFR_INSTANT           ? jfr_chunk_time_ns(chunk, number)
                                                          : jfr_chunk_span_ns(chunk, number);
    }
    int64_t ns;
    return __builtin_mul_overflow(number, factors[member->clock], &ns) ? (number < 0 ? INT64_MIN : INT64_MAX) : ns;
}

struct jfr_chain jfr_chain(const struct jfr_chunk *chunk) {
    return (struct jfr_chain){
        .chunk = chunk, .at = chunk->events_end < chunk->end ? chunk->checkpoint : 0, .before = (uint64_t)(chunk->end - chunk->start)};
}

bool jfr_chain_next(struct jfr_chain *chain) {
    const struct jfr_chunk *chunk = chain->chunk;
    if (chain->at < (uint64_t)(chunk->events_end - chunk->start) || chain->at >= chain->before) {
        return false;
    }
    const uint8_t *event = chunk->start + chain->at;
    struct jfr_cursor cursor = {event, chunk->end, chunk->fixed, false};
    uint64_t size = jfr_number(&cursor, 4), type = jfr_number(&cursor, 8);
    if (cursor.failed || type != JFR_TYPE_CHECKPOINT || size > chain->before - chain->at || size < (uint64_t)(cursor.at - event)) {
        return false;
    }
    cursor.end = event + size;
    chain->body = cursor;
    jfr_number(&cursor, 8); // start
    jfr_number(&cursor, 8); // duration
    int64_t distance = (int64_t)jfr_number(&cursor, 8);
    chain->before = chain->at; // always back, and never the same bytes twice
    chain->at = distance < 0 && distance >= -(int64_t)chain->at ? chain->at - (uint64_t)-distance : 0;
    return true;
}

const uint8_t *jfr_chunk_search(const uint8_t *from, const uint8_t *end) {
    struct jfr_chunk chunk;
    const uint8_t *at = from;
    while (at < end && (at = memmem(at, (size_t)(end - at), "FLR\0", 4)) && jfr_chunk_read(&chunk, at, (size_t)(end - at), 0)) {
        at++;
    }
    return at < end ? at : NULL;
}

bool jfr_chunk_end_at_next(struct jfr_chunk *chunk) {
    struct jfr_chunk next;
    for (struct jfr_walk walk = jfr_walk(chunk); chunk->cut;) {
        bool more = jfr_walk_next(&walk);
        size_t left = (size_t)(chunk->end - walk.event);
        if (left >= JFR_HEADER_BYTES && memcmp(walk.event, "FLR\0", 4) == 0 && !jfr_chunk_read(&next, walk.event, left, 0)) {
            chunk->end = chunk->events_end = walk.event;
            return true;
        }
        if (!more) { // of what cannot be read, and may hide the next chunk
            const uint8_t *found = jfr_chunk_search(walk.event, chunk->end);
            chunk->end = chunk->events_end = found ? found : chunk->end;
            return found;
        }
    }
    return false;
}

const uint8_t *jfr_chunk_find_metadata(const struct jfr_chunk *chunk) {
    const uint8_t *at = NULL;
    if (chunk->metadata >= JFR_HEADER_BYTES && chunk->metadata < (uint64_t)(chunk->end - chunk->start)) {
        return chunk->start + chunk->metadata;
    }
    for (struct jfr_walk walk = jfr_walk(chunk); chunk->cut && jfr_walk_next(&walk);) {
        at = walk.type == JFR_TYPE_METADATA ? walk.event : at;
    }
    return at;
}

const char *jfr_chunk_metadata(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, bool *no_memory) {
    const uint8_t *at = jfr_chunk_find_metadata(chunk);
    *metadata = (struct jfr_metadata){0};
    *no_memory = false;
    return at ? jfr_metadata_read(metadata, (struct jfr_cursor){at, chunk->end, chunk->fixed, false}, no_memory) : "no metadata";
}
