// deflate_recipe.c: see deflate_recipe.h.
//
// A recipe is a row of numbers (varints) and texts (their length, then their bytes):
//
//     gzip header (text), compressor, blocks, the inflated size of each block, headers of blocks (text), differences to the end
//
// A difference is: how many guessed matches hold, how many do not, how many others there are; these as the distance of their place from the
// end of the one before, length less 3, distance less 1.
#include "deflate_recipe.h"
#include "numbers.h"

#include <libdeflate.h>

enum { GZIP_HEADER = 10, GZIP_TRAILER = 8, MAX_SHARE = 8 };

// ---- Making ----

// The size of the header of a gzip file. 0: it is none, or has more in it than a name.
static size_t header_size(const uint8_t *bytes, size_t size) {
    if (size < GZIP_HEADER + GZIP_TRAILER || bytes[0] != 0x1f || bytes[1] != 0x8b || bytes[2] != 8 || (bytes[3] & ~8)) {
        return 0;
    }
    if (!(bytes[3] & 8)) {
        return GZIP_HEADER;
    }
    const uint8_t *end = memchr(bytes + GZIP_HEADER, 0, size - GZIP_HEADER);
    return end ? (size_t)(end + 1 - bytes) : 0;
}

static void put_trailer(struct bit_writer *out, const uint8_t *plain, size_t size) {
    bits_put(out, libdeflate_crc32(0, plain, size), 32);
    bits_put(out, (uint32_t)size, 32);
}

static bool is_same(const struct deflate_match *a, const struct deflate_match *b) {
    return a->at == b->at && a->length == b->length && a->distance1 == b->distance1;
}

static void put_differences(struct bit_writer *out, const struct deflate_matches *guessed, const struct deflate_matches *matches) {
    size_t g = 0, m = 0;
    uint32_t end = 0;
    while (g < guessed->count || m < matches->count) {
        size_t same = 0, wrong = 0, others = 0;
        for (; g < guessed->count && m < matches->count && is_same(&guessed->list[g], &matches->list[m]); g++, m++) {
            same++;
        }
        if (same > 0) {
            end = matches->list[m - 1].at + matches->list[m - 1].length;
        }
        size_t first = m;
        // Until a place at which both have the same.
        while (g < guessed->count || m < matches->count) {
            uint32_t guess_at = g < guessed->count ? guessed->list[g].at : UINT32_MAX,
                     at = m < matches->count ? matches->list[m].at : UINT32_MAX;
            if (guess_at == at && is_same(&guessed->list[g], &matches->list[m])) {
                break;
            }
            wrong += guess_at <= at;
            g += guess_at <= at;
            others += at <= guess_at;
            m += at <= guess_at;
        }
        if (g == guessed->count && m == matches->count && wrong == 0 && others == 0) {
            break; // the rest of the guess holds
        }
        numbers_put(out, same);
        numbers_put(out, wrong);
        numbers_put(out, others);
        for (size_t i = first; i < m; i++) {
            const struct deflate_match *match = &matches->list[i];
            numbers_put(out, match->at - end);
            numbers_put(out, match->length - 3U);
            numbers_put(out, match->distance1);
            end = match->at + match->length;
        }
    }
}

static void put_recipe(struct bit_writer *out, const uint8_t *header, size_t size, enum deflate_writer writer,
                       const struct deflate_stream *stream, const struct deflate_matches *guessed) {
    numbers_put_text(out, header, size);
    numbers_put(out, (uint64_t)writer);
    numbers_put(out, stream->block_count);
    for (size_t i = 0; i < stream->block_count; i++) {
        numbers_put(out, stream->blocks[i]);
    }
    numbers_put_text(out, stream->headers.bytes, stream->headers.size);
    put_differences(out, guessed, &stream->matches);
}

// What a guess may do, here and then each time the bytes as they came are asked for: a compressor that takes more is passed over.
// Profiles take 1 to 4 for each byte, scripts 47 by zlib 9, and what is made for it 780.
enum { STEPS_PER_BYTE = 16, STEPS_FREE = 1 << 24 };

