// detect.c: tells formats apart by their content (foreign.h).
#include "reading.h"

enum { PREFIX_BYTES = 64 << 10 };

static bool has_frames(struct json_scan *scan) {
    struct span key;
    bool has = false;
    json_scan_object(scan);
    while (json_scan_member(scan, &key)) {
        has = has || (span_is(key, "frames") && json_scan_peek(scan) == '[');
        json_scan_skip(scan);
    }
    return has;
}

// Of the members of a JSON object that the bytes begin with. A prefix has some of them.
static enum foreign_format json_format(const char *bytes, size_t size) {
    struct json_scan scan = json_scan_of(bytes, size);
    struct span key, text;
    bool nodes = false, head = false, profiles = false, shared = false, shared_frames = false, schema = false;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        nodes = nodes || span_is(key, "nodes");
        head = head || span_is(key, "head");
        profiles = profiles || span_is(key, "profiles");
        shared = shared || span_is(key, "shared");
        if (span_is(key, "$schema") && json_scan_peek(&scan) == '"') {
            schema = json_scan_text(&scan, &text) && span_has(text, "speedscope.app/file-format-schema");
        } else if (span_is(key, "shared") && json_scan_peek(&scan) == '{') {
            shared_frames = has_frames(&scan) || shared_frames;
        } else {
            json_scan_skip(&scan);
        }
    }
    json_scan_free(&scan);
    struct span all = {bytes, size < PREFIX_BYTES ? size : PREFIX_BYTES};
    bool frames = span_has(all, "\"callFrame\"");
    return (schema && (profiles || shared)) || (profiles && shared_frames) ? FOREIGN_SPEEDSCOPE
           : nodes && frames                                               ? FOREIGN_V8_CPU
           : head && frames                                                ? FOREIGN_V8_HEAP
                                                                           : FOREIGN_NONE;
}

// Of Go's texts: "NAME profile: total 12".
static bool is_count(struct span line) {
    struct span name = span_word(&line);
    uint64_t total;
    return name.size > 0 && span_take(&line, " profile: total ") && span_take_number(&line, 10, &total) && line.size == 0;
}

// By the first line that is neither blank nor a comment.
static enum foreign_format text_format(const char *bytes, size_t size, size_t least_stacks) {
    struct lines lines = lines_of(bytes, size);
    struct span line = {bytes, 0};
    while (line.size == 0 && lines_next(&lines)) {
        line = span_trim(lines.line);
        line.size = line.size > 0 && *line.at == '#' ? 0 : line.size;
    }
    return span_begins(line, "heap profile: ") ? FOREIGN_PPROF_HEAP
           : span_begins(line, "heap_v2/")     ? FOREIGN_JEMALLOC
           : span_begins(line, "--- contentionz ") || span_begins(line, "--- mutex:") || span_begins(line, "--- contention:")
               ? FOREIGN_PPROF_CONTENTION
           : span_begins(line, "--- threadz ") || span_begins(line, "--- Thread ") ? FOREIGN_PPROF_THREADS
           : is_count(line)                                                        ? FOREIGN_PPROF_COUNT
           : perf_script_is(bytes, size)                                           ? FOREIGN_PERF_SCRIPT
           : folded_is(bytes, size, least_stacks)                                  ? FOREIGN_FOLDED
                                                                                   : FOREIGN_NONE;
}

static bool is_hex(struct span word) {
    uint64_t number;
    return span_take_number(&word, 16, &number) && word.size == 0;
}

// "v 10400 3": heaptrack's version and that of the file, then a line of one of its kinds.
static enum foreign_format heaptrack_format(struct span bytes) {
    struct lines lines = lines_of(bytes.at, bytes.size);
    lines_next(&lines);
    struct span rest = span_skip(lines.line, 2), version = span_word(&rest), format = span_word(&rest);
    if (!is_hex(version) || !is_hex(format) || rest.size > 0 || !lines_next(&lines) || lines.line.size < 2 || lines.line.at[1] != ' ' ||
        !strchr("#XxISsmitacR+-", *lines.line.at)) {
        return FOREIGN_NONE;
    }
    // What heaptrack itself writes while a program runs has modules ("m") and no texts ("s").
    bool raw = memmem(bytes.at, bytes.size, "\nm ", 3) && !memmem(bytes.at, bytes.size, "\ns ", 3);
    return raw ? FOREIGN_HEAPTRACK_RAW : FOREIGN_HEAPTRACK;
}

static enum foreign_format detect(const void *bytes, size_t size, size_t least_stacks) {
    struct span start = {bytes, size < PREFIX_BYTES ? size : PREFIX_BYTES}, text = span_trim_start(start);
    while (text.size > 0 && *text.at == '\n') {
        text = span_trim_start(span_skip(text, 1));
    }
    if (text.size > 0 && *text.at == '{') {
        return json_format(bytes, size);
    }
    if (span_begins(start, "memray")) {
        return FOREIGN_MEMRAY;
    }
    if (span_begins(start, "go 1.") && span_has((struct span){start.at, start.size < 16 ? start.size : 16}, "trace")) {
        return FOREIGN_GO_TRACE;
    }
    if (span_begins(start, "v ")) {
        enum foreign_format format = heaptrack_format(start);
        if (format != FOREIGN_NONE) {
            return format;
        }
    }
    return pprof_cpu_is(start.at, size) ? FOREIGN_PPROF_CPU : text_format(start.at, start.size, least_stacks);
}

enum foreign_format foreign_detect(const void *bytes, size_t size) {
    return detect(bytes, size, 1);
}

// "app.folded", "app.collapsed.txt.gz".
static bool says_stacks(const char *name) {
    static const char *const words[] = {".folded", ".collapsed", ".stacks", ".pprof"};
    for (size_t i = 0; name && i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(name, words[i]);
        if (at && (at[strlen(words[i])] == '\0' || at[strlen(words[i])] == '.')) {
            return true;
        }
    }
    return false;
}

enum foreign_format foreign_detect_named(const char *name, const void *bytes, size_t size) {
    return detect(bytes, size, says_stacks(name) ? 1 : 2);
}
