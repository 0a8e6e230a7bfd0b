// ours.c: a profile written and read in OpenTelemetry's protocol beside pprof's own form, measured in turns. CPU time of the thread,
// minimum and median.
//
// usage: ours FILE ROUNDS   prints lines "KEY VALUE": microseconds, bytes, and page faults of one writing
#include "../../merge/merge.h"
#include "../../otlp/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { FORMS = 3, ROUNDS_MOST = 1000 };
static const char *const names[FORMS] = {"pprof_write", "otlp_write", "otlp_read"};

static void check(enum merge_error error, const struct merge_fault *fault) {
    if (error != MERGE_OK) {
        fprintf(stderr, "bench: %s\n", fault && *fault->text ? fault->text : merge_error_text(error));
        exit(1);
    }
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static long faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
}

static size_t write_pprof(struct profile *profile, enum merge_compression compression) {
    uint8_t *bytes;
    size_t size;
    check(profile_encode(profile, compression, &bytes, &size), NULL);
    free(bytes);
    return size;
}

static size_t write_otlp(struct profile *profile, enum merge_compression compression, uint8_t **copy) {
    const uint8_t *bytes;
    size_t size;
    struct otlp_request *request = otlp_request_new();
    otlp_begin_resource(request, NULL, 0);
    check(otlp_add(request, "heap.pprof", profile), NULL);
    check(otlp_encode(request, compression, &bytes, &size), NULL);
    if (copy) {
        *copy = malloc(size);
        memcpy(*copy, bytes, size);
    }
    otlp_request_free(request);
    return size;
}

static enum merge_error ignore(void *context, const struct otlp_profile *profile) {
    (void)context, (void)profile;
    return MERGE_OK;
}

static void read_otlp(const uint8_t *bytes, size_t size) {
    struct merge_fault fault = {0};
    size_t profiles;
    check(otlp_decode(bytes, size, NULL, ignore, NULL, &profiles, &fault), &fault);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int count, char **arguments) {
    static uint8_t content[64 << 20];
    static double times[FORMS][ROUNDS_MOST];
    FILE *file = count == 3 ? fopen(arguments[1], "rb") : NULL;
    int rounds = file ? atoi(arguments[2]) : 0;
    if (rounds < 1 || rounds > ROUNDS_MOST) {
        fprintf(stderr, "usage: ours FILE ROUNDS\n");
        return 2;
    }
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    struct merge_fault fault = {0};
    struct profile *profile = profile_new();
    check(profile_decode(profile, content, size, NULL, NULL, &fault), &fault);
    uint8_t *request;
    size_t request_size = write_otlp(profile, MERGE_RAW, &request);
    long most_faults[FORMS] = {0};
    for (int round = 0; round < rounds; round++) {
        for (int form = 0; form < FORMS; form++) {
            long before = faults();
            double begin = now_us();
            if (form == 0) {
                write_pprof(profile, MERGE_RAW);
            } else if (form == 1) {
                write_otlp(profile, MERGE_RAW, NULL);
            } else {
                read_otlp(request, request_size);
            }
            times[form][round] = now_us() - begin;
            most_faults[form] = faults() - before;
        }
    }
    for (int form = 0; form < FORMS; form++) {
        qsort(times[form], (size_t)rounds, sizeof **times, ascending);
        printf("%s_us %.0f\n%s_median_us %.0f\n%s_faults %ld\n", names[form], times[form][0], names[form], times[form][rounds / 2],
               names[form], most_faults[form]);
    }
    printf("pprof_bytes %zu\notlp_bytes %zu\n", write_pprof(profile, MERGE_GZIP), write_otlp(profile, MERGE_GZIP, NULL));
    free(request);
    profile_free(profile);
}
