// go_labels.c (sample): see go_labels.h.

#include "go_labels.h"

#include <string.h>

#include "stack_memory.h"

// The first words of a g and of an m, which take 448 and some 1,800 bytes (Go 1.25 to 1.27).
enum { WORD = sizeof(uintptr_t), G_WORDS = 56, M_WORDS = 128, TLS_MAX_BYTES = 64 << 10 };

static bool read_words(uintptr_t address, uintptr_t *words, size_t count) {
    return address % WORD == 0 && address != 0 && stack_memory_copy(words, address, count * WORD);
}

// Returns the place of the only such word, in bytes; -1 if there is none, or another one.
static int only_place(const uintptr_t *words, int count, uintptr_t wanted) {
    int at = -1;
    for (int i = 0; i < count; i++) {
        if (words[i] == wanted && at >= 0) {
            return -1;
        }
        at = words[i] == wanted ? i * WORD : at;
    }
    return at;
}

static bool holds(uintptr_t address, size_t size, const char *text) {
    char bytes[16];
    return size == strlen(text) && size <= sizeof bytes && stack_memory_copy(bytes, address, size) && memcmp(bytes, text, size) == 0;
}

// Returns true if the labels have the form of go_label_slice, and are one with this value.
static bool are_labels(uintptr_t address, const char *value) {
    struct go_label_slice slice;
    struct go_label label;
    return stack_memory_copy(&slice, address, sizeof slice) && slice.count == 1 && slice.capacity >= 1 && slice.capacity < 16 &&
           stack_memory_copy(&label, (uintptr_t)slice.items, sizeof label) &&
           holds((uintptr_t)label.key.bytes, label.key.size, "cmemprof") && holds((uintptr_t)label.value.bytes, label.value.size, value);
}

// ---- g, m and curg ----

struct found {
    struct go_labels places;
    unsigned count;
};

// g0 is another g of the same m: the word at one place is the same in both, and leads to where the goroutine is noted.
static void match(struct found *found, const struct go_labels_search *search, const uintptr_t *goroutine, uintptr_t slot, uintptr_t g0) {
    uintptr_t words[G_WORDS], m[M_WORDS];
    if (g0 == search->goroutine || !read_words(g0, words, G_WORDS)) {
        return;
    }
    for (int i = 0; i < G_WORDS; i++) {
        bool is_shared = words[i] == goroutine[i] && words[i] != g0 && words[i] != search->goroutine;
        if (!is_shared || !read_words(words[i], m, M_WORDS)) {
            continue;
        }
        for (int k = 0; k < M_WORDS; k++) {
            if (m[k] == search->goroutine) {
                found->count++;
                found->places.m_in_g = (uint32_t)i * WORD;
                found->places.curg_in_m = (uint32_t)k * WORD;
                found->places.g_from_thread = (intptr_t)(slot - search->thread_pointer);
            }
        }
    }
}

enum cmemprof_go_labels go_labels_find(struct go_labels *labels, const struct go_labels_search *search, uintptr_t address) {
    uintptr_t goroutine[G_WORDS], word;
    struct found found = {.count = 0};
    if (search->goroutine == 0 || !read_words(search->goroutine, goroutine, G_WORDS)) {
        return CMEMPROF_GO_LABELS_NO_GOROUTINE;
    }
    int place = address != 0 ? only_place(goroutine, G_WORDS, address) : -1;
    if (place < 0) {
        return CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE;
    }
    if (!are_labels(address, "first")) {
        return CMEMPROF_GO_LABELS_OTHER_FORM;
    }
    // Go's is the program's own thread-local data, which ends at the thread pointer, and g is near its end.
    uintptr_t high = search->tls_high,
              low = ((high - search->tls_low < TLS_MAX_BYTES ? search->tls_low : high - TLS_MAX_BYTES) + WORD - 1) / WORD * WORD;
    for (uintptr_t slot = low; slot + WORD <= high; slot += WORD) {
        if (slot - search->own_low >= search->own_bytes && read_words(slot, &word, 1)) {
            match(&found, search, goroutine, slot, word);
        }
    }
    if (found.count != 1) {
        return found.count == 0 ? CMEMPROF_GO_LABELS_NO_THREAD : CMEMPROF_GO_LABELS_AMBIGUOUS;
    }
    found.places.labels_in_g = (uint32_t)place;
    found.places.are_found = true;
    *labels = found.places;
    return CMEMPROF_GO_LABELS_OK;
}

// As go_labels_get, of memory that may not be there.
static bool get(const struct go_labels *labels, uintptr_t thread_pointer, uintptr_t *address) {
    uintptr_t g, m, goroutine;
    return read_words(thread_pointer + (uintptr_t)labels->g_from_thread, &g, 1) && read_words(g + labels->m_in_g, &m, 1) &&
           read_words(m + labels->curg_in_m, &goroutine, 1) && read_words(goroutine + labels->labels_in_g, address, 1);
}

enum cmemprof_go_labels go_labels_confirm(const struct go_labels *labels, uintptr_t thread_pointer, uintptr_t address) {
    uintptr_t read;
    if (!labels->are_found || !get(labels, thread_pointer, &read) || read != address) {
        return CMEMPROF_GO_LABELS_UNCONFIRMED;
    }
    return address == 0 || are_labels(address, "second") ? CMEMPROF_GO_LABELS_OK : CMEMPROF_GO_LABELS_OTHER_FORM;
}
