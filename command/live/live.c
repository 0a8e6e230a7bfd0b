// live.c: see live.h.
#include "live.h"
#include "../../base/clock.h"
#include "../base/diagnostic.h"
#include "live_source.h"
#include "live_table.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_BYTES = 400, KEY_BYTES = 200, HEAD_LINES = 5 };

struct live {
    struct options *options;
    struct top_options top;
    struct live_source source;
    struct live_sample first, before, now;
    char key[KEY_BYTES];   // the label that is shown, or was last
    char text[TEXT_BYTES]; // why the last try failed; "": it did not
    enum live_order order;
    unsigned long left; // refreshes; 0: any number
    int64_t interval_ms;
    bool has_screen, has_lines, is_paused, is_over; // has_lines: the number of rows was asked for
    size_t reads;
};

// ---- Samples ----

static bool is_shared(const struct live *live, const uint8_t *bytes) {
    return (bytes == live->first.input.bytes) + (bytes == live->before.input.bytes) + (bytes == live->now.input.bytes) > 1;
}

static void drop(struct live *live, struct live_sample *sample) {
    if (!is_shared(live, sample->input.bytes)) {
        free(sample->input.bytes);
    }
    *sample = (struct live_sample){0};
}

static int64_t amount_of(struct live *live, const struct live_sample *sample) {
    struct top_options all = {.type = live->top.type, .by = FRAME_BY_FUNCTION, .lines = 1};
    struct live_table table;
    char text[TEXT_BYTES];
    int64_t amount = -1;
    if (live_table_make(live->options, &all, sample, sample, sample, LIVE_BY_VALUE, &table, text, sizeof text) == STATUS_DONE) {
        amount = table.amount;
        live_table_free(&table);
    }
    return amount;
}

// A counter that went back began anew: the program was started again. Those of a profile with a duration begin anew each time.
static bool is_of_another(struct live *live, const struct live_sample *sample) {
    const struct live_sample *now = &live->now;
    bool has_duration = sample->duration_ns > 0;
    return live->reads == 0 || sample->at_ns < now->at_ns || has_duration != (now->duration_ns > 0) ||
           (!has_duration && amount_of(live, sample) < amount_of(live, now));
}

static void take(struct live *live, struct live_sample *sample) {
    bool same = live->reads > 0 && sample->at_ns == live->now.at_ns && sample->input.size == live->now.input.size &&
                memcmp(sample->input.bytes, live->now.input.bytes, sample->input.size) == 0;
    if (same) { // a file that was not written since
        free(sample->input.bytes);
        return;
    }
    bool is_anew = is_of_another(live, sample);
    drop(live, &live->before);
    if (is_anew) {
        drop(live, &live->first);
        drop(live, &live->now);
        live->first = live->before = live->now = *sample;
    } else {
        live->before = live->now;
        live->now = *sample;
    }
    live->reads++;
}

// Returns the exit status, or -1 to go on.
static int read_one(struct live *live) {
    struct live_sample sample = {0};
    live->text[0] = '\0';
    enum live_answer answer = live_source_read(&live->source, live->options, &sample.input, live->text, sizeof live->text);
    if (answer == LIVE_READ && live_sample_check(live->options, &sample, clock_ns(CLOCK_REALTIME), live->text, sizeof live->text)) {
        take(live, &sample);
        return -1;
    }
    free(sample.input.bytes);
    live->is_over = answer == LIVE_ENDED;
    if (live->reads == 0) {
        return diagnostic_error(live->options->command, input_name(live->source.name), "%s", live->text);
    }
    return -1;
}

// ---- Showing ----

static void put_head(const struct live *live, FILE *out) {
    char when[32] = "";
    time_t seconds = (time_t)(live->now.at_ns / 1000000000);
    struct tm parts;
    if (localtime_r(&seconds, &parts)) {
        strftime(when, sizeof when, "%H:%M:%S", &parts);
    }
    text_put(input_name(live->source.name), out);
    fprintf(out, "  %s%s", when, live->is_paused ? "  paused" : "");
    fputc('\n', out);
    if (*live->text) {
        text_put(live->text, out);
        fputc('\n', out);
    }
}

// p pauses, too; with it the line would not fit into 80 columns.
static const char keys[] = "c C, g Go, a all, f function, l line, s stack, t label, u sum, o order, q quit";

