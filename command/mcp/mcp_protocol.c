// mcp_protocol.c: see mcp_protocol.h.
#include "mcp_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/base64.h"
#include "../../merge/version.h"
#include "tools.h"

// Of JSON-RPC 2.0, and of the protocol.
enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    INVALID_PARAMS = -32602,
    HEADER_MISMATCH = -32020,
    UNSUPPORTED_VERSION = -32022
};
enum { HTTP_OK = 200, HTTP_ACCEPTED = 202, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_INTERNAL_ERROR = 500 };

// The newest first. The first is told by each request; the others are agreed on by initialize.
static const char *const versions[] = {"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
enum { VERSIONS = sizeof versions / sizeof *versions, FIRST_WITH_INITIALIZE = 1 };
static const char with_batches[] = "2025-03-26"; // alone; a request without a version is of this one

struct request {
    struct json_query *query;
    const struct receiver_address *receiver;
    const struct receiver_message *post; // NULL: it did not come by HTTP
    const char *message;
    char *id, *method; // id: JSON; NULL: none
    bool is_modern;    // of 2026-07-28
    unsigned status;   // of HTTP
    struct json answer;
};

static void begin(struct request *request) {
    const char *id = request->id ? request->id : "null";
    json_object_begin(&request->answer);
    json_member_text(&request->answer, "jsonrpc", "2.0");
    json_member_raw(&request->answer, "id", id, strlen(id));
}

static void begin_error(struct request *request, unsigned status, int code, const char *text) {
    request->status = status;
    begin(request);
    json_key(&request->answer, "error");
    json_object_begin(&request->answer);
    json_key(&request->answer, "code");
    json_number(&request->answer, code);
    json_member_text(&request->answer, "message", text);
}

static void end(struct request *request) {
    json_object_end(&request->answer);
    json_object_end(&request->answer);
}

static void put_error(struct request *request, unsigned status, int code, const char *text) {
    begin_error(request, status, code, text);
    end(request);
}

static void put_versions(struct json *json) {
    json_array_begin(json);
    for (size_t i = 0; i < VERSIONS; i++) {
        json_text(json, versions[i]);
    }
    json_array_end(json);
}

static void refuse_version(struct request *request, const char *asked) {
    begin_error(request, HTTP_BAD_REQUEST, UNSUPPORTED_VERSION, "this version of the protocol is not spoken here");
    json_key(&request->answer, "data");
    json_object_begin(&request->answer);
    json_key(&request->answer, "supported");
    put_versions(&request->answer);
    json_member_text(&request->answer, "requested", asked);
    json_object_end(&request->answer);
    end(request);
}

static void put_server(struct json *json) {
    json_object_begin(json);
    json_member_text(json, "name", "cmemprof");
    json_member_text(json, "title", "cmemprof: memory and performance of services");
    json_member_text(json, "version", CMEMPROF_VERSION);
    json_object_end(json);
}

static void begin_result(struct request *request) {
    begin(request);
    json_key(&request->answer, "result");
    json_object_begin(&request->answer);
    if (request->is_modern) {
        json_member_text(&request->answer, "resultType", "complete");
        json_key(&request->answer, "_meta");
        json_object_begin(&request->answer);
        json_key(&request->answer, "io.modelcontextprotocol/serverInfo");
        put_server(&request->answer);
        json_object_end(&request->answer);
    }
}

// How long a client may keep an answer that only another version of this program changes.
static void put_freshness(struct request *request) {
    enum { HOUR_MS = 60 * 60 * 1000 };
    if (request->is_modern) {
        json_member_number(&request->answer, "ttlMs", HOUR_MS);
        json_member_text(&request->answer, "cacheScope", "private");
    }
}

// ---- Methods ----

static void put_abilities(struct json *json) {
    static const char capabilities[] = "{\"tools\":{\"listChanged\":false}}";
    json_member_raw(json, "capabilities", capabilities, sizeof capabilities - 1);
    json_member_text(
        json, "instructions",
        "Profiles of services in production, with the memory that C code below Go allocates. Begin with list_services, then findings. "
        "Values have the unit of their type; memory in use is a mean over time. What was not looked at is said: do not take it for well.");
}

static void initialize(struct request *request) {
    char *asked = json_query_text(request->query, request->message, "$.params.protocolVersion");
    const char *version = versions[FIRST_WITH_INITIALIZE];
    for (size_t i = FIRST_WITH_INITIALIZE; asked && i < VERSIONS; i++) {
        version = strcmp(asked, versions[i]) == 0 ? versions[i] : version;
    }
    begin_result(request);
    json_member_text(&request->answer, "protocolVersion", version);
    json_key(&request->answer, "serverInfo");
    put_server(&request->answer);
    put_abilities(&request->answer);
    end(request);
    free(asked);
}

static void discover(struct request *request) {
    begin_result(request);
    json_key(&request->answer, "supportedVersions");
    put_versions(&request->answer);
    put_abilities(&request->answer);
    put_freshness(request);
    end(request);
}

static void put_nothing(struct request *request) {
    begin_result(request);
    end(request);
}

static void list_tools(struct request *request) {
    begin_result(request);
    json_key(&request->answer, "tools");
    tools_list(&request->answer);
    put_freshness(request);
    end(request);
}

// The answer as a text, for clients that know no structured content, and as it is.
static void put_result(struct request *request, const struct tool_call *call, bool ok) {
    begin_result(request);
    json_key(&request->answer, "content");
    json_array_begin(&request->answer);
    json_object_begin(&request->answer);
    json_member_text(&request->answer, "type", "text");
    json_key(&request->answer, "text");
    json_text_n(&request->answer, ok ? call->answer.bytes : call->text, ok ? call->answer.size : strlen(call->text));
    json_object_end(&request->answer);
    json_array_end(&request->answer);
    if (ok) {
        json_member_raw(&request->answer, "structuredContent", call->answer.bytes, call->answer.size);
    }
    json_key(&request->answer, "isError");
    json_bool(&request->answer, !ok);
    end(request);
}

static const struct tool *find_tool(const char *name) {
    for (size_t i = 0; name && i < tools_count; i++) {
        if (strcmp(tools[i].name, name) == 0) {
            return &tools[i];
        }
    }
    return NULL;
}

static void call_tool(struct request *request) {
    static const char arguments[] = "SELECT coalesce(json_extract(?1, '$.params.arguments'), '{}')"
                                    " WHERE coalesce(json_type(?1, '$.params.arguments'), 'null') IN ('null', 'object')";
    char *name = json_query_text(request->query, request->message, "$.params.name");
    char *given = json_query_make(request->query, arguments, request->message, 0);
    const struct tool *tool = find_tool(name);
    if (!tool || !given) {
        put_error(request, HTTP_OK, INVALID_PARAMS, !tool ? "no tool of that name" : "arguments must be an object");
    } else {
        struct tool_call call = {.receiver = request->receiver, .query = request->query, .arguments = given};
        bool ok = tools_check_arguments(tool, &call) && tool->run(&call);
        if (ok && json_failed(&call.answer)) {
            ok = tool_fail(&call, "out of memory, or the answer is too large");
        }
        put_result(request, &call, ok);
        json_free(&call.answer);
    }
    free(given);
    free(name);
}

static const struct {
    const char *name;
    void (*run)(struct request *request);
    bool is_former, is_modern; // which requests may ask for it
} methods[] = {{"initialize", initialize, true, false},
               {"ping", put_nothing, true, false},
               {"server/discover", discover, false, true},
               {"tools/list", list_tools, true, true},
               {"tools/call", call_tool, true, true}};

static void dispatch(struct request *request) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(request->method, methods[i].name) == 0 && (request->is_modern ? methods[i].is_modern : methods[i].is_former)) {
            methods[i].run(request);
            return;
        }
    }
    put_error(request, request->is_modern ? HTTP_NOT_FOUND : HTTP_OK, METHOD_NOT_FOUND,
              request->is_modern ? "no method of that name; there are server/discover, tools/list and tools/call"
                                 : "no method of that name; there are initialize, ping, tools/list and tools/call");
}

