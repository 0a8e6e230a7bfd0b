// question.c: what is being worked out (question.h). Questions and askers are on the stacks of the threads that ask.
#include "question.h"

#include <stdlib.h>
#include <string.h>

struct asker {
    struct asker *next;
    struct question_asker who;
    struct question_answer *answer;
    enum receiver_error error;
    bool done;
};

struct question {
    struct question *next; // guarded by the lock of all questions, as the next two
    struct asker *askers;  // who works it out is the last of them
    bool given_up;
    struct questions *all;
    const void *key;
    size_t key_size;
};

void questions_init(struct questions *questions) {
    *questions = (struct questions){0};
    pthread_mutex_init(&questions->lock, NULL);
    pthread_cond_init(&questions->answered, NULL);
}

void questions_destroy(struct questions *questions) {
    pthread_cond_destroy(&questions->answered);
    pthread_mutex_destroy(&questions->lock);
}

// With the lock held, as all below but the last three.
static struct question *find(const struct questions *questions, const void *key, size_t key_size) {
    struct question *question = key_size > 0 ? questions->first : NULL;
    while (question && (question->given_up || question->key_size != key_size || memcmp(question->key, key, key_size) != 0)) {
        question = question->next;
    }
    return question;
}

static void take_out(struct questions *questions, const struct question *question) {
    struct question **link = &questions->first;
    while (*link != question) {
        link = &(*link)->next;
    }
    *link = question->next;
}

static void tell(struct questions *questions, struct asker *asker, enum receiver_error error) {
    asker->error = error;
    asker->done = true;
    pthread_cond_broadcast(&questions->answered);
}

static enum receiver_error copy(const struct question_answer *from, struct question_answer *to) {
    memcpy(to->text, from->text, sizeof to->text);
    to->json = (struct json){.failed = from->json.failed};
    if (from->json.size > 0) {
        to->json.bytes = malloc(from->json.size);
        if (!to->json.bytes) {
            return RECEIVER_NO_MEMORY;
        }
        memcpy(to->json.bytes, from->json.bytes, from->json.size);
        to->json.size = to->json.capacity = from->json.size;
    }
    return RECEIVER_OK;
}

static enum receiver_error wait_for(struct questions *questions, struct question *question, struct asker *asker) {
    asker->next = question->askers;
    question->askers = asker;
    while (!asker->done) {
        pthread_cond_wait(&questions->answered, &questions->lock);
    }
    return asker->error;
}

static enum receiver_error work_out(struct questions *questions, struct question *question, struct asker *own, question_make make,
                                    void *context) {
    question->next = questions->first;
    questions->first = question;
    pthread_mutex_unlock(&questions->lock);
    enum receiver_error error = question_is_wanted(question) ? make(context, question, own->answer) : RECEIVER_LEFT;
    pthread_mutex_lock(&questions->lock);
    take_out(questions, question);
    error = question->given_up ? RECEIVER_LEFT : error;
    for (struct asker *asker = question->askers; asker != own; asker = asker->next) {
        enum receiver_error copied = copy(own->answer, asker->answer);
        tell(questions, asker, copied == RECEIVER_OK ? error : copied);
    }
    return error;
}

enum receiver_error questions_ask(struct questions *questions, const void *key, size_t key_size, struct question_asker who,
                                  question_make make, void *context, struct question_answer *answer) {
    struct asker asker = {.who = who, .answer = answer};
    struct question own = {.askers = &asker, .all = questions, .key = key, .key_size = key_size};
    pthread_mutex_lock(&questions->lock);
    struct question *same = find(questions, key, key_size);
    enum receiver_error error = same ? wait_for(questions, same, &asker) : work_out(questions, &own, &asker, make, context);
    pthread_mutex_unlock(&questions->lock);
    return error;
}

// Who waits and has left need not wait: its thread has other things to do.
bool question_is_wanted(struct question *question) {
    if (!question) {
        return true;
    }
    bool wanted = false;
    pthread_mutex_lock(&question->all->lock);
    for (struct asker **link = &question->askers; *link && !question->given_up;) {
        struct asker *asker = *link;
        bool left = asker->who.has_left(asker->who.who), makes = !asker->next;
        wanted |= !left;
        if (left && !makes) {
            *link = asker->next;
            tell(question->all, asker, RECEIVER_LEFT);
        } else {
            link = &asker->next;
        }
    }
    question->given_up = !wanted;
    pthread_mutex_unlock(&question->all->lock);
    return wanted;
}

size_t question_asker_count(struct question *question) {
    size_t count = 0;
    pthread_mutex_lock(&question->all->lock);
    for (const struct asker *asker = question->askers; asker; asker = asker->next) {
        count++;
    }
    pthread_mutex_unlock(&question->all->lock);
    return count;
}
