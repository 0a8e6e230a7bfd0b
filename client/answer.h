// answer.h: the start of the server's answer, as one line for a log.
//
// An answer may be megabytes long, contain control characters, or never end. Only what fits the text is kept; all bytes are
// counted, so that the caller can stop reading. Runs of white space become one space, control characters become '?', so that an answer
// cannot inject log lines or terminal escapes.
//
// Threads: one at a time per struct. Memory: the struct.
#ifndef CMEMPROF_CLIENT_ANSWER_H
#define CMEMPROF_CLIENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct upload_answer {
    char *text;           // owned by the caller; always NUL-terminated
    size_t capacity;      // bytes of text, including the NUL; at least 1
    size_t length;        // bytes kept
    uint64_t total_bytes; // bytes received
    bool pending_space;   // white space to be added before the next character
};

void upload_answer_init(struct upload_answer *answer, char *text, size_t capacity);
void upload_answer_add(struct upload_answer *answer, const char *bytes, size_t size);

#endif
