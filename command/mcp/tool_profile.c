// tool_profile.c: the tools that read a merged profile: top and source (tools.h). The table is that of `cmemprof top`.
#include "tools.h"
#include "../../base/saturated.h"

#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"
#include "../../receiver/views/label_frames.h"
#include "../base/text.h"
#include "../report/top.h"
#include "focus.h"

enum { FRAMES_SHOWN = 40 };

struct question {
    char *attachment, *type, *memory, *by, *focus, *function;
    int64_t rows;
    struct profile *profile;
    struct top_options options;
    struct filter filter;
};

static void close_question(struct question *question) {
    free(question->attachment);
    free(question->type);
    free(question->memory);
    free(question->by);
    free(question->focus);
    free(question->function);
    filter_free(&question->filter);
    profile_free(question->profile);
}

// ---- What is asked ----

// The attachment that most uploads have; memory's first.
static bool choose_attachment(struct tool_call *call, const char *selection, char **attachment) {
    static const char statement[] =
        "SELECT json_extract(value, '$.name') FROM json_each(?1, '$.attachments')"
        " WHERE json_extract(value, '$.pprof') OR json_extract(value, '$.recording')"
        " ORDER BY json_extract(value, '$.name') LIKE '%heap%' DESC, json_extract(value, '$.uploads') DESC, key";
    size_t size;
    char *types = *attachment ? NULL : tool_get(call, "/api/types", selection, &size);
    if (!*attachment && types) {
        *attachment = json_query_make(call->query, statement, types, 0);
        if (!*attachment) {
            tool_fail(call, "no upload of this selection has a profile; list_services and list_profiles tell what there is");
        }
    }
    free(types);
    return *attachment;
}

static bool choose(struct tool_call *call, const char *name, const char *value, const char *const *words, int otherwise, int *choice) {
    *choice = otherwise;
    for (int i = 0; value && words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *choice = i;
            return true;
        }
    }
    return !value || tool_fail(call, "%s cannot be %.40s", name, value);
}

static bool take_focus(struct tool_call *call, struct question *question, const char *expression) {
    const char *fault = focus_fault(expression);
    if (fault) {
        return tool_fail(call, "focus: %s", fault);
    }
    int error = regcomp(&question->filter.frames[FILTER_FOCUS], expression, REG_EXTENDED | REG_NOSUB);
    if (error != 0) {
        char text[200];
        regerror(error, &question->filter.frames[FILTER_FOCUS], text, sizeof text);
        return tool_fail(call, "focus is no POSIX extended regular expression: %s", text);
    }
    question->filter.has = 1U << FILTER_FOCUS;
    question->options.filter = &question->filter;
    return true;
}

static bool take_arguments(struct tool_call *call, struct question *question) {
    static const char *const memories[] = {"C", "Go", NULL}, *const things[] = {"function", "line", "file", "package", "stack", NULL};
    int memory, by;
    bool ok = tool_text(call, "profile", &question->attachment) && tool_text(call, "type", &question->type) &&
              tool_text(call, "memory", &question->memory) && tool_text(call, "by", &question->by) &&
              tool_text(call, "focus", &question->focus) && tool_text(call, "function", &question->function) &&
              tool_rows(call, &question->rows) && choose(call, "memory", question->memory, memories, -1, &memory) &&
              choose(call, "by", question->by, things, 0, &by);
    if (!ok) {
        return false;
    }
    question->options.memory = memory < 0 ? FLAT_CUM_ALL : memory == 0 ? FLAT_CUM_C : FLAT_CUM_GO;
    question->options.by_stack = by == 4;
    question->options.by = by == 4 ? FRAME_BY_FUNCTION : (enum frame_by)by;
    question->options.lines = (size_t)question->rows;
    question->options.type = question->type;
    return !question->focus || take_focus(call, question, question->focus);
}

