// recording.c: opens recordings: inflates, finds the chunks (jfr.h).
#include "recording.h"
#include "../base/vector.h"
#include "../merge/merge.h"
#include "reading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *jfr_error_text(enum jfr_error error) {
    static const char *const texts[JFR_ERROR_COUNT] = {"ok",
                                                       "out of memory",
                                                       "not a recording",
                                                       "damaged recording",
                                                       "damaged or truncated compression",
                                                       "recording exceeds the limit",
                                                       "cannot be read"};
    return error < JFR_ERROR_COUNT ? texts[error] : "unknown error";
}

void jfr_damaged(struct jfr *jfr, uint64_t offset, const char *text) {
    if (jfr->about.damages++ == 0 || offset < jfr->about.damage.offset) {
        jfr->about.damage.error = JFR_DAMAGED;
        jfr->about.damage.offset = offset;
        snprintf(jfr->about.damage.text, sizeof jfr->about.damage.text, "%s", text);
    }
}

static struct jfr *fail(struct jfr *jfr, struct jfr_fault *fault, enum jfr_error error, uint64_t offset, const char *text) {
    if (fault) {
        *fault = (struct jfr_fault){.error = error, .offset = offset};
        snprintf(fault->text, sizeof fault->text, "%s", text ? text : jfr_error_text(error));
    }
    jfr_close(jfr);
    return NULL;
}

void jfr_close(struct jfr *jfr) {
    if (!jfr) {
        return;
    }
    free(jfr->inflated);
    free(jfr->piped);
    merge_budget_give(jfr->counted);
    if (jfr->mapped) {
        munmap(jfr->mapped, jfr->mapped_size);
    }
    for (size_t i = 0; i < jfr->about.chunks; i++) {
        free(jfr->chunks[i].gaps);
    }
    free(jfr->chunks);
    free(jfr->types);
    intern_free(&jfr->names);
    jfr_arena_free(&jfr->arena);
    string_table_free(&jfr->texts);
    jfr_metadata_free(&jfr->metadata);
    free(jfr);
}

void jfr_release(const struct jfr *jfr, const uint8_t *from, const uint8_t *to) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)from + page - 1) & ~(page - 1);
    uintptr_t last = (uintptr_t)to & ~(page - 1);
    if (jfr->mapped && !jfr->inflated && first < last) { // memory of our own would be cleared
        madvise((void *)first, last - first, MADV_DONTNEED);
    }
}

// ---- Metadata ----

// What of a metadata event does not depend on when it was written: all behind its times. Returns 0 if that cannot be told.
static size_t lasting_part(const uint8_t *event, const struct jfr_chunk *chunk, const uint8_t **at) {
    struct jfr_cursor cursor = {event, chunk->end, chunk->fixed, false};
    uint64_t size = jfr_number(&cursor, 4);
    for (int i = 0; i < 4; i++) { // type, start, duration, id
        jfr_number(&cursor, 8);
    }
    *at = cursor.at;
    bool fits = !cursor.failed && size <= (uint64_t)(chunk->end - event) && size > (uint64_t)(cursor.at - event);
    return fits ? size - (size_t)(cursor.at - event) : 0;
}

struct jfr_metadata *jfr_metadata_of(struct jfr *jfr, const struct jfr_chunk *chunk, const char **fault, bool *no_memory) {
    const uint8_t *event = jfr_chunk_find_metadata(chunk), *at = NULL;
    size_t size = event ? lasting_part(event, chunk, &at) : 0;
    *fault = NULL;
    *no_memory = false;
    bool same = size > 0 && jfr->metadata_at && jfr->metadata.fixed == chunk->fixed && jfr->metadata_size == size &&
                jfr->metadata.count == jfr->metadata_classes && (jfr->metadata_at == at || memcmp(jfr->metadata_at, at, size) == 0);
    if (!same) {
        jfr_metadata_free(&jfr->metadata);
        jfr->metadata_at = NULL;
        *fault = event ? jfr_metadata_read(&jfr->metadata, (struct jfr_cursor){event, chunk->end, chunk->fixed, false}, no_memory)
                       : "no metadata";
    }
    if (*fault) {
        return NULL;
    }
    if (!same) { // counted with the others, so that they are no news
        jfr_metadata_add(&jfr->metadata, JFR_TYPE_METADATA);
        jfr_metadata_add(&jfr->metadata, JFR_TYPE_CHECKPOINT);
    }
    jfr->metadata_at = size > 0 ? at : NULL;
    jfr->metadata_size = size;
    jfr->metadata_classes = jfr->metadata.count;
    for (size_t i = 0; i < jfr->metadata.count; i++) {
        struct jfr_class *class = &jfr->metadata.classes[i];
        class->events = class->bytes = 0;
        class->skip = 0;
    }
    jfr->metadata.op_count = jfr->metadata.visits = 0; // programs are made anew: those of plans would pile up
    return &jfr->metadata;
}

