// words.c: numbered texts (words.h): a hash table with chains through the list.
#include "words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct word {
    char *text; // NULL: forgotten
    uint32_t length, hash, next, uses;
};

void words_free(struct words *words) {
    for (uint32_t i = 1; i < words->end; i++) {
        free(words->list[i].text);
    }
    free(words->list);
    free(words->heads);
    *words = (struct words){0};
}

// FNV-1a. Whoever fills a chain on purpose slows down a search on the own machine, and no more.
static uint32_t hash_of(const char *text, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static uint32_t find(const struct words *words, const char *text, size_t length, uint32_t hash) {
    for (uint32_t i = words->head_count ? words->heads[hash & (words->head_count - 1)] : 0; i; i = words->list[i].next) {
        const struct word *word = &words->list[i];
        if (word->hash == hash && word->length == length && memcmp(word->text, text, length) == 0) {
            return i;
        }
    }
    return 0;
}

uint32_t words_find(const struct words *words, const char *text, size_t length) {
    return find(words, text, length, hash_of(text, length));
}

static bool grow(struct words *words) {
    uint32_t room = words->room ? words->room * 2 : 1024;
    struct word *list = realloc(words->list, room * sizeof *list);
    if (!list) {
        return false;
    }
    words->list = list;
    uint32_t *heads = calloc(room, sizeof *heads);
    if (!heads) {
        return false;
    }
    free(words->heads);
    words->heads = heads;
    words->head_count = room;
    words->room = room;
    words->end = words->end ? words->end : 1;
    for (uint32_t i = 1; i < words->end; i++) {
        if (list[i].text) {
            uint32_t *head = &heads[list[i].hash & (room - 1)];
            list[i].next = *head;
            *head = i;
        }
    }
    return true;
}

uint32_t words_use(struct words *words, const char *text, size_t length) {
    uint32_t hash = hash_of(text, length), number = find(words, text, length, hash);
    if (number) {
        words->list[number].uses++;
        return number;
    }
    if (!words->unused && words->end >= words->room && !grow(words)) {
        return 0;
    }
    char *copy = malloc(length + 1);
    if (!copy) {
        return 0;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    number = words->unused ? words->unused : words->end++;
    words->unused = number == words->unused ? words->list[number].next : words->unused;
    uint32_t *head = &words->heads[hash & (words->head_count - 1)];
    words->list[number] = (struct word){.text = copy, .length = (uint32_t)length, .hash = hash, .next = *head, .uses = 1};
    *head = number;
    return number;
}

void words_release(struct words *words, uint32_t number) {
    if (number == 0 || --words->list[number].uses > 0) {
        return;
    }
    struct word *word = &words->list[number];
    uint32_t *link = &words->heads[word->hash & (words->head_count - 1)];
    while (*link != number) {
        link = &words->list[*link].next;
    }
    *link = word->next;
    free(word->text);
    *word = (struct word){.next = words->unused};
    words->unused = number;
}

const char *words_text(const struct words *words, uint32_t number) {
    return number && number < words->end ? words->list[number].text : NULL;
}
