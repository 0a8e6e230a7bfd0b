// thread_states.c: what threads did (thread_states.h).
#include "thread_states.h"

#include <string.h>

const char *thread_state_name(enum thread_state state) {
    static const char *const names[] = {"running", "lock", "I/O", "waiting", "sleeping", "off CPU"};
    return names[state];
}

// In nanoseconds, as all of these are.
static int type_of(const struct profile *profile, const char *name, const char *other) {
    int index = profile_sample_type_index(profile, name);
    index = index < 0 && other ? profile_sample_type_index(profile, other) : index;
    return index >= 0 && strcmp(profile_sample_type_unit(profile, (size_t)index), "nanoseconds") == 0 ? index : -1;
}

void thread_states_start(struct thread_states *states, const struct profile *profile) {
    *states = (struct thread_states){
        .cpu = type_of(profile, "cpu", "cpu-time"),
        .wall = type_of(profile, "wall", "wall-time"),
        .lock = type_of(profile, "lock_time", "lock-acquire-wait"),
        .file = type_of(profile, "file_time", NULL),
        .socket = type_of(profile, "socket_time", NULL),
    };
}

static int64_t value_of(const struct profile_sample_view *sample, int type) {
    return type >= 0 && sample->values[type] > 0 ? sample->values[type] : 0;
}

static const char *state_of(const struct profile_sample_view *sample) {
    for (size_t i = 0; i < sample->label_count; i++) {
        if (sample->labels[i].text && strcmp(sample->labels[i].key, "thread state") == 0) {
            return sample->labels[i].text;
        }
    }
    return NULL;
}

// RUNNABLE, BLOCKED_ON_MONITOR_ENTER, IN_OBJECT_WAIT_TIMED, PARKED, SLEEPING, SYSCALL; by parts, as the words differ.
static enum thread_state meaning_of(const char *word) {
    static const struct {
        const char *part;
        enum thread_state state;
    } parts[] = {{"RUN", THREAD_RUNNING},  {"SLEEP", THREAD_SLEEPING}, {"BLOCK", THREAD_LOCK},
                 {"CONTEND", THREAD_LOCK}, {"WAIT", THREAD_WAITING},   {"PARK", THREAD_WAITING}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strstr(word, parts[i].part)) {
            return parts[i].state;
        }
    }
    return THREAD_OFF_CPU;
}

static void add_wall(const struct thread_states *states, const struct profile_sample_view *sample, int64_t ns[THREAD_SUMS]) {
    int64_t wall = value_of(sample, states->wall);
    const char *word = state_of(sample);
    enum thread_state state = word ? meaning_of(word) : THREAD_OFF_CPU;
    if (state == THREAD_LOCK) {
        ns[THREAD_BLOCKED_WALL] = wall;
    } else if (state == THREAD_RUNNING) {
        ns[THREAD_RUNNABLE_WALL] = wall;
        ns[THREAD_RUNNING] = states->cpu >= 0 ? ns[THREAD_RUNNING] : wall;
    } else {
        ns[state] = wall;
    }
}

bool thread_states_of(const struct thread_states *states, const struct profile_sample_view *sample, int64_t ns[THREAD_SUMS]) {
    bool is_known = false;
    memset(ns, 0, THREAD_SUMS * sizeof *ns);
    ns[THREAD_RUNNING] = value_of(sample, states->cpu);
    ns[THREAD_LOCK] = value_of(sample, states->lock);
    int64_t file = value_of(sample, states->file), socket = value_of(sample, states->socket);
    ns[THREAD_IO] = file > socket ? file : socket; // a sample has one of the two
    add_wall(states, sample, ns);
    for (size_t i = 0; i < THREAD_SUMS; i++) {
        is_known |= ns[i] > 0;
    }
    return is_known;
}

// What both tell is taken from both.
static void take(double *told, double *wall) {
    double both = *told < *wall ? *told : *wall;
    *told -= both;
    *wall -= both;
}

void thread_states_settle(double ns[THREAD_SUMS]) {
    double lock = ns[THREAD_LOCK], running = ns[THREAD_RUNNING], io = ns[THREAD_IO];
    take(&lock, &ns[THREAD_BLOCKED_WALL]);
    take(&running, &ns[THREAD_RUNNABLE_WALL]);
    take(&io, &ns[THREAD_RUNNABLE_WALL]);
    ns[THREAD_LOCK] += ns[THREAD_BLOCKED_WALL];
    double waited = lock + io;
    take(&waited, &ns[THREAD_WAITING]);
    take(&waited, &ns[THREAD_SLEEPING]);
    take(&waited, &ns[THREAD_OFF_CPU]);
    take(&running, &ns[THREAD_OFF_CPU]);
}