// ---- Chunks ----

static enum jfr_error find_chunks(struct jfr *jfr) {
    for (size_t at = 0; at < jfr->size;) {
        struct jfr_chunk chunk;
        const char *fault = jfr_chunk_read(&chunk, jfr->bytes + at, jfr->size - at, at);
        bool tail = jfr->about.chunks > 0 && jfr->size - at < JFR_HEADER_BYTES;
        if (fault) {
            jfr->about.truncated = jfr->about.truncated || tail;
            if (!tail) {
                jfr_damaged(jfr, at, fault);
            }
            const uint8_t *next = tail ? NULL : jfr_chunk_search(jfr->bytes + at + 1, jfr->bytes + jfr->size);
            if (!next) {
                break;
            }
            at = (size_t)(next - jfr->bytes);
            continue;
        }
        bool sized = chunk.metadata != 0;
        if (jfr_chunk_end_at_next(&chunk) && sized) {
            jfr_damaged(jfr, at, "a chunk that is shorter than its header says");
        }
        if (!VECTOR_RESERVE(jfr->chunks, jfr->chunk_capacity, jfr->about.chunks + 1)) {
            return JFR_NO_MEMORY;
        }
        jfr->chunks[jfr->about.chunks++] = chunk;
        jfr->about.truncated = chunk.cut && chunk.end == jfr->bytes + jfr->size;
        jfr_release(jfr, chunk.start, chunk.end);
        at = (size_t)(chunk.end - jfr->bytes);
    }
    if (jfr->about.chunks > 0) {
        jfr->about.major = jfr->chunks[0].major;
        jfr->about.minor = jfr->chunks[0].minor;
    }
    return JFR_OK;
}

// ---- Open ----

bool jfr_is_recording(const void *bytes, size_t size) {
    return size >= 4 && memcmp(bytes, "FLR\0", 4) == 0;
}

static struct jfr *open_bytes(struct jfr *jfr, const void *bytes, size_t size, size_t max_bytes, bool count, struct jfr_fault *fault) {
    size_t max = max_bytes > 0 ? max_bytes : (size_t)JFR_DEFAULT_MAX_MIB << 20;
    jfr->seed = intern_seed();
    if (!string_table_init(&jfr->texts)) {
        return fail(jfr, fault, JFR_NO_MEMORY, 0, NULL);
    }
    if (jfr_is_recording(bytes, size)) {
        jfr->bytes = bytes;
        jfr->size = size;
    } else {
        struct merge_fault inflate = {0};
        struct merge_limits limits = merge_default_limits;
        limits.input_bytes = max;
        enum merge_error error = merge_inflate_limited(bytes, size, &limits, &jfr->inflated, &jfr->size, &inflate);
        if (error != MERGE_OK) {
            return fail(jfr, fault,
                        error == MERGE_NO_MEMORY   ? JFR_NO_MEMORY
                        : error == MERGE_TOO_LARGE ? JFR_TOO_LARGE
                                                   : JFR_BAD_COMPRESSION,
                        inflate.offset, *inflate.text ? inflate.text : merge_error_text(error));
        }
        if (!merge_budget_take(jfr->size)) {
            return fail(jfr, fault, JFR_NO_MEMORY, 0, NULL);
        }
        jfr->counted = jfr->size;
        jfr->bytes = jfr->inflated;
    }
    if (jfr->size > max) {
        return fail(jfr, fault, JFR_TOO_LARGE, 0, NULL);
    }
    jfr->about.bytes = jfr->size;
    enum jfr_error error = find_chunks(jfr);
    error = error == JFR_OK && count ? jfr_reading_count(jfr) : error;
    if (error != JFR_OK) {
        return fail(jfr, fault, error, 0, NULL);
    }
    if (jfr->about.chunks == 0) {
        bool empty = jfr->size == 0;
        struct jfr_fault damage = jfr->about.damage;
        return fail(jfr, fault,
                    empty || memcmp(jfr->bytes, "FLR\0", jfr->size < 4 ? jfr->size : 4) != 0 ? JFR_NOT_A_RECORDING : JFR_DAMAGED,
                    damage.offset, empty ? "it is empty" : damage.text);
    }
    return jfr;
}