// ---- Which version a request is of ----

#define META "$.params._meta.\"io.modelcontextprotocol/"

static bool is_same(const char *header, const char *value) {
    return header && value && strcmp(header, value) == 0;
}

// A client may write a name in base64, whatever it is.
static bool is_same_name(const char *header, const char *name) {
    static const char begin[] = "=?base64?", end[] = "?=";
    enum { BEGIN_BYTES = sizeof begin - 1, END_BYTES = sizeof end - 1 };
    if (!header || !name || strncmp(header, begin, BEGIN_BYTES) != 0) {
        return is_same(header, name);
    }
    size_t size = base64_size(strlen(name));
    bool fits = strlen(header) == BEGIN_BYTES + size + END_BYTES && strcmp(header + BEGIN_BYTES + size, end) == 0;
    char *encoded = fits ? malloc(size + 1) : NULL;
    if (encoded) {
        base64_write(name, strlen(name), encoded);
    }
    bool same = encoded && memcmp(header + BEGIN_BYTES, encoded, size) == 0;
    free(encoded);
    return same;
}

// A program between client and receiver may have decided by the headers: they say what the body says.
static bool headers_agree(struct request *request, const char *version) {
    const struct receiver_message *post = request->post;
    bool is_call = strcmp(request->method, "tools/call") == 0;
    char *name = is_call ? json_query_text(request->query, request->message, "$.params.name") : NULL;
    bool agree = is_same(post->version, version) && is_same(post->method, request->method) && (!is_call || is_same_name(post->name, name));
    free(name);
    if (!agree) {
        put_error(request, HTTP_BAD_REQUEST, HEADER_MISMATCH,
                  "the headers MCP-Protocol-Version, Mcp-Method and, of tools/call, Mcp-Name must be there and say what the body says");
    }
    return agree;
}

