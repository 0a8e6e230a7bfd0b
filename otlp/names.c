// names.c: the names of tags and of attributes of resources (otlp.h).
//
// Attributes: OpenTelemetry's semantic conventions v1.40. Tags: those of Datadog's profilers (docs/profiler.md, docs/compatibility.md).
#include "otlp.h"

#include <string.h>

static const struct {
    const char *tag, *key;
    bool older; // read, not written
} names[] = {
    {"service", "service.name", false},
    {"env", "deployment.environment.name", false},
    {"env", "deployment.environment", true},
    {"version", "service.version", false},
    {"host", "host.name", false},
    {"runtime-id", "service.instance.id", false},
    {"process_id", "process.pid", false},
    {"pid", "process.pid", true},
    {"language", "telemetry.sdk.language", false},
    {"runtime", "process.runtime.name", false},
    {"runtime_version", "process.runtime.version", false},
    {"container_id", "container.id", false},
    {"pod_name", "k8s.pod.name", false},
    {"kube_namespace", "k8s.namespace.name", false},
    {"kube_deployment", "k8s.deployment.name", false},
    {"git.commit.sha", "vcs.ref.head.revision", false},
    {"git.repository_url", "vcs.repository.url.full", false},
};
enum { NAMES = sizeof names / sizeof *names };

const char *otlp_attribute_of_tag(const char *tag) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].tag, tag) == 0) {
            return names[i].key;
        }
    }
    return tag;
}

const char *otlp_tag_of_attribute(const char *key) {
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i].key, key) == 0) {
            return names[i].tag;
        }
    }
    return key;
}
