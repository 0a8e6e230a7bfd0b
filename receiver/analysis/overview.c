// overview.c: the uploads of a selection from memory (overview.h).
#include "overview.h"
#include "../../base/vector.h"
#include "../index/catalog_row.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    const struct search *search;
    struct overview *overview;
    uint32_t *text_indices; // by string: its index among the texts; 0: none yet
    size_t capacity;        // of the texts
    bool no_memory;
};

static uint32_t text_of(struct reading *reading, uint32_t string) {
    struct overview *overview = reading->overview;
    const char *text = string_pool_text(&reading->search->strings, string);
    if (!text || reading->text_indices[string]) {
        return text ? reading->text_indices[string] : 0;
    }
    if (!VECTOR_RESERVE(overview->texts, reading->capacity, overview->text_count + 1)) {
        reading->no_memory = true;
        return 0;
    }
    char *copy = strdup(text);
    reading->no_memory |= !copy;
    if (copy) {
        overview->texts[overview->text_count++] = copy;
        reading->text_indices[string] = (uint32_t)overview->text_count;
    }
    return reading->text_indices[string];
}

static void take_row(struct reading *reading, size_t row) {
    struct search_row all = search_row_at(reading->search, row);
    const uint32_t *facets = all.set->facets;
    reading->overview->uploads[reading->overview->count++] = (struct overview_upload){.id = all.id,
                                                                                      .start_ms = all.start_ms,
                                                                                      .end_ms = all.end_ms,
                                                                                      .process = all.set->process,
                                                                                      .service = text_of(reading, facets[FACET_SERVICE]),
                                                                                      .env = text_of(reading, facets[FACET_ENV]),
                                                                                      .version = text_of(reading, facets[FACET_VERSION]),
                                                                                      .host = text_of(reading, facets[FACET_HOST]),
                                                                                      .language = text_of(reading, facets[FACET_LANGUAGE]),
                                                                                      .measured = all.measured,
                                                                                      .measures = all.measures};
}

// Under the lock.
static bool read_rows(struct reading *reading, const struct selection *selection, struct search_rest *rest) {
    const struct search *search = reading->search;
    struct overview *overview = reading->overview;
    uint32_t *rows;
    size_t count, beyond;
    if (!search_rows(search, selection, rest, OVERVIEW_MAX_UPLOADS, &rows, &count, &beyond)) {
        return false;
    }
    overview->left_out = beyond + rest->not_looked_at;
    overview->uploads = malloc((count + 1) * sizeof *overview->uploads);
    reading->text_indices = calloc((size_t)search->strings.end + 1, sizeof *reading->text_indices);
    reading->no_memory = !overview->uploads || !reading->text_indices;
    for (size_t i = 0; i < count && !reading->no_memory; i++) {
        take_row(reading, rows[i]);
    }
    free(rows);
    free(reading->text_indices);
    return !reading->no_memory;
}

enum receiver_error overview_read(struct catalog *catalog, const struct selection *selection, struct overview *overview) {
    *overview = (struct overview){0};
    struct reading reading = {.search = &catalog->search, .overview = overview};
    struct search_rest rest;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        return error;
    }
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = read_rows(&reading, selection, &rest);
    pthread_rwlock_unlock(&catalog->memory_lock);
    search_rest_free(&rest);
    if (!ok) {
        overview_free(overview);
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

void overview_free(struct overview *overview) {
    for (size_t i = 0; i < overview->text_count; i++) {
        free(overview->texts[i]);
    }
    free(overview->texts);
    free(overview->uploads);
    *overview = (struct overview){0};
}

const char *overview_text(const struct overview *overview, uint32_t text) {
    return text > 0 && text <= overview->text_count ? overview->texts[text - 1] : "";
}

// Two sums instead of all ids and measures, of which there may be half a million.
void overview_put_key(const struct overview *overview, FILE *out) {
    uint64_t sums[2] = {UINT64_C(0xcbf29ce484222325), 1};
    for (size_t i = 0; i < overview->count; i++) {
        uint64_t words[1 + MEASURE_COUNT] = {2 * (uint64_t)overview->uploads[i].id + overview->uploads[i].measured};
        memcpy(words + 1, overview->uploads[i].measures.values, sizeof overview->uploads[i].measures.values);
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            sums[0] = (sums[0] ^ words[w]) * UINT64_C(0x9e3779b97f4a7c15);
            sums[0] ^= sums[0] >> 32;
            sums[1] = sums[1] * UINT64_C(6364136223846793005) + words[w];
        }
    }
    fwrite(&overview->count, sizeof overview->count, 1, out);
    fwrite(&overview->from_ms, sizeof overview->from_ms, 1, out);
    fwrite(sums, sizeof sums, 1, out);
}