// Tries all, the hint first, until one is right but for a few matches.
static enum receiver_error choose(const uint8_t *header, size_t size, const struct deflate_stream *stream, enum deflate_writer *hint,
                                  const atomic_bool *stop, struct bit_writer *recipe) {
    enum deflate_writer first = *hint;
    size_t best = SIZE_MAX;
    for (int i = 0; i < DEFLATE_WRITERS && best > stream->headers.size + size + stream->plain_size / 1000 + 64; i++) {
        enum deflate_writer writer = (enum deflate_writer)((first + i) % DEFLATE_WRITERS);
        struct deflate_matches guessed = {0};
        struct bit_writer tried = {0};
        struct deflate_effort effort = {STEPS_FREE + (uint64_t)STEPS_PER_BYTE * stream->plain_size, stop};
        enum receiver_error error = deflate_guess(writer, stream->plain, stream->plain_size, &effort, &guessed);
        if (error == RECEIVER_OK) {
            put_recipe(&tried, header, size, writer, stream, &guessed);
            error = tried.failed ? RECEIVER_NO_MEMORY : RECEIVER_OK;
        }
        free(guessed.list);
        if (error != RECEIVER_OK) {
            free(tried.bytes);
            if (error == RECEIVER_TOO_LARGE) {
                continue;
            }
            return error;
        }
        if (tried.size < best) {
            best = tried.size;
            *hint = writer;
            free(recipe->bytes);
            *recipe = tried;
        } else {
            free(tried.bytes);
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error check(const uint8_t *bytes, size_t size, const struct deflate_stream *stream, const struct bit_writer *recipe) {
    struct bit_writer again = {0};
    enum receiver_error error = deflate_recipe_follow(stream->plain, stream->plain_size, recipe->bytes, recipe->size, &again);
    if (error == RECEIVER_OK) {
        error = again.size == size && memcmp(again.bytes, bytes, size) == 0 ? RECEIVER_OK : RECEIVER_NOT_FOUND;
    }
    free(again.bytes);
    return error == RECEIVER_DAMAGED ? RECEIVER_NOT_FOUND : error;
}

enum receiver_error deflate_recipe_make(const uint8_t *bytes, size_t size, size_t plain_max, enum deflate_writer *hint,
                                        const atomic_bool *stop, uint8_t **plain, size_t *plain_size, struct bit_writer *recipe) {
    struct deflate_stream stream = {0};
    size_t header = header_size(bytes, size), used = 0;
    *recipe = (struct bit_writer){0};
    if (header == 0) {
        return RECEIVER_NOT_FOUND;
    }
    enum receiver_error error = deflate_read(bytes + header, size - header, plain_max, &stream, &used);
    error = error == RECEIVER_BAD_UPLOAD ? RECEIVER_NOT_FOUND : error;
    if (error == RECEIVER_OK && used + header + GZIP_TRAILER != size) {
        error = RECEIVER_NOT_FOUND; // several members, or something behind
    }
    if (error == RECEIVER_OK) {
        error = choose(bytes, header, &stream, hint, stop, recipe);
    }
    if (error == RECEIVER_OK) {
        error = !recipe->bytes || recipe->size > size / MAX_SHARE + GZIP_HEADER + 200 ? RECEIVER_NOT_FOUND
                                                                                      : check(bytes, size, &stream, recipe);
    }
    if (error == RECEIVER_OK) {
        *plain = stream.plain;
        *plain_size = stream.plain_size;
        stream.plain = NULL;
    } else {
        free(recipe->bytes);
        *recipe = (struct bit_writer){0};
    }
    deflate_free(&stream);
    return error;
}

// ---- Following ----

// What is guessed, with the differences.
static enum receiver_error get_matches(struct numbers *in, const struct deflate_matches *guessed, size_t plain_size,
                                       struct deflate_matches *matches) {
    size_t g = 0;
    uint64_t end = 0;
    while (g < guessed->count || in->at < in->size) {
        bool rest = in->at == in->size;
        uint64_t same = rest ? guessed->count - g : numbers_get(in), wrong = rest ? 0 : numbers_get(in),
                 others = rest ? 0 : numbers_get(in);
        if (in->failed || same > guessed->count - g || wrong > guessed->count - g - same || others > in->size - in->at) {
            return RECEIVER_DAMAGED;
        }
        if (!VECTOR_RESERVE(matches->list, matches->capacity, matches->count + same + others + 1)) {
            return RECEIVER_NO_MEMORY;
        }
        if (same > 0) {
            memcpy(matches->list + matches->count, guessed->list + g, same * sizeof *matches->list);
            matches->count += same;
            const struct deflate_match *last = &matches->list[matches->count - 1];
            end = (uint64_t)last->at + last->length;
        }
        g += same + wrong;
        for (uint64_t i = 0; i < others; i++) {
            uint64_t at = end + numbers_get(in), length = numbers_get(in) + 3, distance1 = numbers_get(in);
            if (in->failed || at > plain_size || length > 258 || distance1 > 32767) {
                return RECEIVER_DAMAGED;
            }
            matches->list[matches->count++] = (struct deflate_match){(uint32_t)at, (uint16_t)length, (uint16_t)distance1};
            end = at + length;
        }
        if (same + wrong + others == 0) {
            return RECEIVER_DAMAGED;
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error get_blocks(struct numbers *in, size_t plain_size, uint32_t **blocks, size_t *count) {
    uint64_t wanted = numbers_get(in), sum = 0;
    if (in->failed || wanted > in->size - in->at) {
        return RECEIVER_DAMAGED;
    }
    *blocks = malloc(((size_t)wanted + 1) * sizeof **blocks);
    if (!*blocks) {
        return RECEIVER_NO_MEMORY;
    }
    for (*count = 0; *count < wanted; ++*count) {
        uint64_t size = numbers_get(in);
        sum += size <= plain_size ? size : plain_size + 1;
        if (in->failed || sum > plain_size) {
            return RECEIVER_DAMAGED;
        }
        (*blocks)[*count] = (uint32_t)size;
    }
    return RECEIVER_OK;
}

enum receiver_error deflate_recipe_follow(const uint8_t *plain, size_t plain_size, const uint8_t *recipe, size_t recipe_size,
                                          struct bit_writer *out) {
    struct numbers in = {.bytes = recipe, .size = recipe_size};
    struct deflate_matches guessed = {0}, matches = {0};
    size_t header_bytes, headers_bytes, count = 0;
    uint32_t *blocks = NULL;
    const uint8_t *header = numbers_get_text(&in, &header_bytes);
    uint64_t writer = numbers_get(&in);
    enum receiver_error error = in.failed || writer >= DEFLATE_WRITERS ? RECEIVER_DAMAGED : get_blocks(&in, plain_size, &blocks, &count);
    const uint8_t *headers = error == RECEIVER_OK ? numbers_get_text(&in, &headers_bytes) : NULL;
    if (error == RECEIVER_OK && in.failed) {
        error = RECEIVER_DAMAGED;
    }
    if (error == RECEIVER_OK) {
        error = deflate_guess((enum deflate_writer)writer, plain, plain_size, NULL, &guessed); // as much as when it was made
    }
    if (error == RECEIVER_OK) {
        error = get_matches(&in, &guessed, plain_size, &matches);
    }
    if (error == RECEIVER_OK) {
        numbers_put_bytes(out, header, header_bytes);
        error = deflate_write(plain, plain_size, &matches, blocks, count, headers, headers_bytes, out);
        put_trailer(out, plain, plain_size);
        error = out->failed ? RECEIVER_NO_MEMORY : error;
    }
    free(guessed.list);
    free(matches.list);
    free(blocks);
    return error;
}
