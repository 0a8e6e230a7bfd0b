// tools.c: what there is to ask, and the tools whose answers are made of the receiver's JSON by SQLite (tools.h).
#include "tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/web_address.h"

// ---- Answers made of the receiver's ----

static bool answer_with(struct tool_call *call, const char *statement, const char *document, int64_t number) {
    char *made = json_query_make(call->query, statement, document, number);
    if (!made) {
        return tool_fail(call, "the receiver's answer is not what was expected: is it of this version?");
    }
    json_raw(&call->answer, made, strlen(made));
    free(made);
    return true;
}

// GET path?query, answered with the statement.
static bool answer_from(struct tool_call *call, const char *path, const char *query, const char *statement, int64_t number) {
    size_t size;
    char *document = tool_get(call, path, query, &size);
    bool ok = document && answer_with(call, statement, document, number);
    free(document);
    return ok;
}

// Adds arguments that are texts to a query, by the receiver's names. The first one must be given.
static bool add_arguments(struct tool_call *call, const char *const (*names)[2], size_t count, char query[TOOL_QUERY_BYTES]) {
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        char *value;
        ok = tool_text(call, names[i][0], &value) &&
             (value || i != 0 || tool_fail(call, "profile is missing; list_profiles tells which there are")) &&
             tool_add(call, names[i][1], value, query);
        free(value);
    }
    return ok;
}

static bool list_services(struct tool_call *call) {
    static const char statement[] =
        "SELECT json_object('services', json((SELECT json_group_array(json_object('service', json_extract(value, '$.value'),"
        " 'uploads', json_extract(value, '$.count'))) FROM json_each(?1, '$.facets[0].values'))),"
        " 'services_left_out', json_extract(?1, '$.facets[0].more'))"
        " WHERE json_extract(?1, '$.facets[0].name') = 'service'";
    char query[TOOL_QUERY_BYTES] = "";
    return tool_select(call, "$", query) && tool_add(call, "values", "1000", query) &&
           answer_from(call, "/api/facets", query, statement, 0);
}

// Appends the types of each attachment to an array.
static bool add_profiles(struct tool_call *call, const char *selection, const char *names, int64_t count) {
    static const char statement[] =
        "SELECT json_group_array(json_object('type', json_extract(value, '$.type'), 'unit', json_extract(value, '$.unit'),"
        " 'total', json_extract(value, '$.total'), 'c_total', json_extract(value, '$.c_total'), 'gauge',"
        " json(iif(json_extract(value, '$.gauge'), 'true', 'false')))) FROM json_each(?1, '$.types')";
    bool ok = true;
    for (int64_t i = 0; i < count && ok; i++) {
        char path[32], query[TOOL_QUERY_BYTES];
        size_t size;
        snprintf(path, sizeof path, "$[%lld].name", (long long)i);
        char *name = json_query_text(call->query, names, path);
        snprintf(path, sizeof path, "$[%lld].uploads", (long long)i);
        snprintf(query, sizeof query, "%s", selection);
        ok = name && tool_add(call, "attachment", name, query);
        char *types = ok ? tool_get(call, "/api/types", query, &size) : NULL;
        json_object_begin(&call->answer);
        json_key(&call->answer, "profile");
        json_text(&call->answer, name);
        json_key(&call->answer, "uploads");
        json_number(&call->answer, json_query_integer(call->query, names, path, 0));
        json_key(&call->answer, "types");
        ok = types && answer_with(call, statement, types, 0);
        json_object_end(&call->answer);
        free(types);
        free(name);
    }
    return ok;
}

