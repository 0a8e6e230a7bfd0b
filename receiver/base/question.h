// question.h: what is being worked out, and for whom: a question that is asked again meanwhile waits for the same answer, and when all who
// have asked have left, the work ends at the next file.
//
// Threads: any. One works a question out, those that ask the same wait. Memory: malloc, a copy of the answer for each that waits.
#ifndef CMEMPROF_RECEIVER_QUESTION_H
#define CMEMPROF_RECEIVER_QUESTION_H

#include "json.h"
#include "error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUESTION_TEXT_BYTES = 256 };

struct question; // one that is being worked out
struct questions {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct question *first; // guarded by lock
};
void questions_init(struct questions *questions);
void questions_destroy(struct questions *questions);

// Who asks, and whether he has left, which the thread that works the question out looks at now and then.
struct question_asker {
    const void *who;
    bool (*has_left)(const void *who);
};

// An answer, or an error and what there is to say of it.
struct question_answer {
    struct json json;
    char text[QUESTION_TEXT_BYTES];
};
// Works it out. Looks now and then whether the question is still wanted, and ends when it is not.
typedef enum receiver_error (*question_make)(void *context, struct question *question, struct question_answer *answer);
// Calls make, or waits for who does it with the same key. key_size 0: like no other. RECEIVER_LEFT: nobody waits any more.
enum receiver_error questions_ask(struct questions *questions, const void *key, size_t key_size, struct question_asker asker,
                                  question_make make, void *context, struct question_answer *answer);
// False: all who have asked have left; from then on it stays so. NULL is always wanted.
bool question_is_wanted(struct question *question);
size_t question_asker_count(struct question *question);

#endif
