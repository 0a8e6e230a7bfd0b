// reading.c: what a first walk over a recording's events finds (reading.h).
#include "reading.h"
#include "../base/vector.h"
#include "resync.h"

enum jfr_error jfr_reading_begin(struct jfr_reading *reading, struct jfr *jfr, struct jfr_chunk *chunk) {
    const char *fault;
    bool no_memory;
    *reading = (struct jfr_reading){.jfr = jfr, .chunk = chunk, .first = !jfr->read, .released = chunk->start, .last_ns = INT64_MIN};
    reading->metadata = jfr_metadata_of(jfr, chunk, &fault, &no_memory);
    reading->types = reading->metadata ? reading->metadata : &reading->numbers;
    reading->hopeless = !reading->metadata;
    reading->walk = jfr_walk(chunk);
    if (fault && !no_memory && reading->first) {
        // Of a chunk that is cut, the metadata may be what is missing: then its types have numbers.
        chunk->opaque = true;
        if (!chunk->cut) {
            jfr_damaged(jfr, chunk->offset, fault);
        }
    }
    return no_memory ? JFR_NO_MEMORY : JFR_OK;
}

// ---- Damage ----

static uint64_t offset_of(const struct jfr_reading *reading) {
    return reading->chunk->offset + (uint64_t)(reading->walk.event - reading->chunk->start);
}

// Goes on behind the current event, which cannot be read, or within the one before, where others can. Always further on than where the
// last one began. False: nowhere.
static bool pass_damage(struct jfr_reading *reading, const char *fault) {
    struct jfr_chunk *chunk = reading->chunk;
    struct jfr_walk *walk = &reading->walk;
    const uint8_t *from = reading->previous ? reading->previous : walk->event;
    const uint8_t *next = reading->hopeless || chunk->gap_count == JFR_MAX_GAPS ? NULL : jfr_resync(chunk, reading->metadata, from + 1);
    if (!next) {
        reading->hopeless = true;
        return false;
    }
    if (!VECTOR_RESERVE(chunk->gaps, chunk->gap_capacity, chunk->gap_count + 1)) {
        reading->no_memory = true;
        return false;
    }
    chunk->gaps[chunk->gap_count++] = (struct jfr_gap){walk->event, next};
    jfr_damaged(reading->jfr, offset_of(reading), fault);
    reading->jfr->about.lost_bytes += next > walk->event ? (uint64_t)(next - walk->event) : 0;
    reading->previous = NULL;
    *walk = (struct jfr_walk){.chunk = chunk, .at = next, .gap = chunk->gap_count};
    return true;
}

bool jfr_reading_resume(struct jfr_reading *reading) {
    const struct jfr_walk *walk = &reading->walk;
    bool damaged = walk->fault || (reading->chunk->cut && walk->event < reading->chunk->end);
    return damaged && pass_damage(reading, walk->fault ? walk->fault : "an event beyond the end of its chunk");
}

// The JDK's reader passes over such an event by its size. If nothing that can be read follows there, the size is wrong, or the one before.
bool jfr_reading_unknown(struct jfr_reading *reading) {
    struct jfr_walk *walk = &reading->walk;
    bool own = walk->type == JFR_TYPE_METADATA || walk->type == JFR_TYPE_CHECKPOINT;
    bool doubtful = !own && !reading->hopeless && !reading->chunk->cut && walk->at < reading->chunk->end &&
                    !jfr_events_follow(reading->chunk, reading->metadata, walk->at);
    if (doubtful && pass_damage(reading, "an event of a type that is not in the metadata")) {
        return false;
    }
    reading->class = jfr_metadata_add(reading->types, walk->type);
    if (reading->class == JFR_NO_CLASS) {
        walk->fault = "more types of events than can be counted";
    }
    return reading->class != JFR_NO_CLASS;
}

// ---- Times ----

void jfr_reading_time(struct jfr_reading *reading) {
    const struct jfr_class *class = &reading->types->classes[reading->class];
    const struct jfr_member *member = jfr_members(reading->types, class);
    struct jfr_cursor cursor = reading->walk.body;
    if (class->event && member && member->content == JFR_INSTANT && member->clock == JFR_CLOCK_TICKS && !member->pool) {
        int64_t time = jfr_chunk_time_ns(reading->chunk, (int64_t)jfr_number(&cursor, 8));
        reading->last_ns = time > reading->last_ns ? time : reading->last_ns;
    }
}

static void take_times(struct jfr_times *times, const struct jfr_chunk *chunk, int64_t last_event_ns) {
    int64_t end;
    if (chunk->duration_ns < 0 || __builtin_add_overflow(chunk->start_ns, chunk->duration_ns, &end)) {
        return;
    }
    if (chunk->cut && last_event_ns > end) { // its header was written before its end was known
        end = last_event_ns;
    }
    times->first = !times->known || chunk->start_ns < times->first ? chunk->start_ns : times->first;
    times->last = !times->known || end > times->last ? end : times->last;
    times->known = true;
}

// ---- Ends ----

static void note_end(struct jfr_reading *reading) {
    struct jfr_chunk *chunk = reading->chunk;
    const struct jfr_walk *walk = &reading->walk;
    struct jfr_about *about = &reading->jfr->about;
    about->cut_at = chunk->offset + (uint64_t)(chunk->end - chunk->start);
    if (walk->fault) {
        jfr_damaged(reading->jfr, offset_of(reading), walk->fault);
        about->lost_bytes += (uint64_t)(chunk->end - walk->event);
        chunk->events_end = walk->event; // what was read; metadata and constants may be behind
    } else if (chunk->cut && walk->event < chunk->end) {
        about->cut_at = offset_of(reading);
    }
    take_times(&reading->jfr->times, chunk, reading->last_ns);
}

enum jfr_error jfr_reading_end(struct jfr_reading *reading) {
    bool ok = !reading->no_memory;
    if (reading->first && ok) {
        note_end(reading);
        ok = jfr_types_add(reading->jfr, reading->chunk, reading->types);
    }
    jfr_metadata_free(&reading->numbers);
    return ok ? JFR_OK : JFR_NO_MEMORY;
}

enum jfr_error jfr_reading_done(struct jfr *jfr) {
    jfr->read = true;
    jfr->about.start_ns = jfr->times.first;
    if (__builtin_sub_overflow(jfr->times.last, jfr->times.first, &jfr->about.duration_ns)) {
        jfr->about.duration_ns = 0;
    }
    return jfr_types_sort(jfr) ? JFR_OK : JFR_NO_MEMORY;
}

enum jfr_error jfr_reading_count(struct jfr *jfr) {
    enum jfr_error error = JFR_OK;
    for (size_t i = 0; i < jfr->about.chunks && error == JFR_OK; i++) {
        struct jfr_reading reading;
        error = jfr_reading_begin(&reading, jfr, &jfr->chunks[i]);
        while (error == JFR_OK && jfr_reading_next(&reading)) {
        }
        jfr_release(jfr, reading.released, jfr->chunks[i].end);
        enum jfr_error end = jfr_reading_end(&reading);
        error = error == JFR_OK ? end : error;
    }
    return error == JFR_OK ? jfr_reading_done(jfr) : error;
}
