// settings.c: see settings.h.

#include "settings.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "../cmemprof/cmemprof.h"
#include "profile_file.h"

enum { STACK_BYTES_MAX = 1 << 20 }; // from the environment's end to above the auxiliary vector; far less than a stack

static char nothing[] = "_="; // harmless: shells set it themselves

static bool read_number(const char *text, uint64_t max, uint64_t *number) {
    char *end;
    if (!text || text[0] == '\0') {
        return true;
    }
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > max) {
        return false;
    }
    *number = value;
    return true;
}

const char *settings_read(struct settings *settings, char *(*get)(const char *name)) {
    *settings = (struct settings){.interval_bytes = CMEMPROF_DEFAULT_INTERVAL_BYTES};
    const char *directory = get("CMEMPROF_DIRECTORY");
    if (!directory || directory[0] == '\0') {
        return NULL;
    }
    // Absolute, since the program may change its working directory.
    if (directory[0] != '/' || strlen(directory) >= sizeof settings->directory) {
        return "CMEMPROF_DIRECTORY";
    }
    strcpy(settings->directory, directory);
    uint64_t signal_number = 0, on_termination = 0, follow_children = 0, keep = 0, marks = 0, time_hz = 0;
    const struct {
        const char *name;
        uint64_t max, *number;
    } numbers[] = {
        {"CMEMPROF_RATE", INT64_MAX, &settings->interval_bytes},
        {"CMEMPROF_PERIOD_MS", INT32_MAX, &settings->period_ms},
        {"CMEMPROF_SIGNAL", (uint64_t)SIGRTMAX, &signal_number},
        {"CMEMPROF_ON_TERMINATION", 1, &on_termination},
        {"CMEMPROF_MARK", 1, &marks},
        {"CMEMPROF_FOLLOW_CHILDREN", 1, &follow_children},
        {"CMEMPROF_MEMORY_LIMIT", INT64_MAX, &settings->memory_limit_bytes},
        {"CMEMPROF_TIME_HZ", 1000, &time_hz},
        {"CMEMPROF_KEEP", PROFILE_FILE_KEEP_MAX - 1, &keep},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!read_number(get(numbers[i].name), numbers[i].max, numbers[i].number)) {
            return numbers[i].name;
        }
    }
    settings->signal = (int)signal_number;
    settings->on_termination = on_termination == 1;
    settings->follow_children = follow_children == 1;
    settings->marks = marks == 1;
    settings->keep = (uint32_t)keep;
    settings->time_hz = (unsigned)time_hz;
    const char *context = get("CMEMPROF_CONTEXT");
    if (context && strlen(context) < sizeof settings->context) { // a longer one is none: nobody waits for it
        strcpy(settings->context, context);
    }
    return NULL;
}

// The loader accepts spaces and colons as separators.
static void remove_from_list(char *list, const char *library) {
    size_t length = strlen(library);
    for (char *at = list; *at != '\0';) {
        size_t item = strcspn(at, ": ");
        bool last = at[item] == '\0';
        if (item == length && memcmp(at, library, length) == 0) {
            memmove(at, at + item + !last, strlen(at + item + !last) + 1);
        } else {
            at += item + !last;
        }
    }
}

bool settings_is_own(const char *variable) {
    static const char *const own[] = {"CMEMPROF_DIRECTORY=", "CMEMPROF_RATE=",           "CMEMPROF_MEMORY_LIMIT=",    "CMEMPROF_PERIOD_MS=",
                                      "CMEMPROF_SIGNAL=",    "CMEMPROF_ON_TERMINATION=", "CMEMPROF_FOLLOW_CHILDREN=", "CMEMPROF_KEEP=",
                                      "CMEMPROF_CONTEXT=",   "CMEMPROF_MARK=",           "CMEMPROF_TIME_HZ="};
    _Static_assert(sizeof own / sizeof *own == SETTINGS_VARIABLES, "an exec keeps all of them");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strncmp(variable, own[i], strlen(own[i])) == 0) {
            return true;
        }
    }
    return false;
}

// Returns true if the kernel's auxiliary vector follows the environment, as it does unless the array was reallocated. The main stack is
// recognised by the address of the random bytes, which are above both.
static bool vector_follows(char *const *end) {
    const uintptr_t *pair = (const uintptr_t *)(end + 1);
    uintptr_t random = getauxval(AT_RANDOM);
    if ((uintptr_t)pair >= random || random - (uintptr_t)pair > STACK_BYTES_MAX) {
        return false;
    }
    for (; (uintptr_t)pair < random && pair[0] != AT_NULL; pair += 2) {
        if (pair[0] == AT_RANDOM) {
            return pair[1] == random;
        }
    }
    return false;
}

// Ends the environment at `kept`, before its old end. Go's runtime finds the auxiliary vector only by scanning past the NULL after argv's
// environment, so the freed words must read as ignored entries of the vector. Entries are pairs: if the number of words is odd, one stays
// in the environment, which then has its first variable twice.
static void cut(char **environment, char **kept, char **end) {
    if (vector_follows(end)) {
        if ((end - kept) % 2 != 0) {
            *kept = kept > environment ? environment[0] : nothing;
            kept++;
        }
        for (char **word = end; word > kept; word -= 2) {
            word[-1] = (char *)AT_IGNORE;
            word[0] = NULL;
        }
    }
    *kept = NULL;
}

void settings_remove(char **environment, const char *library) {
    static const char preload[] = "LD_PRELOAD=";
    char **kept = environment, **variable = environment;
    for (; *variable; variable++) {
        bool keep = !settings_is_own(*variable);
        if (strncmp(*variable, preload, sizeof preload - 1) == 0) {
            remove_from_list(*variable + sizeof preload - 1, library);
            keep = (*variable)[sizeof preload - 1] != '\0';
        }
        if (keep) {
            *kept++ = *variable;
        }
    }
    cut(environment, kept, variable);
}