static bool read_profile(struct tool_call *call, struct question *question) {
    char query[TOOL_QUERY_BYTES] = "";
    size_t size = 0;
    bool ok = tool_select(call, "$", query) && choose_attachment(call, query, &question->attachment) &&
              tool_add(call, "attachment", question->attachment, query) && tool_add(call, "type", question->type, query);
    char *bytes = ok ? tool_get(call, "/api/profile", query, &size) : NULL;
    struct merge_fault fault = {0};
    question->profile = bytes ? profile_new() : NULL;
    enum merge_error error = question->profile ? profile_decode(question->profile, bytes, size, NULL, NULL, &fault) : MERGE_NO_MEMORY;
    error = error == MERGE_OK ? label_frames_give(&question->profile) : error;
    ok = bytes && error == MERGE_OK;
    if (bytes && !ok) {
        const struct merge_budget *budget = merge_budget_in_use(); // the receiver's, for its answers
        bool is_too_large = error == MERGE_NO_MEMORY && budget && budget->exceeded;
        tool_fail(call, "the receiver's profile cannot be read: %s",
                  is_too_large                                        ? "it needs more memory than --view-memory allows; select less"
                  : error != MERGE_NO_MEMORY && fault.text[0] != '\0' ? fault.text
                                                                      : merge_error_text(error));
    }
    free(bytes);
    return ok;
}

static bool build(struct tool_call *call, struct question *question, struct top *top) {
    enum merge_error error = top_build(question->profile, NULL, &question->options, top);
    return error == MERGE_OK ||
           (error == MERGE_NOT_FOUND ? tool_fail(call, "%s has no sample type %.60s; list_profiles tells which there are",
                                                 question->attachment, question->type ? question->type : "")
                                     : tool_fail(call, "%s", merge_error_text(error)));
}

// ---- Answers ----

static void put_head(struct tool_call *call, const struct question *question, const struct top *top) {
    struct json *json = &call->answer;
    const char *warnings[16];
    size_t count = profile_warnings(question->profile, warnings, sizeof warnings / sizeof *warnings);
    json_member_text(json, "profile", question->attachment);
    json_member_text(json, "type", top->type);
    json_member_text(json, "unit", top->unit);
    json_member_number(json, "total",
                       question->options.memory == FLAT_CUM_C ? top->sums.c_total[FLAT_CUM_NEW]
                       : question->options.memory == FLAT_CUM_GO
                           ? top->sums.go_total[FLAT_CUM_NEW]
                           : saturated_sum(top->sums.c_total[FLAT_CUM_NEW], top->sums.go_total[FLAT_CUM_NEW]));
    json_key(json, "warnings");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_text(json, warnings[i]);
    }
    json_array_end(json);
}

static void put_frame(struct json *json, const struct profile_frame *frame) {
    char name[TEXT_NAME_BYTES];
    json_text(json, *frame->function ? frame->function : text_frame(frame, name));
}

static void put_stack(struct json *json, const struct top *top, const struct flat_cum_row *row) {
    json_key(json, "stack");
    json_array_begin(json);
    for (size_t i = 0; i < row->count && i < FRAMES_SHOWN; i++) {
        put_frame(json, flat_cum_frame(&top->sums, row, i));
    }
    json_array_end(json);
    json_member_number(json, "frames_left_out", row->count > FRAMES_SHOWN ? row->count - FRAMES_SHOWN : 0);
}

static void put_group(struct json *json, const struct top *top, const struct flat_cum_row *row) {
    const struct profile_frame *frame = row->count > 0 ? flat_cum_frame(&top->sums, row, 0) : NULL;
    size_t length = 0;
    const char *package = frame && top->sums.frames.by == FRAME_BY_PACKAGE ? frame_package(frame, &length) : NULL;
    json_key(json, frame_by_name(top->sums.frames.by == FRAME_BY_LINE ? FRAME_BY_FUNCTION : top->sums.frames.by));
    if (package) {
        json_text_n(json, package, length);
    } else if (frame && top->sums.frames.by == FRAME_BY_FILE) {
        json_text(json, *frame->file ? frame->file : frame->mapping_file);
    } else if (frame) {
        put_frame(json, frame);
    } else {
        json_text(json, "(no stack)");
    }
    if (frame && (top->sums.frames.by == FRAME_BY_FUNCTION || top->sums.frames.by == FRAME_BY_LINE)) {
        json_member_text(json, "file", frame->file);
    }
    if (frame && top->sums.frames.by == FRAME_BY_LINE) {
        json_member_number(json, "line", frame->line);
    }
}

