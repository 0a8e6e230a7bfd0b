// agent.c: the Agent's other endpoints (agent.h).
#include "agent.h"
#include "../../base/check.h"
#include "../../merge/version.h"
#include "../base/json.h"
#include "../receiver.h"
#include "reply.h"

#include <string.h>

struct endpoint {
    const char *path; // with a trailing slash: all below it
    unsigned status;
    const char *answer;
};

// The rates tell a tracer which share of traces to keep; with none, it decides itself.
#define RATES "{\"rate_by_service\":{}}"

static const struct endpoint endpoints[] = {
    {"/v0.3/traces", 200, RATES},     {"/v0.4/traces", 200, RATES},       {"/v0.5/traces", 200, RATES},
    {"/v0.7/traces", 200, RATES},     {"/v0.6/stats", 200, "{}"},         {"/v0.1/pipeline_stats", 202, "{}"},
    {"/telemetry/proxy/", 202, "{}"}, {"/dogstatsd/v1/proxy", 200, "{}"}, {"/dogstatsd/v2/proxy", 200, "{}"},
    {"/evp_proxy/v1/", 202, "{}"},    {"/evp_proxy/v2/", 202, "{}"},      {"/evp_proxy/v3/", 202, "{}"},
    {"/evp_proxy/v4/", 202, "{}"},    {"/debugger/v1/input", 202, "{}"},  {"/debugger/v1/diagnostics", 202, "{}"},
    {"/tracer_flare/v1", 200, "{}"},
};

static const struct endpoint *find(const char *path) {
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        size_t length = strlen(endpoints[i].path);
        bool below = endpoints[i].path[length - 1] == '/';
        if (strncmp(path, endpoints[i].path, length) == 0 && (below || path[length] == '\0')) {
            return &endpoints[i];
        }
    }
    return NULL;
}

bool agent_takes(const char *path) {
    return find(path);
}

bool agent_is_asked(const char *path) {
    return agent_takes(path) || strcmp(path, "/info") == 0 || (strncmp(path, "/v", 2) == 0 && path[2] >= '0' && path[2] <= '9');
}

enum MHD_Result agent_answer(struct MHD_Connection *connection, const char *path) {
    const struct endpoint *endpoint = find(path);
    CHECK(endpoint);
    struct json json = {0};
    json_raw(&json, endpoint->answer, strlen(endpoint->answer));
    return reply_json_status(connection, endpoint->status, &json);
}

static void write_list(struct json *json, const char *key, const char *const *texts) {
    json_key(json, key);
    json_array_begin(json);
    for (; *texts; texts++) {
        json_text(json, *texts);
    }
    json_array_end(json);
}

static void write_config(struct json *json) {
    json_key(json, "config");
    json_object_begin(json);
    json_key(json, "default_env");
    json_text(json, "none");
    json_key(json, "target_tps");
    json_number(json, 10);
    json_key(json, "max_eps");
    json_number(json, 200);
    json_key(json, "max_request_bytes");
    json_number(json, 64 << 20);
    json_object_end(json);
}

// Clients read from "endpoints" what they may send, and from the rest what they may leave to the Agent.
enum MHD_Result agent_info(struct MHD_Connection *connection) {
    static const char *const headers[] = {"Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent", "DD-CI-PROVIDER-NAME", NULL};
    static const char *const kinds[] = {"server", "client", "producer", "consumer", NULL};
    static const char *const peers[] = {"db.hostname",    "db.instance", "messaging.destination", "peer.service", "rpc.service",
                                        "server.address", NULL};
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "version");
    json_text(&json, CMEMPROF_VERSION);
    json_key(&json, "git_commit");
    json_text(&json, "");
    json_key(&json, "endpoints");
    json_array_begin(&json);
    json_text(&json, "/profiling/v1/input");
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        json_text(&json, endpoints[i].path);
    }
    json_array_end(&json);
    json_key(&json, "client_drop_p0s");
    json_bool(&json, true);
    json_key(&json, "span_meta_structs");
    json_bool(&json, true);
    json_key(&json, "long_running_spans");
    json_bool(&json, true);
    write_list(&json, "evp_proxy_allowed_headers", headers);
    write_list(&json, "peer_tags", peers);
    write_list(&json, "span_kinds_stats_computed", kinds);
    json_key(&json, "obfuscation_version");
    json_number(&json, 1);
    write_config(&json);
    json_object_end(&json);
    return reply_json(connection, &json);
}
