// run_context.c: see run_context.h.
#include "run_context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../base/clock.h"
#include "../../merge/version.h"
#include "run_options.h"

void run_context_seed(char seed[RUN_SEED_BYTES]) {
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random) {
        random = clock_ns(CLOCK_REALTIME) ^ (uint64_t)getpid() << 40;
    }
    snprintf(seed, RUN_SEED_BYTES, "%016" PRIx64, random);
}

// Escaped as in URLs, as far as a list needs it.
static void put(FILE *out, const char *key, const char *value) {
    if (value && *value) {
        fprintf(out, ",%s=", key);
        for (; *value; value++) {
            fprintf(out, strchr(",%=", *value) || (unsigned char)*value < ' ' ? "%%%02X" : "%c", (unsigned char)*value);
        }
    }
}

char *run_context_text(const char *seed, const char *service) {
    char *text = NULL, host[256] = "";
    size_t size;
    FILE *out = run_options_switch("DD_PROFILING_CMEMPROF_PROCESS_CONTEXT", 1) == 1 ? open_memstream(&text, &size) : NULL;
    if (!out) {
        return NULL;
    }
    if (run_options_switch("DD_PROFILING_REPORT_HOSTNAME", 1) != 1 || gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    fputs(seed, out);
    put(out, "service.name", service);
    put(out, "deployment.environment.name", getenv("DD_ENV"));
    put(out, "service.version", getenv("DD_VERSION"));
    put(out, "host.name", host);
    put(out, "telemetry.sdk.name", "cmemprof");
    put(out, "telemetry.sdk.version", CMEMPROF_VERSION);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
