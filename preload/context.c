// context.c: see context.h.

#include "context.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../base/instance_id.h"

static int hex_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static void unescape(char *text) {
    char *out = text;
    for (; *text; text++) {
        bool is_escape = *text == '%' && hex_of(text[1]) >= 0 && hex_of(text[2]) >= 0;
        *out++ = is_escape ? (char)(hex_of(text[1]) * 16 + hex_of(text[2])) : *text;
        text += is_escape ? 2 : 0;
    }
    *out = '\0';
}

size_t context_parse(char *text, const char *process, char *id, struct process_context_pair pairs[CONTEXT_PAIRS]) {
    char *seed = strsep(&text, ",");
    size_t count = 0;
    if (*seed == '\0' || strchr(seed, '=')) {
        return 0;
    }
    for (char *pair; count < CONTEXT_PAIRS - 1 && (pair = strsep(&text, ","));) {
        char *value = strchr(pair, '=');
        if (value && value > pair) {
            *value++ = '\0';
            unescape(value);
            pairs[count++] = (struct process_context_pair){pair, value};
        }
    }
    instance_id(seed, process, id);
    pairs[count++] = (struct process_context_pair){"service.instance.id", id};
    return count;
}

void context_publish(const char *text, const char *process) {
    struct process_context_pair pairs[CONTEXT_PAIRS];
    char id[INSTANCE_ID_BYTES], *copy = strdup(text);
    size_t count = copy ? context_parse(copy, process, id, pairs) : 0;
    if (count > 0) {
        process_context_publish(pairs, count);
    }
    free(copy);
}