static struct jfr *open_memory(const void *bytes, size_t size, size_t max_bytes, bool count, struct jfr_fault *fault) {
    struct jfr *jfr = calloc(1, sizeof *jfr);
    return jfr ? open_bytes(jfr, bytes, size, max_bytes, count, fault) : fail(NULL, fault, JFR_NO_MEMORY, 0, NULL);
}

// Of a pipe. One byte more than max: that it is too large is said where sizes are. False: errno says why.
static bool read_pipe(struct jfr *jfr, int file, size_t max, size_t *size) {
    enum { READ_BYTES = 1 << 20 };
    size_t capacity = 0;
    ssize_t got = 1;
    *size = 0;
    while (got != 0 && *size <= max) {
        if (!VECTOR_RESERVE(jfr->piped, capacity, *size + READ_BYTES)) {
            errno = ENOMEM;
            return false;
        }
        got = read(file, jfr->piped + *size, READ_BYTES);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        *size += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static struct jfr *refuse_file(struct jfr *jfr, struct jfr_fault *fault, int reason) {
    fail(jfr, fault, reason == ENOMEM ? JFR_NO_MEMORY : JFR_UNREADABLE, 0, strerror(reason));
    errno = reason;
    return NULL;
}

static struct jfr *open_file(const char *path, size_t max_bytes, bool count, struct jfr_fault *fault) {
    struct jfr *jfr = calloc(1, sizeof *jfr);
    int file = jfr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat about;
    if (!jfr) {
        return fail(NULL, fault, JFR_NO_MEMORY, 0, NULL);
    }
    if (file < 0 || fstat(file, &about) != 0) {
        int reason = errno;
        if (file >= 0) {
            close(file);
        }
        return refuse_file(jfr, fault, reason);
    }
    if (!S_ISREG(about.st_mode)) {
        size_t size, max = max_bytes > 0 ? max_bytes : (size_t)JFR_DEFAULT_MAX_MIB << 20;
        bool ok = read_pipe(jfr, file, max, &size);
        int reason = errno;
        close(file);
        return ok ? open_bytes(jfr, jfr->piped, size, max_bytes, count, fault) : refuse_file(jfr, fault, reason);
    }
    void *mapped = about.st_size > 0 ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
    int reason = errno;
    close(file);
    if (mapped == MAP_FAILED) {
        return refuse_file(jfr, fault, reason);
    }
    jfr->mapped = mapped;
    jfr->mapped_size = (size_t)about.st_size;
    jfr = open_bytes(jfr, mapped ? mapped : "", (size_t)about.st_size, max_bytes, count, fault);
    if (jfr && jfr->inflated) {
        munmap(jfr->mapped, jfr->mapped_size);
        jfr->mapped = NULL;
    }
    return jfr;
}

struct jfr *jfr_open(const void *bytes, size_t size, size_t max_bytes, struct jfr_fault *fault) {
    return open_memory(bytes, size, max_bytes, true, fault);
}

struct jfr *jfr_open_file(const char *path, size_t max_bytes, struct jfr_fault *fault) {
    return open_file(path, max_bytes, true, fault);
}

struct jfr *jfr_open_unread(const void *bytes, size_t size, size_t max_bytes, struct jfr_fault *fault) {
    return open_memory(bytes, size, max_bytes, false, fault);
}

struct jfr *jfr_open_file_unread(const char *path, size_t max_bytes, struct jfr_fault *fault) {
    return open_file(path, max_bytes, false, fault);
}

const struct jfr_about *jfr_about(const struct jfr *jfr) {
    return &jfr->about;
}
