// perf_script.c: the text of perf script (reading.h).
//
//     comm  123/124 [001] 4567.890123:     250000 cpu-clock:pppH:
//             ffffffff81000010 do_work+0x10 ([kernel.kallsyms])
//                 7f0123456789 main+0x1f (/usr/bin/app)
//
// The sample types are "samples" and, where lines have a period, the sum of the periods of each event: nanoseconds for clocks. Labels are
// the thread's name and its ids, and the event if there are several: "samples" is of all of them. Frames are by name, so that a function is
// one frame, wherever in it the sample was.
#include "reading.h"

#include <stdio.h>

enum { MOST_EVENTS = 16, NAME_BYTES = 64 };

struct head { // the line of a sample
    struct span comm, event;
    uint64_t process, thread, period;
    bool has_process, has_period;
    double time;
    struct span rest; // after the event: the frame, if there is no stack
};
struct file {
    struct reading *reading;
    char events[MOST_EVENTS][NAME_BYTES];
    size_t event_count;
    uint64_t other_events; // beyond MOST_EVENTS
    struct head head;
    char comm[NAME_BYTES], event[NAME_BYTES]; // of the sample at hand
    bool open, has_period;
    double first, last; // seconds
};

// ---- Lines ----

// "4567.890123:".
static bool is_time(struct span word, double *time) {
    uint64_t whole, part;
    struct span rest = word;
    if (!span_take_number(&rest, 10, &whole) || !span_take(&rest, ".")) {
        return false;
    }
    size_t before = rest.size;
    if (!span_take_number(&rest, 10, &part) || !span_is(rest, ":")) {
        return false;
    }
    double scale = 1;
    for (size_t digits = before - rest.size; digits > 0; digits--) {
        scale *= 10;
    }
    *time = (double)whole + (double)part / scale;
    return true;
}

// "123" or "123/124".
static bool take_ids(struct span word, struct head *head) {
    uint64_t number;
    if (!span_take_number(&word, 10, &number)) {
        return false;
    }
    head->thread = number;
    if (span_take(&word, "/")) {
        head->process = number;
        head->has_process = true;
        return span_take_number(&word, 10, &head->thread) && word.size == 0;
    }
    return word.size == 0;
}

// The event's name without its modifiers: "cpu-clock" of "cpu-clock:pppH:", "sched:sched_switch" of "sched:sched_switch:".
static struct span event_name(struct span word) {
    word.size--;
    const char *colon = memrchr(word.at, ':', word.size);
    struct span after = colon ? span_skip(word, (size_t)(colon - word.at) + 1) : (struct span){0};
    bool modifiers = colon && after.size <= 8;
    for (size_t i = 0; i < after.size && modifiers; i++) {
        modifiers = strchr("ukhGHIpPSDWebR", after.at[i]);
    }
    return modifiers ? (struct span){word.at, (size_t)(colon - word.at)} : word;
}

static bool take_event(struct span rest, struct head *head) {
    struct span word = span_word(&rest), number = word;
    if (span_take_number(&number, 10, &head->period) && number.size == 0) {
        head->has_period = true;
        word = span_word(&rest);
    }
    if (word.size < 2 || word.at[word.size - 1] != ':') {
        return false;
    }
    head->event = event_name(word);
    head->rest = span_trim(rest);
    return true;
}

static bool parse_head(struct span line, struct head *head) {
    struct span rest = span_trim(line), before = {rest.at, 0}, earlier = before;
    const char *start = rest.at;
    *head = (struct head){0};
    while (rest.size > 0) {
        struct span word = span_word(&rest);
        if (is_time(word, &head->time)) {
            struct span ids = span_begins(before, "[") ? earlier : before;
            head->comm = span_trim((struct span){start, (size_t)(ids.at - start)});
            return head->comm.size > 0 && take_ids(ids, head) && take_event(rest, head);
        }
        earlier = before;
        before = word;
    }
    return false;
}

struct frame {
    uint64_t address;
    struct span name, object; // name: "" if unknown
};

// "+0x1f", and nothing before.
static bool is_offset(struct span text) {
    uint64_t number;
    return span_take(&text, "+0x") && span_take_number(&text, 16, &number) && text.size == 0;
}