// Returns false after an error: nothing is asked of such a request.
static bool read_version(struct request *request) {
    const struct receiver_message *post = request->post;
    char *version = json_query_text(request->query, request->message, META "protocolVersion\"");
    bool is_known = false, ok = true;
    for (size_t i = 0; i < VERSIONS; i++) {
        is_known |= is_same(versions[i], version ? version : post ? post->version : NULL);
    }
    request->is_modern = version;
    if (version && strcmp(version, versions[0]) != 0) {
        refuse_version(request, version);
        ok = false;
    } else if (!version && post && post->version && !is_known) {
        refuse_version(request, post->version);
        ok = false;
    } else if (version ? strcmp(json_query_type(request->query, request->message, META "clientCapabilities\""), "object") != 0
                       : post && is_same(post->version, versions[0])) {
        put_error(request, HTTP_BAD_REQUEST, INVALID_PARAMS,
                  "io.modelcontextprotocol/protocolVersion and io.modelcontextprotocol/clientCapabilities are missing in params._meta");
        ok = false;
    } else if (version && post) {
        ok = headers_agree(request, version);
    }
    free(version);
    return ok;
}

// ---- Messages ----

static char *text_of(struct json *json) {
    char *text = json->size > 0 && !json_failed(json) ? strndup(json->bytes, json->size) : NULL;
    json_free(json);
    return text;
}

