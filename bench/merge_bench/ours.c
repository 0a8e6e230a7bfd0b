// ours.c: the merge engine through its public functions, measured like its peers.
//
// usage: ours MODE FILE...
//   delta         raw to raw: CPU time in ns of one step; the files are taken in turn
//   delta-gz      the same, gzip to gzip, level 1
//   allocations   calls of malloc, calloc and realloc in one step of delta, after warm-up
//   merge         raw to raw: ns for all files
//   merge-gz      gzip to gzip: ns for all files
//   peak-gz       the same, one file in memory at a time: peak resident bytes
//   result        the merge, raw, to standard output
//   tree          all files, gzip, to one call tree: ns
// malloc, calloc and realloc are interposed here to count, and forward to glibc. That costs 1 ns per call.
#include "../../merge/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t allocations; // one thread

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

struct file {
    uint8_t *bytes;
    size_t size;
};

static void check(enum merge_error error, const struct merge_fault *fault) {
    if (error != MERGE_OK) {
        fprintf(stderr, "bench: %s\n", fault ? fault->text : merge_error_text(error));
        exit(1);
    }
}

static struct file read_file(const char *path) {
    struct file file = {0};
    FILE *from = fopen(path, "rb");
    if (!from || fseek(from, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    file.size = (size_t)ftell(from);
    rewind(from);
    file.bytes = malloc(file.size + 1);
    if (!file.bytes || fread(file.bytes, 1, file.size, from) != file.size) {
        perror(path);
        exit(1);
    }
    fclose(from);
    return file;
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void print(uint64_t value) {
    printf("%llu\n", (unsigned long long)value);
}

// ---- Modes ----

static struct file *files; // for modes that read files in advance
static char **paths;
static size_t count;
static struct delta *delta;

static void step_delta(size_t i, enum merge_compression compression) {
    struct merge_fault fault;
    const uint8_t *bytes; // owned by the delta
    size_t size;
    check(delta_step(delta, files[i % count].bytes, files[i % count].size, compression, &bytes, &size, &fault), &fault);
}

static struct profile *merge_paths(void) {
    struct profile *profile = profile_new();
    struct merge_fault fault;
    for (size_t i = 0; i < count; i++) {
        struct file file = read_file(paths[i]);
        check(profile_decode(profile, file.bytes, file.size, NULL, NULL, &fault), &fault);
        free(file.bytes);
    }
    return profile;
}

static struct file merge(enum merge_compression compression) {
    struct profile *profile = merge_paths();
    struct file out;
    check(profile_encode_level(profile, compression, 1, &out.bytes, &out.size), NULL);
    profile_free(profile);
    return out;
}

static void step(const char *mode, size_t i) {
    if (strcmp(mode, "delta") == 0) {
        step_delta(i, MERGE_RAW);
    } else if (strcmp(mode, "delta-gz") == 0) {
        step_delta(i, MERGE_GZIP);
    } else {
        free(merge(strcmp(mode, "merge-gz") == 0 ? MERGE_GZIP : MERGE_RAW).bytes);
    }
}

// One warm-up step, then for a third of a second, at least 3 times.
static void measure_steps(const char *mode) {
    step(mode, 0);
    uint64_t start = now_ns(CLOCK_PROCESS_CPUTIME_ID), time;
    size_t steps = 0;
    do {
        step(mode, ++steps);
        time = now_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
    } while (steps < 3 || time < 300000000);
    print(time / steps);
}

static void measure_allocations(void) {
    enum { WARM = 6, STEPS = 20 };
    uint64_t before = 0;
    for (size_t i = 0; i < WARM + STEPS; i++) {
        before = i == WARM ? allocations : before;
        step_delta(i, MERGE_RAW);
    }
    print((allocations - before + STEPS - 1) / STEPS);
}

static void measure_peak(void) {
    struct rusage usage;
    free(merge(MERGE_GZIP).bytes);
    getrusage(RUSAGE_SELF, &usage);
    print((uint64_t)usage.ru_maxrss << 10);
}

static void measure_tree(void) {
    uint64_t start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct profile *profile = merge_paths();
    struct tree tree;
    struct tree_options options = {.type_index = (size_t)profile_sample_type_index(profile, "inuse_space"), .base_type_index = -1};
    check(tree_build(profile, &options, &tree), NULL);
    print(now_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
    tree_free(&tree);
    profile_free(profile);
}

static void write_result(void) {
    struct file out = merge(MERGE_RAW);
    fwrite(out.bytes, 1, out.size, stdout);
    free(out.bytes);
}

int main(int argc, char **argv) {
    static const char *const types[] = {"alloc_objects", "alloc_space"};
    if (argc < 3) {
        fputs("usage: ours MODE FILE...\n", stderr);
        return 2;
    }
    const char *mode = argv[1];
    paths = argv + 2;
    count = (size_t)argc - 2;
    delta = delta_new_with(&(struct delta_options){.types = types, .type_count = 2, .level = 1});
    if (strcmp(mode, "peak-gz") == 0) {
        measure_peak();
    } else if (strcmp(mode, "tree") == 0) {
        measure_tree();
    } else if (strcmp(mode, "result") == 0) {
        write_result();
    } else {
        files = calloc(count, sizeof *files);
        for (size_t i = 0; i < count; i++) {
            files[i] = read_file(paths[i]);
        }
        if (strcmp(mode, "allocations") == 0) {
            measure_allocations();
        } else {
            measure_steps(mode);
        }
    }
    delta_free(delta);
    return 0;
}
