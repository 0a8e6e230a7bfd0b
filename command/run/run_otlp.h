// run_otlp.h: where and how `cmemprof run` sends by OpenTelemetry's protocol: what --otlp and the variables OTEL_* say, read as the Go
// profiler reads them (goshim/profiler).
//
// OTEL_PROFILES_EXPORTER=otlp sends without --otlp. _PROFILES behind OTEL_EXPORTER_OTLP holds for profiles alone, and goes before; what is
// set and empty counts as not set. What is wrong is said on stderr before the program is started, without a word of what may be secret.
//
// Threads: the only one, while nobody changes the environment. Memory: malloc, and pointers into the environment.
#ifndef CMEMPROF_RUN_OTLP_H
#define CMEMPROF_RUN_OTLP_H

#include <stdbool.h>
#include <stddef.h>

struct run_otlp_tag {
    char *tag, *value;
};
struct run_otlp {
    char *url;                 // the whole address; NULL: profiles are not sent by this protocol
    bool is_chosen;            // by the environment alone
    bool is_plain;             // not gzip
    long timeout_ms;           // of one attempt; 0: the default
    const char *certificates;  // a PEM file of what is trusted instead of the system's; NULL: those
    struct run_otlp_tag *tags; // OTEL_RESOURCE_ATTRIBUTES, but for what goes before it, as tags
    size_t tag_count, tag_capacity;
};

// Whether the environment alone asks for it, and OTEL_SDK_DISABLED allows it. Words that are no exporters of profiles are warned of.
bool run_otlp_wanted(void);
// url: that of --otlp, or NULL; service: that of --service, or NULL. False: it was said.
bool run_otlp_read(struct run_otlp *otlp, const char *url, const char *service);
// The value that OTEL_RESOURCE_ATTRIBUTES gives a tag; NULL: none.
const char *run_otlp_value(const struct run_otlp *otlp, const char *tag);
void run_otlp_free(struct run_otlp *otlp);

#endif