static char *answer_one(struct json_query *query, const struct receiver_address *receiver, const struct receiver_message *post,
                        const char *message, unsigned *status) {
    struct request request = {.query = query, .receiver = receiver, .post = post, .message = message, .status = HTTP_OK};
    if (!json_query_is_valid(query, message)) {
        put_error(&request, HTTP_BAD_REQUEST, PARSE_ERROR, "not JSON");
    } else {
        request.id = json_query_quoted(query, message, "$.id");
        request.method = json_query_text(query, message, "$.method");
        bool is_answer = !request.method &&
                         (json_query_type(query, message, "$.result")[0] != '\0' || json_query_type(query, message, "$.error")[0] != '\0');
        bool is_bad_id = request.method && !request.id && json_query_type(query, message, "$.id")[0] != '\0';
        if (is_bad_id) {
            put_error(&request, HTTP_BAD_REQUEST, INVALID_REQUEST, "id is neither a text nor a number");
        } else if (request.method && request.id) {
            if (read_version(&request)) {
                dispatch(&request);
            }
        } else if (!request.method && !is_answer) {
            put_error(&request, HTTP_BAD_REQUEST, INVALID_REQUEST, "not a request of JSON-RPC 2.0");
        } else {
            request.status = HTTP_ACCEPTED;
        }
    }
    bool has_answer = request.answer.size > 0;
    char *text = text_of(&request.answer);
    *status = has_answer && !text ? HTTP_INTERNAL_ERROR : request.status;
    free(request.method);
    free(request.id);
    return text;
}

// ---- Batches ----

struct batch {
    struct json_query *query;
    const struct receiver_address *receiver;
    const struct receiver_message *post;
    size_t messages;
    struct json answers;
};

static void answer_element(void *context, const char *message) {
    struct batch *batch = context;
    unsigned status;
    char *answer = answer_one(batch->query, batch->receiver, batch->post, message, &status);
    if (answer && batch->answers.size == 0) {
        json_array_begin(&batch->answers);
    }
    if (answer) {
        json_raw(&batch->answers, answer, strlen(answer));
    }
    batch->messages++;
    free(answer);
}

static char *answer_any(struct json_query *query, const struct receiver_address *receiver, const struct receiver_message *post,
                        const char *message, unsigned *status) {
    // What is no object is no request, whatever it is: "null" stands for it, so that a batch has no batches.
    static const char elements[] = "SELECT iif(type = 'object', value, 'null') FROM json_each(?1)";
    static const char too_many[] = "SELECT 1 WHERE json_array_length(?1) > ?2";
    struct batch batch = {query, receiver, post, 0, {0}};
    bool may_be_batch = !post || !post->version || strcmp(post->version, with_batches) == 0;
    if (!may_be_batch || strcmp(json_query_type(query, message, "$"), "array") != 0) {
        return answer_one(query, receiver, post, message, status);
    }
    char *is_too_long = json_query_make(query, too_many, message, MCP_BATCH);
    if (is_too_long) { // each may have a large answer
        struct request request = {0};
        free(is_too_long);
        put_error(&request, HTTP_BAD_REQUEST, INVALID_REQUEST, "a batch has at most 32 messages");
        *status = request.status;
        return text_of(&request.answer);
    }
    json_query_each(query, elements, message, answer_element, &batch);
    if (batch.messages == 0) { // an empty one is no request
        return answer_one(query, receiver, post, message, status);
    }
    bool has_answer = batch.answers.size > 0;
    if (has_answer) {
        json_array_end(&batch.answers);
    }
    char *text = text_of(&batch.answers);
    *status = text ? HTTP_OK : has_answer ? HTTP_INTERNAL_ERROR : HTTP_ACCEPTED;
    return text;
}

char *mcp_answer(struct json_query *query, const struct receiver_address *receiver, const char *message) {
    unsigned status;
    return answer_any(query, receiver, NULL, message, &status);
}

char *mcp_answer_post(const struct receiver_inside *inside, const struct receiver_message *message, unsigned *status) {
    const struct receiver_address receiver = {.url = inside->url, .inside = inside};
    struct json_query *query = json_query_open();
    *status = HTTP_INTERNAL_ERROR;
    char *answer = query ? answer_any(query, &receiver, message, message->body, status) : NULL;
    json_query_close(query);
    return answer;
}