static bool list_profiles(struct tool_call *call) {
    enum { MAX_PROFILES = 16 };
    static const char statement[] = "SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(?1, '$.attachments')"
                                    " WHERE json_extract(value, '$.pprof') OR json_extract(value, '$.recording')"
                                    " ORDER BY json_extract(value, '$.uploads') DESC, key LIMIT ?2)";
    static const char left_out_statement[] = "SELECT max(0, count(*) - ?2) FROM json_each(?1, '$.attachments')"
                                             " WHERE json_extract(value, '$.pprof') OR json_extract(value, '$.recording')";
    char query[TOOL_QUERY_BYTES] = "";
    size_t size;
    char *all = tool_select(call, "$", query) ? tool_get(call, "/api/types", query, &size) : NULL;
    char *names = all ? json_query_make(call->query, statement, all, MAX_PROFILES) : NULL;
    int64_t count = 0;
    while (names && count < MAX_PROFILES) {
        char path[32];
        snprintf(path, sizeof path, "$[%lld]", (long long)count);
        if (json_query_type(call->query, names, path)[0] == '\0') {
            break;
        }
        count++;
    }
    char *left_out = all ? json_query_make(call->query, left_out_statement, all, MAX_PROFILES) : NULL;
    bool ok = (names && left_out) || (all && tool_fail(call, "the receiver's answer is not what was expected: is it of this version?"));
    if (ok) {
        json_object_begin(&call->answer);
        json_key(&call->answer, "profiles");
        json_array_begin(&call->answer);
        ok = add_profiles(call, query, names, count);
        json_array_end(&call->answer);
        json_key(&call->answer, "profiles_left_out");
        json_raw(&call->answer, left_out, strlen(left_out));
        json_object_end(&call->answer);
    }
    free(left_out);
    free(names);
    free(all);
    return ok;
}

static bool findings(struct tool_call *call) {
    static const char statement[] =
        "SELECT json_object('headline', json_extract(?1, '$.headline'), 'complete', json(iif(json_extract(?1, '$.complete'), 'true', "
        "'false')),"
        " 'not_looked_at', json(json_extract(?1, '$.not_looked_at')), 'findings', json((SELECT json_group_array(json(finding)) FROM"
        " (SELECT json_object('kind', json_extract(value, '$.kind'), 'severity', json_extract(value, '$.severity'), 'title', "
        "json_extract(value, '$.title'),"
        " 'evidence', json_extract(value, '$.evidence'), 'advice', json_extract(value, '$.advice'), 'bytes_per_minute',"
        " json_extract(value, '$.slope_bytes_per_minute'), 'service', json_extract(value, '$.service'), 'host', json_extract(value, "
        "'$.host'),"
        " 'processes', json_extract(value, '$.processes'), 'site', json_extract(value, '$.site'), 'stack', json(json_extract(value, "
        "'$.stack')),"
        " 'profile', json_extract(value, '$.attachment'), 'type', json_extract(value, '$.type')) AS finding FROM json_each(?1, "
        "'$.findings') LIMIT ?2))),"
        " 'findings_left_out', coalesce(json_extract(?1, '$.findings_left_out'), 0) + max(0, json_array_length(?1, '$.findings') - ?2))"
        " WHERE json_type(?1, '$.findings') = 'array'";
    char query[TOOL_QUERY_BYTES] = "";
    int64_t rows;
    return tool_rows(call, &rows) && tool_select(call, "$", query) && answer_from(call, "/api/analysis", query, statement, rows);
}

static bool add_tree(struct tool_call *call, char query[TOOL_QUERY_BYTES]) {
    static const char *const names[][2] = {{"profile", "attachment"}, {"type", "type"}, {"memory", "memory"}};
    return add_arguments(call, names, sizeof names / sizeof *names, query);
}

// A tree as tables: nodes with their own value, and a second value (of the base, or the error), and names.
#define TREE                                                                                                                               \
    "WITH RECURSIVE nodes(id, parent, function, self, second) AS (SELECT key + 1, json_extract(value, '$[0]'), json_extract(value, "       \
    "'$[1]'),"                                                                                                                             \
    " json_extract(value, '$[3]'), json_extract(value, '$[5]') FROM json_each(?1, '$.nodes')),"                                            \
    " functions(id, name) AS (SELECT key, json_extract(value, '$.name') FROM json_each(?1, '$.functions')),"
