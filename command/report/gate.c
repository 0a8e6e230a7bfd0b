// gate.c: see gate.h.
#include "gate.h"
#include "../../base/saturated.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../receiver/views/sampling_error.h"
#include "../../receiver/views/site.h"
#include "../base/diagnostic.h"
#include "../base/options.h"
#include "gate_summary.h"

// ---- Options ----

int gate_take_rule(const char *command, struct gate *gate, const char *text) {
    if (gate->count == GATE_MAX_RULES) {
        return diagnostic_usage(command, "at most %d --fail-if", GATE_MAX_RULES);
    }
    const char *wrong = gate_rule_parse(text, &gate->rules[gate->count]);
    if (wrong) {
        return diagnostic_usage(command, "--fail-if %s: %s", text, wrong);
    }
    gate_set_unknown(gate, gate->count++, "there is no profile");
    return 0;
}

int gate_take_summary(const char *command, struct gate *gate, const char *text) {
    static const char *const names[] = {"markdown", "junit", "sarif", NULL};
    const char *colon = strchr(text, ':');
    char format[16];
    if (gate->summary_count == GATE_MAX_SUMMARIES) {
        return diagnostic_usage(command, "at most %d --summary", GATE_MAX_SUMMARIES);
    }
    snprintf(format, sizeof format, "%.*s", colon ? (int)(colon - text < 15 ? colon - text : 15) : 0, text);
    int choice = options_choice(format, names);
    if (choice < 0 || colon[1] == '\0') {
        return diagnostic_usage(command, "--summary takes markdown:FILE, junit:FILE or sarif:FILE, not %s", text);
    }
    gate->summaries[gate->summary_count++] = (struct gate_summary){(enum gate_format)choice, colon + 1};
    return 0;
}

int gate_settle(const char *command, const struct gate *gate, bool has_base) {
    for (size_t i = 0; i < gate->count; i++) {
        if (gate->rules[i].kind != GATE_ABOVE && !has_base) {
            return diagnostic_usage(command, "--fail-if %s: there is no base from which it could have grown", gate->rules[i].text);
        }
    }
    return gate->summary_count > 0 && gate->count == 0 ? diagnostic_usage(command, "--summary is of the rules of --fail-if") : 0;
}

// ---- Values ----

void gate_set_unknown(struct gate *gate, size_t rule, const char *why) {
    struct gate_result *result = &gate->results[rule];
    result->verdict = GATE_UNKNOWN;
    snprintf(result->why, sizeof result->why, "%s", why);
}

// The limit in the unit of the value. Returns false if the two do not fit.
static bool find_limit(const struct gate_rule *rule, struct gate_result *result) {
    double factor = rule->unit[0] == '\0' ? 1 : text_unit_size(result->unit, rule->unit);
    result->limit = rule->kind == GATE_GROWS_PERCENT ? fabs((double)result->base) * rule->limit / 100 : rule->limit * factor;
    return factor != 0;
}

static void judge(struct gate *gate, size_t index) {
    const struct gate_rule *rule = &gate->rules[index];
    struct gate_result *result = &gate->results[index];
    if (!find_limit(rule, result)) {
        char why[GATE_REASON_BYTES];
        snprintf(why, sizeof why, "%s is in %s, not in %s", rule->name, result->unit[0] ? result->unit : "no unit", rule->unit);
        gate_set_unknown(gate, index, why);
        return;
    }
    double grown = (double)result->value - (double)(result->has_base ? result->base : 0);
    result->verdict = grown > result->limit ? GATE_FAILED : GATE_PASSED;
}

void gate_set(struct gate *gate, size_t rule, int64_t value, const char *unit) {
    gate->results[rule] = (struct gate_result){.value = value};
    snprintf(gate->results[rule].unit, sizeof gate->results[rule].unit, "%s", unit);
    judge(gate, rule);
}

static double sampling_error(const struct top *top, const struct profile *profile, const struct profile *base) {
    const struct profile *sides[FLAT_CUM_SIDES] = {[FLAT_CUM_NEW] = profile, [FLAT_CUM_BASE] = base};
    double sum = 0;
    for (int side = 0; side < FLAT_CUM_SIDES; side++) {
        int64_t period = sides[side] ? profile_period(sides[side]) : 0;
        if (!top->has_objects || period <= 1 || strcmp(top->unit, "bytes") != 0) {
            continue;
        }
        for (size_t i = 0; i < top->sums.row_count; i++) {
            sum += sampling_variance_bytes(top->sums.rows[i].flat[side], top->sums.rows[i].objects[side], period);
        }
    }
    return sampling_error_of(sum);
}

// What findings and tables of owners call the site (site.h), of the row's frames. frames: room for them.
static const struct profile_frame *site_of_row(const struct top *top, const struct flat_cum_row *row, struct profile_frame *frames) {
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++) {
        const struct profile_frame *frame = flat_cum_frame(&top->sums, row, i);
        if (!frame->label) {
            frames[count++] = *frame;
        }
    }
    struct profile_sample_view stack = {.frames = frames, .frame_count = count};
    return count > 0 ? site_of_stack(&stack, NULL) : NULL;
}

static void set_site(const struct top *top, struct gate_result *result) {
    const struct flat_cum_row *largest = NULL;
    for (size_t i = 0; i < top->sums.row_count; i++) {
        const struct flat_cum_row *row = &top->sums.rows[i];
        if (top_flat(top, row) > (largest ? top_flat(top, largest) : 0)) {
            largest = row;
        }
    }
    struct profile_frame *frames = largest ? malloc((largest->count + 1) * sizeof *frames) : NULL;
    const struct profile_frame *site = frames ? site_of_row(top, largest, frames) : NULL;
    if (site) {
        text_frame(site, result->site);
        snprintf(result->file, sizeof result->file, "%s", site->file);
        result->line = site->line;
        result->site_value = top_flat(top, largest);
    }
    free(frames);
}

