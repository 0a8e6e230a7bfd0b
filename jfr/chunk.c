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
    chunk->end = bytes + (chunk->cut ? size : whole);
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