// Frames of the chosen nodes, each with its way to the root: depth 0 is the node itself.
#define STACKS                                                                                                                             \
    " frames(chosen, at, depth) AS (SELECT id, id, 0 FROM chosen UNION ALL SELECT chosen, parent, depth + 1 FROM frames"                   \
    " JOIN nodes ON nodes.id = at WHERE parent > 0 AND depth < 40),"                                                                       \
    " stacks(chosen, stack) AS (SELECT chosen, json_group_array(name) FROM (SELECT chosen, name FROM frames JOIN nodes ON nodes.id = at"   \
    " JOIN functions ON functions.id = nodes.function ORDER BY chosen, depth) GROUP BY chosen)"

// What the figures lack, as the receiver says it: uploads beyond its limits, unreadable ones, and small nodes that it has cut.
#define NOT_READ                                                                                                                           \
    " 'uploads_left_out', json_extract(?1, '$.uploads_left_out'), 'failed_count', json_extract(?1, '$.failed_count'), 'nodes_left_out',"   \
    " json_extract(?1, '$.nodes_left_out')"

bool tool_diff(struct tool_call *call) {
    static const char statement[] = TREE
        " chosen(id, self, second) AS (SELECT id, self, second FROM nodes WHERE self <> second ORDER BY abs(self - second) DESC, id "
        "LIMIT ?2)," STACKS " SELECT json_object('type', json_extract(?1, '$.type'), 'unit', json_extract(?1, '$.unit'), 'before', "
        "json_extract(?1, '$.base_total'),"
        " 'after', json_extract(?1, '$.total'), 'warnings', json(coalesce(json_extract(?1, '$.warnings'), '[]')), 'rows', json((SELECT "
        "json_group_array(json(line)) FROM"
        " (SELECT json_object('stack', json(stack), 'before', second, 'after', self, 'change', self - second) AS line"
        " FROM chosen JOIN stacks ON stacks.chosen = id ORDER BY abs(self - second) DESC, id))),"
        " 'rows_left_out', (SELECT max(0, count(*) - ?2) FROM nodes WHERE self <> second)," NOT_READ
        ", 'base_uploads_left_out', json_extract(?1, '$.base.uploads_left_out'), 'base_failed_count', json_extract(?1, "
        "'$.base.failed_count'))"
        " WHERE json_type(?1, '$.nodes') = 'array'";
    char query[TOOL_QUERY_BYTES] = "", base[TOOL_QUERY_BYTES] = "";
    int64_t rows;
    bool ok = tool_rows(call, &rows) && tool_select(call, "$", query);
    if (ok && strcmp(json_query_type(call->query, call->arguments, "$.base"), "object") != 0) {
        ok = tool_fail(call, "base is missing: the selection to compare with, such as {\"version\": \"1.4\"}");
    }
    ok = ok && tool_select(call, "$.base", base);
    for (char *rest, *parameter = strtok_r(base, "&", &rest); ok && parameter; parameter = strtok_r(NULL, "&", &rest)) {
        size_t used = strlen(query);
        ok = (size_t)snprintf(query + used, sizeof query - used, "%sbase.%s", used > 0 ? "&" : "", parameter) < sizeof query - used ||
             tool_fail(call, "the arguments are too long");
    }
    return ok && add_tree(call, query) && answer_from(call, "/api/diff", query, statement, rows);
}