// Where " (/usr/bin/app (deleted))" begins: behind "[unknown]" or the last offset, else the last bracket but that of a deleted file. Names
// of C++ have brackets, too.
static const char *find_object(struct span rest) {
    static const char unknown[] = "[unknown]", deleted[] = " (deleted))";
    if (span_begins(rest, unknown) && span_begins(span_skip(rest, sizeof unknown - 1), " (")) {
        return rest.at + sizeof unknown - 1;
    }
    struct span ending = span_skip(rest, rest.size - (sizeof deleted - 1));
    size_t size = rest.size >= sizeof deleted && span_is(ending, deleted) ? rest.size - (sizeof deleted - 1) : rest.size;
    const char *open = NULL, *behind_offset = NULL, *plus = NULL; // plus: in the word at hand
    for (const char *at = rest.at; at + 1 < rest.at + size; at++) {
        plus = *at == '+' ? at : plus;
        if (*at == ' ' && at[1] == '(') {
            open = at;
            behind_offset = plus && is_offset((struct span){plus, (size_t)(at - plus)}) ? at : behind_offset;
        }
        plus = *at == ' ' ? NULL : plus;
    }
    return behind_offset ? behind_offset : open;
}

// "7f0123456789 main+0x1f (/usr/bin/app)".
static bool parse_frame(struct span line, struct frame *frame) {
    struct span rest = span_trim(line);
    *frame = (struct frame){0};
    if (!span_take_number(&rest, 16, &frame->address) || rest.size == 0 || !span_is_blank(*rest.at)) {
        return false;
    }
    rest = span_trim(rest);
    const char *open = rest.size > 2 && rest.at[rest.size - 1] == ')' ? find_object(rest) : NULL;
    if (!open) {
        return false;
    }
    frame->object = (struct span){open + 2, (size_t)(rest.at + rest.size - open) - 3};
    struct span name = span_trim((struct span){rest.at, (size_t)(open - rest.at)});
    for (size_t i = name.size; i > 3; i--) {
        if (memcmp(name.at + i - 3, "+0x", 3) == 0) {
            name.size = i - 3;
            break;
        }
    }
    frame->name = span_is(name, "[unknown]") ? (struct span){name.at, 0} : name;
    return true;
}

static bool is_passed_over(struct span line) {
    line = span_trim(line);
    return line.size == 0 || *line.at == '#';
}

bool perf_script_is(const char *bytes, size_t size) {
    struct lines lines = lines_of(bytes, size);
    struct head head;
    struct frame frame;
    while (lines_next(&lines)) {
        if (!is_passed_over(lines.line)) {
            bool known = parse_head(lines.line, &head);
            return known && (parse_frame(head.rest, &frame) ||
                             (lines_next(&lines) &&
                              (parse_frame(lines.line, &frame) || is_passed_over(lines.line) || parse_head(lines.line, &head))));
        }
    }
    return false;
}

// ---- Types ----

static size_t event_index(const struct file *file, struct span event) {
    size_t i = 0;
    while (i < file->event_count && !span_is(event, file->events[i])) {
        i++;
    }
    return i;
}

// A line that could be a frame is one: heads are not that short.
static bool is_head(const struct lines *lines, struct head *head) {
    struct frame frame;
    return !parse_frame(lines->line, &frame) && parse_head(lines->line, head);
}

static void find_events(struct file *file) {
    struct lines lines = lines_of(file->reading->bytes, file->reading->size);
    struct head head;
    while (lines_next(&lines)) {
        if (is_passed_over(lines.line) || !(is_head(&lines, &head) || parse_head(lines.line, &head))) {
            continue;
        }
        file->has_period = file->has_period || head.has_period;
        head.event.size = head.event.size < NAME_BYTES ? head.event.size : NAME_BYTES - 1;
        if (event_index(file, head.event) == file->event_count && file->event_count < MOST_EVENTS) {
            memcpy(file->events[file->event_count], head.event.at, head.event.size);
            file->event_count++;
        }
    }
}