void gate_doubt_if_incomplete(struct gate *gate, size_t rule, const struct profile *profile) {
    enum { MAX_WARNINGS = 16 };
    static const char *const words[] = {"incomplete", "too low", "could not be ", "damaged", "lost", "dropped", "left out", "ends within"};
    const char *texts[MAX_WARNINGS];
    size_t count = profile_warnings(profile, texts, MAX_WARNINGS);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            if (gate->results[rule].verdict == GATE_PASSED && strstr(texts[i], words[k])) {
                gate_set_unknown(gate, rule, texts[i]);
            }
        }
    }
}

void gate_measure(struct gate *gate, size_t rule, const char *type, struct profile *profile, struct profile *base,
                  const struct top_options *options) {
    struct top_options by_stack = *options;
    struct gate_result *result = &gate->results[rule];
    struct top top;
    base = gate->rules[rule].kind == GATE_ABOVE ? NULL : base;
    by_stack.type = type;
    by_stack.by_stack = true;
    by_stack.by = FRAME_BY_FUNCTION;
    enum merge_error error = top_build(profile, base, &by_stack, &top);
    if (error != MERGE_OK) {
        char why[GATE_REASON_BYTES];
        snprintf(why, sizeof why, error == MERGE_NOT_FOUND ? "no sample type %s in %s" : "%s: %s",
                 error == MERGE_NOT_FOUND ? type : merge_error_text(error), base ? "both profiles" : "the profile");
        gate_set_unknown(gate, rule, why);
        return;
    }
    *result = (struct gate_result){.has_base = base};
    for (size_t i = 0; i < top.sums.row_count; i++) {
        result->value = saturated_sum(result->value, top.sums.rows[i].flat[FLAT_CUM_NEW]);
        result->base = saturated_sum(result->base, top.sums.rows[i].flat[FLAT_CUM_BASE]);
    }
    snprintf(result->unit, sizeof result->unit, "%s", top.unit);
    result->error = sampling_error(&top, profile, base);
    set_site(&top, result);
    bool nothing = top.sums.row_count == 0 && options->filter && profile_sample_count(profile) > 0;
    top_free(&top);
    if (nothing) { // a function that has another name now, for one
        gate_set_unknown(gate, rule, "the filters select no sample");
        return;
    }
    judge(gate, rule);
    gate_doubt_if_incomplete(gate, rule, profile);
}

// ---- Report ----

// Appends to text, which stays terminated.
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static const char *shown(double value, const struct gate_result *result, char text[TEXT_VALUE_BYTES]) {
    return text_value(value >= 0x1p63 ? INT64_MAX : (int64_t)value, result->unit, text);
}

static void append_limit(const struct gate_rule *rule, const struct gate_result *result, char *text, size_t size) {
    char number[TEXT_VALUE_BYTES];
    if (rule->kind == GATE_GROWS_PERCENT) {
        append(text, size, ", limit +%g %%", rule->limit);
    } else {
        append(text, size, ", limit %s%s", rule->kind == GATE_GROWS ? "+" : "", shown(result->limit, result, number));
    }
}

void gate_sentence(const struct gate_rule *rule, const struct gate_result *result, char *text, size_t size) {
    char number[TEXT_VALUE_BYTES];
    text[0] = '\0';
    if (result->verdict == GATE_UNKNOWN) {
        append(text, size, "not known: %s", result->why);
        return;
    }
    int64_t grown = top_difference(result->value, result->base);
    if (result->has_base) {
        append(text, size, "%s -> ", text_value(result->base, result->unit, number));
    }
    append(text, size, "%s", text_value(result->value, result->unit, number));
    if (result->has_base) {
        append(text, size, " (%s", text_change(grown, result->unit, NULL, number));
        if (result->base != 0) {
            append(text, size, ", %+.1f %%", 100 * (double)grown / fabs((double)result->base));
        }
        append(text, size, ")");
    }
    if (result->error >= 1) {
        append(text, size, " ± %s", shown(result->error, result, number));
    }
    append_limit(rule, result, text, size);
    if (result->error >= 1 && fabs((double)grown - result->limit) <= result->error) {
        append(text, size, ", which is within the error of sampling (a smaller interval decides)");
    }
    if (result->site[0] != '\0' && result->verdict == GATE_FAILED) {
        append(text, size, "; most at %s", result->site);
        if (result->file[0] != '\0') {
            append(text, size, " (%s:%lld)", text_base_name(result->file), (long long)result->line);
        }
        append(text, size, ": %s",
               result->has_base ? text_change(result->site_value, result->unit, NULL, number)
                                : text_value(result->site_value, result->unit, number));
    }
}

static const char *const verdicts[] = {[GATE_UNKNOWN] = "FAILED", [GATE_PASSED] = "passed", [GATE_FAILED] = "FAILED"};

int gate_report(const char *command, const char *subject, const struct gate *gate) {
    int status = 0;
    for (size_t i = 0; i < gate->count; i++) {
        char sentence[1024];
        gate_sentence(&gate->rules[i], &gate->results[i], sentence, sizeof sentence);
        diagnostic_note(command, "%s %s: %s", verdicts[gate->results[i].verdict], gate->rules[i].text, sentence);
        status = gate->results[i].verdict == GATE_PASSED ? status : STATUS_GATE;
    }
    for (size_t i = 0; i < gate->summary_count; i++) {
        status = gate_summary_write(command, subject, gate, &gate->summaries[i]) == STATUS_DONE ? status : STATUS_FAILED;
    }
    return status;
}