static bool growth(struct tool_call *call) {
    static const char statement[] =
        TREE " chosen(id, self, second) AS (SELECT id, self, second FROM nodes WHERE self > 0 ORDER BY self DESC, id LIMIT ?2)," STACKS
             " SELECT json_object('type', json_extract(?1, '$.type'), 'unit', json_extract(?1, '$.unit'), 'per_minute', json_extract(?1, "
             "'$.total'),"
             " 'error', json_extract(?1, '$.error'), 'minutes', json_extract(?1, '$.growth.minutes'), 'processes', json_extract(?1, "
             "'$.growth.processes'),"
             " 'processes_too_short', json_extract(?1, '$.growth.processes_too_short'), 'uploads_skipped', json_extract(?1, "
             "'$.growth.uploads_skipped'),"
             " 'warnings', json(coalesce(json_extract(?1, '$.warnings'), '[]')), 'rows', json((SELECT json_group_array(json(line)) FROM "
             "(SELECT json_object('stack', json(stack), 'per_minute', self, "
             "'error', second) AS line"
             " FROM chosen JOIN stacks ON stacks.chosen = id ORDER BY self DESC, id))),"
             " 'rows_left_out', (SELECT max(0, count(*) - ?2) FROM nodes WHERE self > 0)," NOT_READ ")"
             " WHERE json_type(?1, '$.growth') = 'object'";
    char query[TOOL_QUERY_BYTES] = "";
    int64_t rows;
    return tool_rows(call, &rows) && tool_select(call, "$", query) && add_tree(call, query) &&
           answer_from(call, "/api/growth", query, statement, rows);
}

static bool owners(struct tool_call *call) {
    static const char statement[] =
        "SELECT json_object('live_bytes', json_extract(?1, '$.total.live.bytes'), 'live_blocks', json_extract(?1, "
        "'$.total.live.blocks'),"
        " 'allocated_blocks', json_extract(?1, '$.total.allocated.blocks'), 'freed_blocks', json_extract(?1, '$.total.freed.blocks'),"
        " 'warnings', json(coalesce(json_extract(?1, '$.warnings'), '[]')), 'rows', json((SELECT json_group_array(json(line)) FROM"
        " (SELECT json_object('owner', json_extract(value, '$.function.name'), 'file', json_extract(value, '$.function.file'), 'line', "
        "json_extract(value, '$.line'), 'library', json_extract(value, '$.library'), 'opens', json_extract(value, '$.opens'), 'closes', "
        "json_extract(value, '$.closes'), 'live_bytes', json_extract(value, '$.live.bytes'), 'live_bytes_error', json_extract(value, "
        "'$.live.bytes_error'), 'live_blocks', json_extract(value, '$.live.blocks'), 'allocated_blocks', json_extract(value, "
        "'$.allocated.blocks'), 'freed_blocks', json_extract(value, '$.freed.blocks')) AS line FROM json_each(?1, '$.owners') LIMIT ?2))),"
        " 'rows_left_out', json_extract(?1, '$.owners_left_out') + max(0, json_array_length(?1, '$.owners') - ?2), 'uploads_left_out',"
        " json_extract(?1, '$.uploads_left_out'), 'failed_count', json_extract(?1, '$.failed_count'))"
        " WHERE json_type(?1, '$.owners') = 'array'";
    static const char *const names[][2] = {{"profile", "attachment"}};
    char query[TOOL_QUERY_BYTES] = "", limit[24];
    int64_t rows;
    bool ok = tool_rows(call, &rows) && tool_select(call, "$", query) && add_arguments(call, names, 1, query);
    snprintf(limit, sizeof limit, "%lld", (long long)(ok ? rows : 0));
    return ok && tool_add(call, "limit", limit, query) && answer_from(call, "/api/owners", query, statement, rows);
}

// The address of a file, without secrets: it may be large, and is for a person or another tool.
static bool export_profile(struct tool_call *call) {
    static const char *const names[][2] = {{"profile", "attachment"}, {"format", "format"}, {"type", "type"}, {"memory", "memory"}};
    char query[TOOL_QUERY_BYTES] = "", address[1024], url[TOOL_QUERY_BYTES + sizeof address + 16];
    if (!tool_select(call, "$", query) || !add_arguments(call, names, sizeof names / sizeof *names, query)) {
        return false;
    }
    bool secret = web_address_strip(call->receiver->url, address, sizeof address);
    snprintf(url, sizeof url, "%s/api/profile?%s", address, query);
    json_object_begin(&call->answer);
    json_key(&call->answer, "url");
    json_text(&call->answer, url);
    json_key(&call->answer, "needs_token");
    const struct receiver_inside *inside = call->receiver->inside;
    json_bool(&call->answer, secret || call->receiver->authorization || (inside && inside->needs_token));
    json_object_end(&call->answer);
    return true;
}

