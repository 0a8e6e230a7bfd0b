// target_address.h: where and with which headers profiles are sent to engines of each kind, by the receiver's --forward and by `cmemprof
// run`.
//
// Threads: any, while nobody changes the environment. Memory: malloc.
#ifndef CMEMPROF_COMMAND_TARGET_ADDRESS_H
#define CMEMPROF_COMMAND_TARGET_ADDRESS_H

#include "../../receiver/receiver.h"
#include "credentials.h"

extern const struct target_kind {
    const char *word, *path, *end; // path: what is added to an address that does not end with end
} target_kinds[];

// Of "otlp:URL". -1: none.
int target_kind_of(const char *text);
// With the kind's path, unless its own ends so; /api/v2/profile is a Datadog intake's. A query stays behind it. The caller frees it. NULL:
// no memory.
char *target_address(enum receiver_target_kind kind, const char *url);
// With the kind's path in any case, as OpenTelemetry's specification has it for the address of all signals. The same.
char *target_address_below(enum receiver_target_kind kind, const char *base);
// Those of the protocol, and what the environment has for the kind: OTEL_EXPORTER_OTLP_PROFILES_HEADERS or OTEL_EXPORTER_OTLP_HEADERS;
// PYROSCOPE_TENANT_ID, PYROSCOPE_BASIC_AUTH_USER and _PASSWORD. key: of Datadog, "": none. False: headers->fault, and where it comes from.
bool target_set_headers(struct header_list *headers, enum receiver_target_kind kind, const char *key);

#endif
