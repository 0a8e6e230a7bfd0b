// spawn.c: what it costs to start a program and wait for its exit. Variants are run in turn.
//
// usage: spawn ROUNDS "VARIANT [NAME=VALUE...] PROGRAM [ARGUMENT...]"...
// Prints lines "VARIANT KEY VALUE": wall and cpu in microseconds, rss (the highest) in kB, one of each for every run.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_VARIANTS = 16, MAX_WORDS = 32 };

struct variant {
    char *name, *environment[MAX_WORDS], *words[MAX_WORDS];
};

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double us(struct timeval time) {
    return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static void parse(struct variant *variant, char *text) {
    size_t variables = 0, words = 0;
    variant->name = strtok(text, " ");
    for (char *word = strtok(NULL, " "); word && variables + words < MAX_WORDS - 2; word = strtok(NULL, " ")) {
        if (words == 0 && strchr(word, '=')) {
            variant->environment[variables++] = word;
        } else {
            variant->words[words++] = word;
        }
    }
}

static void run(const struct variant *variant) {
    pid_t child;
    int status;
    struct rusage usage;
    double start = now_us();
    int error = posix_spawn(&child, variant->words[0], NULL, NULL, variant->words, variant->environment);
    if (error != 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        fprintf(stderr, "spawn: %s did not exit with 0\n", variant->words[0]);
        exit(1);
    }
    double wall = now_us() - start;
    printf("%s wall %.1f\n%s cpu %.1f\n%s rss %ld\n", variant->name, wall, variant->name, us(usage.ru_utime) + us(usage.ru_stime),
           variant->name, usage.ru_maxrss);
}

int main(int argc, char **argv) {
    static struct variant variants[MAX_VARIANTS];
    int count = argc - 2;
    if (count < 1 || count > MAX_VARIANTS) {
        return 2;
    }
    for (int i = 0; i < count; i++) {
        parse(&variants[i], argv[i + 2]);
    }
    long rounds = strtol(argv[1], NULL, 10);
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            run(&variants[(i + round) % count]); // no variant always follows the same one
        }
    }
    return 0;
}
