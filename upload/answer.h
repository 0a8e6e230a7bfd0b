// answer.h: the start of what the server answered, as one line for a log.
//
// A server may answer with megabytes, with control characters, or without end. Only what fits the text is kept; what came in all is
// counted, so that the caller can stop reading. Runs of white space become one space, control characters become '?', so an answer can
// neither break a line of the log nor paint in a terminal.
//
// Threads: one at a time for each struct. Memory: only the struct.
#ifndef CMEMPROF_UPLOAD_ANSWER_H
#define CMEMPROF_UPLOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct upload_answer {
    char *text;           // the caller's; always closed by a NUL
    size_t capacity;      // bytes of text, with the NUL; at least 1
    size_t length;        // bytes kept
    uint64_t total_bytes; // bytes that came
    bool pending_space;   // white space came and waits for a character behind it
};

void upload_answer_init(struct upload_answer *answer, char *text, size_t capacity);
void upload_answer_add(struct upload_answer *answer, const char *bytes, size_t size);

#endif