// ---- The list ----

#define STRING(name, words) "\"" name "\":{\"type\":\"string\",\"description\":\"" words "\"}"
#define SELECTION                                                                                                                                   \
    STRING("service", "exactly this service")                                                                                                       \
    "," STRING("env", "exactly this environment") "," STRING("version", "exactly this version") "," STRING("host", "exactly this host") "," STRING( \
        "q",                                                                                                                                        \
        "words that must match tags, as on the page: env:prod -host:db-1") "," STRING("from",                                                       \
                                                                                      "RFC 3339, or milliseconds since 1970: uploads "              \
                                                                                      "from then on") "," STRING("to", "uploads before "            \
                                                                                                                       "that") ",\"last_"           \
                                                                                                                               "minutes\""          \
                                                                                                                               ":{"                 \
                                                                                                                               "\"type\":"          \
                                                                                                                               "\"integer"          \
                                                                                                                               "\","                \
                                                                                                                               "\"minimum"          \
                                                                                                                               "\":1,"              \
                                                                                                                               "\"descrip"          \
                                                                                                                               "tion\":"            \
                                                                                                                               "\"uploads"          \
                                                                                                                               " of the "           \
                                                                                                                               "last "              \
                                                                                                                               "minutes, "          \
                                                                                                                               "in place "          \
                                                                                                                               "of "                \
                                                                                                                               "from\"}"
#define PROFILE STRING("profile", "name of the profile, as list_profiles has it: delta-heap.pprof, cpu.pprof, ...")
#define TYPE STRING("type", "sample type: inuse_space, alloc_space, cpu, ...; the default is memory in use, if there is any")
#define MEMORY "\"memory\":{\"type\":\"string\",\"enum\":[\"C\",\"Go\"],\"description\":\"only memory that C, or Go, has allocated\"}"
#define LIMIT "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":200,\"description\":\"rows; 20 by default\"}"
#define OBJECT(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define ROWS(name, properties) "\"" name "\":{\"type\":\"array\",\"items\":" OBJECT(properties) "}"
#define NUMBER(name) "\"" name "\":{\"type\":\"number\"}"
#define MAYBE(name) "\"" name "\":{\"type\":[\"number\",\"null\"]}"
#define TEXT(name) "\"" name "\":{\"type\":[\"string\",\"null\"]}"
#define TEXTS(name) "\"" name "\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"
#define LACKING MAYBE("uploads_left_out") "," MAYBE("failed_count") "," MAYBE("nodes_left_out")
#define HEAD TEXT("profile") "," TEXT("type") "," TEXT("unit") "," NUMBER("total") "," TEXTS("warnings")