static void add_types(struct file *file) {
    profile_add_sample_type(file->reading->profile, "samples", "count");
    for (size_t i = 0; file->has_period && i < file->event_count; i++) {
        const char *event = file->events[i];
        bool clock = strcmp(event, "cpu-clock") == 0 || strcmp(event, "task-clock") == 0;
        profile_add_sample_type(file->reading->profile, event, clock ? "nanoseconds" : "count");
    }
}

// ---- Samples ----

static bool push_frame(struct file *file, const struct frame *frame) {
    struct reading *reading = file->reading;
    uint32_t mapping = 0;
    if (!span_is(frame->object, "inlined") && !span_is(frame->object, "[unknown]")) {
        const char *object = reading_text(reading, frame->object);
        const struct profile_mapping of = {.file = object, .build_id = "", .has_functions = true};
        if (!object || (mapping = profile_add_mapping(reading->profile, &of)) == 0) {
            return reading_no_memory(reading);
        }
    }
    bool named = frame->name.size > 0;
    const struct profile_line line = {.function = named ? reading_function(reading, frame->name, "", 0) : 0};
    uint32_t location = profile_add_location(reading->profile, mapping, named ? 0 : frame->address, &line, named);
    return reading_push(reading, location);
}

static bool end_sample(struct file *file) {
    if (!file->open) {
        return true;
    }
    const struct head *head = &file->head;
    int64_t values[MOST_EVENTS + 1] = {1};
    size_t event = event_index(file, head->event);
    if (event < file->event_count) {
        values[1 + event] = head->period < INT64_MAX ? (int64_t)head->period : INT64_MAX;
    } else {
        file->other_events++;
    }
    struct profile_label labels[4] = {{.key = "thread name", .text = file->comm, .unit = ""},
                                      {.key = "thread id", .number = (int64_t)head->thread, .unit = ""}};
    size_t count = 2;
    if (file->event_count > 1) {
        labels[count++] = (struct profile_label){.key = "event", .text = file->event, .unit = ""};
    }
    if (head->has_process) {
        labels[count++] = (struct profile_label){.key = "process id", .number = (int64_t)head->process, .unit = ""};
    }
    file->open = false;
    file->first = file->first == 0 || head->time < file->first ? head->time : file->first;
    file->last = head->time > file->last ? head->time : file->last;
    return reading_sample(file->reading, values, labels, count);
}

static bool begin_sample(struct file *file, const struct head *head) {
    struct frame frame;
    size_t size = head->comm.size < NAME_BYTES ? head->comm.size : NAME_BYTES - 1;
    file->head = *head;
    file->head.event.size = head->event.size < NAME_BYTES ? head->event.size : NAME_BYTES - 1;
    memcpy(file->comm, head->comm.at, size);
    file->comm[size] = '\0';
    memcpy(file->event, file->head.event.at, file->head.event.size);
    file->event[file->head.event.size] = '\0';
    file->open = true;
    reading_begin_stack(file->reading);
    return !parse_frame(head->rest, &frame) || push_frame(file, &frame);
}

static bool read_line(struct file *file, const struct lines *lines) {
    struct frame frame;
    struct head head;
    if (is_passed_over(lines->line)) {
        return end_sample(file);
    }
    if (file->open && parse_frame(lines->line, &frame)) {
        return push_frame(file, &frame);
    }
    if (parse_head(lines->line, &head)) {
        return end_sample(file) && begin_sample(file, &head);
    }
    file->reading->damaged++;
    return true;
}

bool perf_script_read(struct reading *reading) {
    struct file file = {.reading = reading};
    struct lines lines = lines_of(reading->bytes, reading->size);
    find_events(&file);
    add_types(&file);
    bool ok = true;
    while (ok && lines_next(&lines)) {
        ok = read_line(&file, &lines);
    }
    ok = ok && end_sample(&file);
    double duration = (file.last - file.first) * 1e9;
    profile_set_time(reading->profile, 0, duration > 0 && duration < 9e18 ? (int64_t)duration : 0);
    reading_left_out(reading, reading->damaged, "lines that are neither samples nor frames");
    reading_warn(reading, file.event_count > 1 ? file.event_count : 0,
                 "events are in one profile: samples of different events are no sum, and have the label event");
    reading_left_out(reading, file.other_events, "periods of events beyond the first 16");
    return ok;
}
