// mcp_fuzz.c: fuzz target of messages of the Model Context Protocol, for libFuzzer. Built by `make fuzz-mcp`.
//
// The input is four lines and what is behind them: the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name, the message, and the answer
// that the receiver gives to each question of a tool; an empty line is a header that is missing. What is answered must be JSON.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"
#include "../mcp/mcp_protocol.h"

struct input {
    const char *answer;
    size_t size;
};

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

static bool get(void *context, const char *path, const char *query, char **bytes, size_t *size, char *text, size_t text_size) {
    const struct input *input = context;
    (void)query;
    if (input->size == 0) {
        snprintf(text, text_size, "nothing at %s", path);
        return false;
    }
    *bytes = malloc(input->size + 1);
    must(*bytes, "no memory");
    memcpy(*bytes, input->answer, input->size);
    (*bytes)[input->size] = '\0';
    *size = input->size;
    return true;
}

static void expect_json(char *answer) {
    struct json_query *query = json_query_open();
    must(query && json_query_is_valid(query, answer), "an answer is no JSON");
    json_query_close(query);
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct merge_budget budget = {.limit_bytes = 64 << 20};
    char *text = malloc(size + 1), *lines[4], *rest = text;
    must(text, "no memory");
    memcpy(text, data, size);
    text[size] = '\0';
    for (int i = 0; i < 4; i++) {
        char *end = rest ? memchr(rest, '\n', (size_t)(text + size - rest)) : NULL;
        lines[i] = rest;
        rest = end ? end + 1 : NULL;
        if (end) {
            *end = '\0';
        }
    }
    if (lines[3]) {
        struct input input = {rest ? rest : "", rest ? (size_t)(text + size - rest) : 0};
        const struct receiver_inside inside = {&input, get, "http://localhost:1", true};
        const struct receiver_message message = {lines[3], *lines[0] ? lines[0] : NULL, *lines[1] ? lines[1] : NULL,
                                                 *lines[2] ? lines[2] : NULL};
        unsigned status = 0;
        struct merge_budget *before = merge_use_budget(&budget);
        char *answer = mcp_answer_post(&inside, &message, &status);
        merge_use_budget(before);
        must(answer ? status == 200 || status == 400 || status == 404 : status == 202, "a status that is none of /mcp");
        must(budget.used_bytes == 0, "memory is kept");
        if (answer) {
            expect_json(answer);
        }
    }
    free(text);
    return 0;
}
