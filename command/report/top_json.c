// top_json.c: the table of top.h as JSON.
#include "top.h"
#include "../base/text.h"
#include "report_json.h"

static bool is_known(const struct flat_cum *sums, bool is_c) {
    return sums->memory == FLAT_CUM_ALL || (sums->memory == FLAT_CUM_C) == is_c;
}

// {"go", "c"}: of all samples of the owner and memory, without the filter.
static void write_total(const char *key, const struct flat_cum *sums, enum flat_cum_side side, struct json *json) {
    json_key(json, key);
    json_object_begin(json);
    if (is_known(sums, false)) {
        json_member_number(json, "go", sums->go_total[side]);
    }
    if (is_known(sums, true)) {
        json_member_number(json, "c", sums->c_total[side]);
    }
    json_object_end(json);
}

// A number, or of a difference its two sides.
static void write_sides(const struct top *top, const char *key, int64_t value, const int64_t sides[FLAT_CUM_SIDES], struct json *json) {
    json_member_number(json, key, value);
    if (top->difference) {
        char name[40];
        snprintf(name, sizeof name, "%s_new", key);
        json_member_number(json, name, sides[FLAT_CUM_NEW]);
        snprintf(name, sizeof name, "%s_base", key);
        json_member_number(json, name, sides[FLAT_CUM_BASE]);
    }
}

static void write_row(const struct top *top, const struct flat_cum_row *row, struct json *json) {
    enum frame_by by = top->sums.frames.by;
    json_object_begin(json);
    write_sides(top, "value", top_flat(top, row), row->flat, json);
    if (!top->sums.by_stack && by != FRAME_BY_LABEL) {
        write_sides(top, "total", top_cum(top, row), row->cum, json);
    }
    if (top->has_objects) {
        write_sides(top, "objects", top_objects(top, row), row->objects, json);
    }
    if (top->sums.by_stack) {
        json_key(json, "stack");
        json_array_begin(json);
        for (size_t i = 0; i < row->count; i++) {
            json_object_begin(json);
            report_json_frame(flat_cum_frame(&top->sums, row, i), by, json);
            json_object_end(json);
        }
        json_array_end(json);
    } else if (row->count > 0) {
        report_json_frame(flat_cum_frame(&top->sums, row, 0), by, json);
    }
    json_object_end(json);
}

enum merge_error top_json(const struct top *top, FILE *out) {
    const struct flat_cum *sums = &top->sums;
    struct json json = {0};
    json_object_begin(&json);
    json_member_text(&json, "type", top->type);
    json_member_text(&json, "unit", top->unit);
    json_member_text(&json, "by",
                     sums->by_stack                      ? "stack"
                     : sums->frames.by == FRAME_BY_LABEL ? top->group_by
                                                         : frame_by_name(sums->frames.by));
    write_total("total", sums, FLAT_CUM_NEW, &json);
    if (top->difference) {
        write_total("base_total", sums, FLAT_CUM_BASE, &json);
    }
    json_key(&json, "rows");
    json_array_begin(&json);
    for (size_t i = 0; i < top->count; i++) {
        write_row(top, top->rows[i], &json);
    }
    json_array_end(&json);
    json_member_number(&json, "rows_left_out", (int64_t)(top->count_all - top->count));
    json_object_end(&json);
    return report_json_put(&json, out);
}
