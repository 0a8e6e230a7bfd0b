// gate.c: requests that wait for the start (gate.h).
#include "gate.h"

#include <stdlib.h>

struct gate_waiting {
    struct gate_waiting *next;
    struct MHD_Connection *connection;
};

void gate_init(struct gate *gate) {
    *gate = (struct gate){0};
    pthread_mutex_init(&gate->lock, NULL);
}

void gate_destroy(struct gate *gate) {
    pthread_mutex_destroy(&gate->lock);
}

enum gate_answer gate_enter(struct gate *gate, struct MHD_Connection *connection) {
    enum gate_answer answer = GATE_PASS;
    pthread_mutex_lock(&gate->lock);
    if (!gate->is_open) {
        struct gate_waiting *waiting = malloc(sizeof *waiting);
        answer = waiting ? GATE_WAIT : GATE_FULL;
        if (waiting) {
            *waiting = (struct gate_waiting){gate->first, connection};
            gate->first = waiting;
            MHD_suspend_connection(connection);
        }
    }
    pthread_mutex_unlock(&gate->lock);
    return answer;
}

void gate_open(struct gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    for (struct gate_waiting *waiting = gate->first, *next; waiting; waiting = next) {
        next = waiting->next;
        MHD_resume_connection(waiting->connection);
        free(waiting);
    }
    gate->first = NULL;
    pthread_mutex_unlock(&gate->lock);
}