static void put_row(struct json *json, const struct top *top, const struct flat_cum_row *row) {
    json_object_begin(json);
    if (top->sums.by_stack) {
        put_stack(json, top, row);
    } else {
        put_group(json, top, row);
    }
    json_member_number(json, "self", top_flat(top, row));
    if (!top->sums.by_stack) {
        json_member_number(json, "total", top_cum(top, row));
    }
    if (top->has_objects) {
        json_member_number(json, "objects", top_objects(top, row));
    }
    json_object_end(json);
}

bool tool_top(struct tool_call *call) {
    struct question question = {0};
    struct top top;
    bool ok = take_arguments(call, &question) && read_profile(call, &question) && build(call, &question, &top);
    if (ok) {
        json_object_begin(&call->answer);
        put_head(call, &question, &top);
        json_key(&call->answer, "rows");
        json_array_begin(&call->answer);
        for (size_t i = 0; i < top.count; i++) {
            put_row(&call->answer, &top, top.rows[i]);
        }
        json_array_end(&call->answer);
        json_member_number(&call->answer, "rows_left_out", (int64_t)(top.count_all - top.count));
        json_object_end(&call->answer);
        top_free(&top);
    }
    close_question(&question);
    return ok;
}

// ---- Source lines ----

static int by_line(const void *left, const void *right, void *context) {
    const struct flat_cum_row *a = *(const struct flat_cum_row *const *)left, *b = *(const struct flat_cum_row *const *)right;
    const struct top *top = context;
    const struct profile_frame *first = flat_cum_frame(&top->sums, a, 0), *second = flat_cum_frame(&top->sums, b, 0);
    int order = strcmp(first->file, second->file);
    return order != 0 ? order : first->line < second->line ? -1 : first->line > second->line;
}

// The lines of one function. Its rows are moved to the front of top->rows.
static size_t keep_function(struct top *top, const char *function) {
    size_t kept = 0;
    for (size_t i = 0; i < top->count; i++) {
        const struct flat_cum_row *row = top->rows[i];
        if (row->count > 0 && strcmp(flat_cum_frame(&top->sums, row, 0)->function, function) == 0) {
            top->rows[kept++] = row;
        }
    }
    qsort_r(top->rows, kept, sizeof(struct flat_cum_row *), by_line, top);
    return kept;
}

bool tool_source(struct tool_call *call) {
    struct question question = {0};
    struct top top;
    bool ok = take_arguments(call, &question);
    question.options.by_stack = false;
    question.options.by = FRAME_BY_LINE;
    question.options.lines = SIZE_MAX;
    ok = ok && (question.function || tool_fail(call, "function is missing: a name as in the rows of top"));
    ok = ok && read_profile(call, &question) && build(call, &question, &top);
    if (!ok) {
        close_question(&question);
        return false;
    }
    size_t kept = keep_function(&top, question.function), rows = kept < (size_t)question.rows ? kept : (size_t)question.rows;
    ok = kept > 0 || tool_fail(call, "no sample of this profile has the function %.100s", question.function);
    if (ok) {
        json_object_begin(&call->answer);
        put_head(call, &question, &top);
        json_key(&call->answer, "lines");
        json_array_begin(&call->answer);
        for (size_t i = 0; i < rows; i++) {
            put_row(&call->answer, &top, top.rows[i]);
        }
        json_array_end(&call->answer);
        json_member_number(&call->answer, "lines_left_out", (int64_t)(kept - rows));
        json_object_end(&call->answer);
    }
    top_free(&top);
    close_question(&question);
    return ok;
}