static int show(struct live *live) {
    struct live_table table;
    char *text = NULL, why[TEXT_BYTES];
    size_t size, columns, lines = live->top.lines;
    FILE *out = live->has_screen ? open_memstream(&text, &size) : stdout;
    int status =
        out ? live_table_make(live->options, &live->top, &live->first, &live->before, &live->now, live->order, &table, why, sizeof why)
            : STATUS_FAILED;
    if (!out) {
        return diagnostic_error(live->options->command, NULL, "no memory");
    }
    put_head(live, out);
    if (live->has_screen) {
        terminal_size(&columns, &lines);
        size_t heads = HEAD_LINES + (*live->text != '\0');
        lines = lines > heads ? lines - heads : 1;
        lines = lines < live->top.lines ? lines : live->top.lines;
    }
    if (status == STATUS_DONE) {
        live_table_print(&table, &live->top, live->order, lines, out);
        live_table_free(&table);
    } else if (live->has_screen) {
        text_put(why, out);
        fputc('\n', out);
    }
    if (!live->has_screen) {
        fputc('\n', out);
        if (fflush(out) != 0 || ferror(out)) {
            return diagnostic_error(live->options->command, "standard output", "%s", strerror(errno));
        }
        return status == STATUS_DONE ? STATUS_DONE : diagnostic_error(live->options->command, input_name(live->source.name), "%s", why);
    }
    fputs(keys, out);
    if (fclose(out) == 0) {
        terminal_draw(text);
    }
    free(text);
    return STATUS_DONE;
}

// ---- Keys ----

static void choose_by(struct live *live, bool by_stack, enum frame_by by) {
    live->top.by_stack = by_stack;
    live->top.by = by;
    live->top.group_by = by == FRAME_BY_LABEL ? live->key : NULL;
}

// Returns whether the table is another one.
static bool take_key(struct live *live, int key) {
    char next[KEY_BYTES];
    switch (key) {
    case 'c':
    case 'g':
    case 'a':
        live->top.memory = key == 'c' ? FLAT_CUM_C : key == 'g' ? FLAT_CUM_GO : FLAT_CUM_ALL;
        return true;
    case 'f':
    case 'l':
        choose_by(live, false, key == 'f' ? FRAME_BY_FUNCTION : FRAME_BY_LINE);
        return true;
    case 's':
        choose_by(live, true, FRAME_BY_FUNCTION);
        return true;
    case 't':
        if (live_table_next_key(live->options, &live->now, live->top.by == FRAME_BY_LABEL ? live->key : NULL, next, sizeof next)) {
            snprintf(live->key, sizeof live->key, "%s", next);
            choose_by(live, false, FRAME_BY_LABEL);
        } else {
            snprintf(live->text, sizeof live->text, "no sample has a label");
        }
        return true;
    case 'u':
        live->top.by_cum = !live->top.by_cum;
        return true;
    case 'o':
        live->order = (live->order + 1) % LIVE_ORDERS;
        return true;
    case 'p':
        live->is_paused = !live->is_paused;
        return true;
    default:
        return key == TERMINAL_CHANGED || key == '\f';
    }
}

// Until the next refresh is due. Returns false to end.
static bool wait(struct live *live) {
    int64_t due_ms = clock_ns(CLOCK_MONOTONIC) / 1000000 + live->interval_ms;
    for (;;) {
        int64_t left_ms = due_ms - clock_ns(CLOCK_MONOTONIC) / 1000000;
        if (left_ms <= 0 && !live->is_paused) {
            return true;
        }
        if (!live->has_screen) {
            poll(NULL, 0, (int)left_ms);
            continue;
        }
        int key = terminal_key(left_ms > 0 ? (int)left_ms : 1000);
        if (key == 'q' || key == TERMINAL_GONE || key == 4) { // Ctrl-D
            return false;
        }
        if (take_key(live, key)) {
            show(live);
        }
    }
}

static int run(struct live *live) {
    int status = read_one(live);
    if (status >= 0) {
        return status;
    }
    if (terminal_is_there() && terminal_open()) {
        live->has_screen = true;
        live->top.lines = live->has_lines ? live->top.lines : SIZE_MAX;
    }
    for (unsigned long done = 1;; done++) {
        status = show(live);
        if (status != STATUS_DONE || live->is_over || done == live->left || !wait(live)) {
            return status;
        }
        read_one(live);
    }
}

int live_run(struct options *options, const struct table_options *table) {
    struct live live = {.options = options, .top = table->top, .left = table->count, .interval_ms = table->interval_ms};
    bool by_label = table->top.group_by;
    live.has_lines = table->given & (table_rules_bit(OPTION_LINES) | table_rules_bit(OPTION_NODE_COUNT));
    live.top.filter = filter_is_empty(&table->filter) ? NULL : &table->filter;
    if (by_label) {
        snprintf(live.key, sizeof live.key, "%s", table->top.group_by);
        live.top.group_by = live.key;
    }
    int status = live_source_open(options->command, options->files[0], &live.source);
    status = status == STATUS_DONE ? run(&live) : status;
    terminal_close();
    if (live.is_over && live.reads > 0) {
        diagnostic_note(options->command, "%s", live.text);
    }
    drop(&live, &live.first);
    drop(&live, &live.before);
    drop(&live, &live.now);
    return status;
}