const struct tool tools[] = {
    {"list_services", "List services", "Services that have sent profiles, with the number of their uploads. Begin here.", SELECTION, "",
     OBJECT(ROWS("services", TEXT("service") "," NUMBER("uploads")) "," NUMBER("services_left_out")), list_services},
    {"list_profiles", "List profiles",
     "Profiles of a selection and their sample types with totals; c_total is what C code allocated. Gauges (memory in use) are means over "
     "time.",
     SELECTION, "",
     OBJECT(ROWS("profiles", TEXT("profile") "," NUMBER("uploads") "," ROWS(
                                 "types", TEXT("type") "," TEXT("unit") "," NUMBER("total") "," NUMBER(
                                              "c_total") ",\"gauge\":{\"type\":\"boolean\"}")) "," NUMBER("profiles_left_out")),
     list_profiles},
    {"findings", "Findings",
     "What is wrong, worst first: leaks of C or Go memory, regressions between versions, locks, restarts, with site and stack. "
     "not_looked_at says what this does not cover: nothing found there means nothing.",
     SELECTION "," LIMIT, "",
     OBJECT(TEXT("headline") ",\"complete\":{\"type\":\"boolean\"}," TEXTS("not_looked_at") "," ROWS(
         "findings",
         TEXT("kind") "," TEXT("severity") "," TEXT("title") "," TEXT("evidence") "," TEXT(
             "advice") ",\"bytes_per_minute\":{\"type\":["
                       "\"number\",\"null\"]}," TEXT(
                           "servic"
                           "e") "," TEXT("host") "," NUMBER("processes") "," TEXT("site") "," TEXTS("stack") "," TEXT("profile") "," TEXT("type")) "," NUMBER("findings_left_out")),
     findings},
    {"top", "Top",
     "The functions, lines, files, packages or stacks with most of a sample type, of all profiles of the selection merged. self is a "
     "function's own value, total includes what it calls. Stacks are leaf first and go from C into the Go functions that called it.",
     SELECTION
     "," PROFILE "," TYPE "," MEMORY "," LIMIT
     ",\"by\":{\"type\":\"string\",\"enum\":[\"function\",\"line\",\"file\",\"package\",\"stack\"]}," STRING(
         "focus",
         "regular expression, at most 200 bytes, where a group is not repeated: only stacks with a function, source or object file "
         "that matches"),
     "",
     OBJECT(HEAD "," ROWS("rows",
                          TEXT("function") "," TEXT("file") "," NUMBER("line") "," TEXT("package") "," TEXTS("stack") "," NUMBER(
                              "frames_left_out") "," NUMBER("self") "," NUMBER("total") "," NUMBER("objects")) "," NUMBER("rows_left_out")),
     tool_top},
    {"diff", "Difference",
     "What has changed between two selections, by stack, largest first: two versions, two times. Values other than gauges are scaled to "
     "the same time.",
     SELECTION "," PROFILE "," TYPE "," MEMORY "," LIMIT ",\"base\":" OBJECT(SELECTION), "\"profile\",\"base\"",
     OBJECT(TEXT("type") "," TEXT("unit") "," NUMBER("before") "," NUMBER("after") "," TEXTS("warnings") "," ROWS(
         "rows", TEXTS("stack") "," NUMBER("before") "," NUMBER("after") "," NUMBER(
                     "change")) "," NUMBER("rows_left_out") "," LACKING "," MAYBE("base_uploads_left_out") "," MAYBE("base_failed_count")),
     tool_diff},
    {"growth", "Growth",
     "Which stacks grow, in units a minute, by a robust slope over the range for each process, with its error; restarts do not matter. For "
     "gauges such as inuse_space.",
     SELECTION "," PROFILE "," TYPE "," MEMORY "," LIMIT, "\"profile\"",
     OBJECT(TEXT("type") "," TEXT("unit") "," NUMBER("per_minute") "," NUMBER("error") "," NUMBER("minutes") "," NUMBER("processes") "," MAYBE(
         "processes_too_short") "," MAYBE("uploads_skipped") "," TEXTS("warnings") "," ROWS("rows",
                                                                                            TEXTS("stack") "," NUMBER("per_minute") "," NUMBER(
                                                                                                "error")) "," NUMBER("rows_left_out") "," LACKING),
     growth},
    {"owners", "Owners of C memory",
     "C memory by the function of the program itself that owns it, the largest in use first, with what opens and what closes it where that "
     "is known (sqlite3_prepare_v2 / sqlite3_finalize): if allocated grows and freed does not, what was opened is not closed. freed is "
     "null "
     "where the profile cannot tell.",
     SELECTION "," PROFILE "," LIMIT, "\"profile\"",
     OBJECT(MAYBE("live_bytes") "," MAYBE("live_blocks") "," MAYBE("allocated_blocks") "," MAYBE("freed_blocks") "," TEXTS("warnings") "," ROWS(
         "rows",
         TEXT("owner") "," TEXT("file") "," MAYBE("line") "," TEXT("library") "," TEXT("opens") "," TEXT("closes") "," MAYBE("live_bytes") "," MAYBE("live_bytes_error") "," MAYBE(
             "live_blocks") "," MAYBE("allocated_blocks") "," MAYBE("freed_blocks")) "," NUMBER("rows_left_out") "," MAYBE("uploads_left_"
                                                                                                                           "out") "," MAYBE("failed_count")),
     owners},
    {"source", "Source lines", "The lines of one function with their values.",
     SELECTION "," PROFILE "," TYPE "," MEMORY "," LIMIT "," STRING("function", "its whole name, as in the rows of top"), "\"function\"",
     OBJECT(HEAD "," ROWS("lines", TEXT("function") "," TEXT("file") "," NUMBER("line") "," NUMBER("self") "," NUMBER("total") "," NUMBER(
                                       "objects")) "," NUMBER("lines_left_out")),
     tool_source},
    {"export", "Export", "The address of the merged profile as a file, for go tool pprof, a browser or cmemprof.",
     SELECTION "," PROFILE "," TYPE "," MEMORY
               ",\"format\":{\"type\":\"string\",\"enum\":[\"pprof\",\"otlp\",\"folded\",\"speedscope\",\"json\",\"csv\",\"svg\"]}",
     "\"profile\"", OBJECT(TEXT("url") ",\"needs_token\":{\"type\":\"boolean\"}"), export_profile},
};
const size_t tools_count = sizeof tools / sizeof *tools;

