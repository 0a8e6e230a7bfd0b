// answer.c: see answer.h.
#include "answer.h"

void upload_answer_init(struct upload_answer *answer, char *text, size_t capacity) {
    *answer = (struct upload_answer){.text = text, .capacity = capacity};
    text[0] = '\0';
}

static bool is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Bytes from 0x80 on are kept: they are most likely UTF-8, and the log's encoder handles those that are not.
static bool is_control(unsigned char c) {
    return c < 0x20 || c == 0x7f;
}

static void keep(struct upload_answer *answer, char c) {
    if (answer->length + 1 < answer->capacity) {
        answer->text[answer->length++] = c;
        answer->text[answer->length] = '\0';
    }
}

void upload_answer_add(struct upload_answer *answer, const char *bytes, size_t size) {
    answer->total_bytes += size;
    for (size_t i = 0; i < size && answer->length + 1 < answer->capacity; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (is_space(c)) {
            answer->pending_space = answer->length > 0;
            continue;
        }
        if (answer->pending_space) {
            answer->pending_space = false;
            keep(answer, ' ');
        }
        keep(answer, is_control(c) ? '?' : (char)c);
    }
}
