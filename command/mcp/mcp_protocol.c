// mcp_protocol.c: see mcp_protocol.h.
#include "mcp_protocol.h"

#include <stdlib.h>
#include <string.h>

#include "../../merge/version.h"
#include "tools.h"

// Of JSON-RPC 2.0.
enum { PARSE_ERROR = -32700, INVALID_REQUEST = -32600, METHOD_NOT_FOUND = -32601, INVALID_PARAMS = -32602 };

struct request {
    struct json_query *query;
    const struct receiver_address *receiver;
    const char *message;
    char *id; // JSON; NULL: none
    struct json answer;
};

static void begin(struct request *request) {
    const char *id = request->id ? request->id : "null";
    json_object_begin(&request->answer);
    json_member_text(&request->answer, "jsonrpc", "2.0");
    json_member_raw(&request->answer, "id", id, strlen(id));
}

static void put_error(struct request *request, int code, const char *text) {
    begin(request);
    json_key(&request->answer, "error");
    json_object_begin(&request->answer);
    json_key(&request->answer, "code");
    json_number(&request->answer, code);
    json_member_text(&request->answer, "message", text);
    json_object_end(&request->answer);
    json_object_end(&request->answer);
}

// ---- Methods ----

static void initialize(struct request *request) {
    static const char capabilities[] = "{\"tools\":{\"listChanged\":false}}";
    static const char *const versions[] = {"2025-06-18", "2025-03-26", "2024-11-05"};
    char *asked = json_query_text(request->query, request->message, "$.params.protocolVersion");
    const char *version = versions[0];
    for (size_t i = 0; asked && i < sizeof versions / sizeof *versions; i++) {
        version = strcmp(asked, versions[i]) == 0 ? versions[i] : version;
    }
    begin(request);
    json_key(&request->answer, "result");
    json_object_begin(&request->answer);
    json_member_text(&request->answer, "protocolVersion", version);
    json_member_raw(&request->answer, "capabilities", capabilities, sizeof capabilities - 1);
    json_key(&request->answer, "serverInfo");
    json_object_begin(&request->answer);
    json_member_text(&request->answer, "name", "cmemprof");
    json_member_text(&request->answer, "title", "cmemprof: memory and performance of services");
    json_member_text(&request->answer, "version", CMEMPROF_VERSION);
    json_object_end(&request->answer);
    json_member_text(
        &request->answer, "instructions",
        "Profiles of services in production, with the memory that C code below Go allocates. Begin with list_services, then findings. "
        "Values have the unit of their type; memory in use is a mean over time. What was not looked at is said: do not take it for well.");
    json_object_end(&request->answer);
    json_object_end(&request->answer);
    free(asked);
}

static void put_nothing(struct request *request) {
    begin(request);
    json_member_raw(&request->answer, "result", "{}", 2);
    json_object_end(&request->answer);
}

static void list_tools(struct request *request) {
    begin(request);
    json_key(&request->answer, "result");
    json_object_begin(&request->answer);
    json_key(&request->answer, "tools");
    tools_list(&request->answer);
    json_object_end(&request->answer);
    json_object_end(&request->answer);
}

// The answer as a text, for clients that know no structured content, and as it is.
static void put_result(struct request *request, const struct tool_call *call, bool ok) {
    begin(request);
    json_key(&request->answer, "result");
    json_object_begin(&request->answer);
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
    json_object_end(&request->answer);
    json_object_end(&request->answer);
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
        put_error(request, INVALID_PARAMS, !tool ? "no tool of that name" : "arguments must be an object");
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
} methods[] = {{"initialize", initialize}, {"ping", put_nothing}, {"tools/list", list_tools}, {"tools/call", call_tool}};

static void dispatch(struct request *request, const char *method) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(method, methods[i].name) == 0) {
            methods[i].run(request);
            return;
        }
    }
    put_error(request, METHOD_NOT_FOUND, "no method of that name; there are initialize, ping, tools/list and tools/call");
}

static char *text_of(struct json *json) {
    char *text = json->size > 0 && !json_failed(json) ? strndup(json->bytes, json->size) : NULL;
    json_free(json);
    return text;
}

static char *answer_one(struct json_query *query, const struct receiver_address *receiver, const char *message) {
    struct request request = {.query = query, .receiver = receiver, .message = message};
    char *method = NULL;
    if (!json_query_is_valid(query, message)) {
        put_error(&request, PARSE_ERROR, "not JSON");
    } else {
        request.id = json_query_quoted(query, message, "$.id");
        method = json_query_text(query, message, "$.method");
        bool is_answer =
            !method && (json_query_type(query, message, "$.result")[0] != '\0' || json_query_type(query, message, "$.error")[0] != '\0');
        if (method && request.id) {
            dispatch(&request, method);
        } else if (!method && !is_answer) {
            put_error(&request, INVALID_REQUEST, "not a request of JSON-RPC 2.0");
        }
    }
    free(method);
    free(request.id);
    return text_of(&request.answer);
}

// ---- Batches, which version 2025-03-26 has ----

struct batch {
    struct json_query *query;
    const struct receiver_address *receiver;
    size_t messages;
    struct json answers;
};

static void answer_element(void *context, const char *message) {
    struct batch *batch = context;
    char *answer = answer_one(batch->query, batch->receiver, message);
    if (answer && batch->answers.size == 0) {
        json_array_begin(&batch->answers);
    }
    if (answer) {
        json_raw(&batch->answers, answer, strlen(answer));
    }
    batch->messages++;
    free(answer);
}

char *mcp_answer(struct json_query *query, const struct receiver_address *receiver, const char *message) {
    // What is no object is no request, whatever it is: "null" stands for it, so that a batch has no batches.
    static const char elements[] = "SELECT iif(type = 'object', value, 'null') FROM json_each(?1)";
    struct batch batch = {query, receiver, 0, {0}};
    if (strcmp(json_query_type(query, message, "$"), "array") != 0) {
        return answer_one(query, receiver, message);
    }
    json_query_each(query, elements, message, answer_element, &batch);
    if (batch.answers.size > 0) {
        json_array_end(&batch.answers);
    }
    return batch.messages > 0 ? text_of(&batch.answers) : answer_one(query, receiver, message); // an empty one is no request
}