static void put_input(struct json *json, const struct tool *tool) {
    char schema[8192];
    int length =
        snprintf(schema, sizeof schema, "{\"type\":\"object\",\"properties\":{%s},\"required\":[%s],\"additionalProperties\":false}",
                 tool->input, tool->required);
    json->failed |= length < 0 || (size_t)length >= sizeof schema;
    json_member_raw(json, "inputSchema", schema, strlen(schema));
}

// Arguments by their names alone: a wrong one would be left out, and the answer be that of another question.
bool tools_check_arguments(const struct tool *tool, struct tool_call *call) {
    static const char unknown[] = "SELECT key FROM json_each(?1, CASE ?2 WHEN 0 THEN '$.given' ELSE '$.given.base' END)"
                                  " WHERE typeof(key) = 'text' AND key NOT IN"
                                  " (SELECT key FROM json_each(?1, CASE ?2 WHEN 0 THEN '$.known' ELSE '$.known.base.properties' END))";
    static const char known[] = "SELECT group_concat(key, ', ') FROM"
                                " json_each(?1, CASE ?2 WHEN 0 THEN '$.known' ELSE '$.known.base.properties' END)";
    char *both = NULL;
    bool ok = asprintf(&both, "{\"given\":%s,\"known\":{%s}}", call->arguments, tool->input) >= 0 || tool_fail(call, "out of memory");
    for (int in_base = 0; ok && in_base < 2; in_base++) {
        char *name = json_query_make(call->query, unknown, both, in_base);
        char *names = name ? json_query_make(call->query, known, both, in_base) : NULL;
        if (name) {
            ok = tool_fail(call, "there is no argument %.60s%s; there are %s", name, in_base ? " in base" : "", names ? names : "none");
        }
        free(names);
        free(name);
    }
    free(both);
    return ok;
}

void tools_list(struct json *json) {
    static const char annotations[] = "{\"readOnlyHint\":true,\"openWorldHint\":false}";
    json_array_begin(json);
    for (size_t i = 0; i < tools_count; i++) {
        json_object_begin(json);
        json_member_text(json, "name", tools[i].name);
        json_member_text(json, "title", tools[i].title);
        json_member_text(json, "description", tools[i].description);
        put_input(json, &tools[i]);
        json_member_raw(json, "outputSchema", tools[i].output, strlen(tools[i].output));
        json_member_raw(json, "annotations", annotations, sizeof annotations - 1);
        json_object_end(json);
    }
    json_array_end(json);
}
