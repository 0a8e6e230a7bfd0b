// heaptrack.c: files of heaptrack, as heaptrack_interpret writes them: lines of a letter and hexadecimal numbers (reading.h).
//
//     v 10400 3            version of heaptrack, and of the file: 1 to 3
//     s 8 _dl_init         the next text, with its length (version 3) or without
//     i 7f02 9 e f 79      the next address: module, then function, file and line for each function there, the innermost first
//     t 2 1                the next stack: an address and the stack of its caller
//     a 11c00 4            the next kind of allocation: bytes and a stack
//     + 0   - 0            an allocation of that kind, and its end
//
// Numbers of entries count from 1 but for kinds of allocations, 0 is none: as a stack that is node 0, which has no frame. A line "A" says
// that heaptrack has attached itself to a process: only what comes after the last one counts. The peak is that of the bytes of all; what
// each stack had then is counted in a second pass. What is in use is what was not freed to the end.
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>

struct counts {
    int64_t objects, bytes;
};
struct sums { // of a stack
    struct counts allocated, in_use, peak;
};
struct kind {
    uint64_t bytes;
    uint32_t stack; // its node
};
struct file {
    struct reading *reading;
    struct lines lines;
    uint64_t version;
    struct span *texts;
    size_t text_count, text_capacity;
    uint32_t *addresses; // locations
    size_t address_count, address_capacity;
    struct kind *kinds;
    size_t kind_count, kind_capacity;
    struct sums *sums; // by stack
    size_t sum_capacity;
    int64_t live, peak;          // bytes of all
    uint64_t events, peak_event; // allocations and ends that count, so far
    const char *start;           // where what counts begins
    uint64_t last_ms;
    char *path; // of a source file
    size_t path_capacity;
};

static bool damaged(struct file *file, const char *text) {
    return reading_fail_line(file->reading, &file->lines, "%s", text);
}

// The next hexadecimal number of the line.
static bool take(struct span *rest, uint64_t *number) {
    struct span word = span_word(rest);
    return word.size > 0 && span_take_number(&word, 16, number) && word.size == 0;
}

// ---- Definitions ----

static bool add_text(struct file *file, struct span rest) {
    uint64_t size = rest.size;
    if (file->version >= 3) {
        if (!span_take_number(&rest, 16, &size) || !span_take(&rest, " ") || size > rest.size) {
            return damaged(file, "a text is not as long as it says");
        }
    }
    if (!READING_RESERVE(file->texts, file->text_capacity, file->text_count + 1)) {
        return reading_no_memory(file->reading);
    }
    file->texts[file->text_count++] = (struct span){rest.at, (size_t)size};
    return true;
}

static bool text_at(struct file *file, uint64_t index, struct span *text) {
    if (index > file->text_count) {
        return damaged(file, "a text that does not exist");
    }
    *text = index > 0 ? file->texts[index - 1] : (struct span){"", 0};
    return true;
}

// Function, file and line. *more: there were some.
static bool take_line(struct file *file, struct span *rest, struct profile_line *line, bool *more) {
    uint64_t function, source = 0, number = 0;
    struct span name = {0}, path = {0};
    *more = take(rest, &function) && function > 0;
    if (!*more) {
        return true;
    }
    take(rest, &source);
    take(rest, &number);
    if (!text_at(file, function, &name) || !text_at(file, source, &path)) {
        return false;
    }
    if (!READING_RESERVE(file->path, file->path_capacity, path.size + 1)) {
        return reading_no_memory(file->reading);
    }
    memcpy(file->path, path.at, path.size);
    file->path[path.size] = '\0';
    *line = (struct profile_line){.function = reading_function(file->reading, name, file->path, 0), .line = (int64_t)(number & INT32_MAX)};
    return line->function != 0 || reading_no_memory(file->reading);
}

static bool add_address(struct file *file, struct span rest) {
    struct profile_line lines[PROFILE_NAMER_LINES];
    size_t count = 0;
    uint64_t address, module = 0;
    struct span object;
    bool more = true;
    if (!take(&rest, &address)) {
        return damaged(file, "an address without a number");
    }
    take(&rest, &module);
    if (!text_at(file, module, &object)) {
        return false;
    }
    const char *object_name = reading_text(file->reading, object);
    const struct profile_mapping mapping = {.file = object_name, .build_id = "", .has_functions = true, .has_line_numbers = true};
    uint32_t id = object.size > 0 && object_name ? profile_add_mapping(file->reading->profile, &mapping) : 0;
    while (more && count < PROFILE_NAMER_LINES) {
        if (!take_line(file, &rest, &lines[count], &more)) {
            return false;
        }
        count += more;
    }
    uint32_t location = profile_add_location(file->reading->profile, id, count > 0 ? 0 : address, lines, count);
    if (location == 0 || !READING_RESERVE(file->addresses, file->address_capacity, file->address_count + 1)) {
        return reading_no_memory(file->reading);
    }
    file->addresses[file->address_count++] = location;
    return true;
}

static bool add_node(struct file *file, uint32_t location, uint32_t parent) {
    struct reading *reading = file->reading;
    if (reading_add_node(reading, location, parent) == READING_NO_NODE) {
        return false;
    }
    if (!READING_RESERVE(file->sums, file->sum_capacity, reading->node_count)) {
        return reading_no_memory(reading);
    }
    file->sums[reading->node_count - 1] = (struct sums){0};
    return true;
}

static bool add_stack(struct file *file, struct span rest) {
    struct reading *reading = file->reading;
    uint64_t address, parent;
    if (!take(&rest, &address) || !take(&rest, &parent) || address > file->address_count || parent >= reading->node_count) {
        return damaged(file, "a stack of an address or a stack that does not exist");
    }
    return add_node(file, address > 0 ? file->addresses[address - 1] : 0, parent > 0 ? (uint32_t)parent : READING_NO_NODE);
}

static bool add_kind(struct file *file, struct span rest) {
    uint64_t bytes, stack;
    if (!take(&rest, &bytes) || !take(&rest, &stack) || stack >= file->reading->node_count || bytes > INT64_MAX) {
        return damaged(file, "an allocation of a stack that does not exist");
    }
    if (!READING_RESERVE(file->kinds, file->kind_capacity, file->kind_count + 1)) {
        return reading_no_memory(file->reading);
    }
    file->kinds[file->kind_count++] = (struct kind){bytes, (uint32_t)stack};
    return true;
}

// ---- Events ----

static const struct kind *kind_of(struct file *file, struct span rest) {
    uint64_t kind;
    if (!take(&rest, &kind) || kind >= file->kind_count) {
        damaged(file, "an allocation that does not exist");
        return NULL;
    }
    return &file->kinds[kind];
}

static void add(struct counts *counts, int64_t sign, uint64_t bytes) {
    counts->objects += sign;
    if (__builtin_add_overflow(counts->bytes, sign * (int64_t)bytes, &counts->bytes)) {
        counts->bytes = sign > 0 ? INT64_MAX : INT64_MIN;
    }
}

static bool count(struct file *file, struct span rest, int64_t sign) {
    const struct kind *kind = kind_of(file, rest);
    if (!kind) {
        return false;
    }
    if (file->lines.line.at < file->start) {
        return true;
    }
    struct sums *sums = &file->sums[kind->stack];
    file->events++;
    add(&sums->in_use, sign, kind->bytes);
    struct counts all = {0, file->live};
    add(&all, sign, kind->bytes);
    file->live = all.bytes;
    if (sign > 0) {
        add(&sums->allocated, 1, kind->bytes);
    }
    if (file->live > file->peak) {
        file->peak = file->live;
        file->peak_event = file->events;
    }
    return true;
}

static const char *find_start(const struct reading *reading) {
    struct lines lines = lines_of(reading->bytes, reading->size);
    const char *start = reading->bytes;
    while (lines_next(&lines)) {
        start = span_begins(lines.line, "A") ? lines.line.at : start;
    }
    return start;
}

static bool read_version(struct file *file, struct span rest) {
    uint64_t heaptrack;
    file->version = 0;
    if (!take(&rest, &heaptrack)) {
        return damaged(file, "no version");
    }
    take(&rest, &file->version);
    return (file->version >= 1 && file->version <= 3) ||
           reading_fail_line(file->reading, &file->lines, "version %u of heaptrack's files; 1 to 3 are read", (unsigned)file->version);
}

static bool read_line(struct file *file) {
    struct span rest = file->lines.line;
    if (rest.size < 1) {
        return true;
    }
    char letter = *rest.at;
    rest = span_skip(rest, 2);
    switch (letter) {
    case 'v':
        return read_version(file, rest);
    case 's':
        return add_text(file, rest);
    case 'i':
        return add_address(file, rest);
    case 't':
        return add_stack(file, rest);
    case 'a':
        return add_kind(file, rest);
    case '+':
        return count(file, rest, 1);
    case '-':
        return count(file, rest, -1);
    case 'c':
        take(&rest, &file->last_ms);
        return true;
    case 'A': // find_start
    case '#': // a comment
    case 'X': // the command
    case 'I': // the system
    case 'R': // resident memory
    case 'S': // suppressions
        return true;
    default:
        file->reading->damaged++;
        return true;
    }
}

// What each stack had when all had most.
static void find_peaks(struct file *file) {
    struct lines lines = lines_of(file->start, (size_t)(file->reading->bytes + file->reading->size - file->start));
    uint64_t event = 0;
    while (event < file->peak_event && lines_next(&lines)) {
        char letter = lines.line.size > 0 ? *lines.line.at : '\0';
        if (letter != '+' && letter != '-') {
            continue;
        }
        uint64_t kind;
        struct span rest = span_skip(lines.line, 2);
        event++;
        if (take(&rest, &kind) && kind < file->kind_count) {
            add(&file->sums[file->kinds[kind].stack].peak, letter == '+' ? 1 : -1, file->kinds[kind].bytes);
        }
    }
}

static bool emit(struct file *file) {
    static const char *const types[] = {"alloc_objects", "alloc_space", "peak_objects", "peak_space", "inuse_objects", "inuse_space"};
    struct reading *reading = file->reading;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        profile_add_sample_type(reading->profile, types[i], i % 2 == 0 ? "count" : "bytes");
    }
    for (size_t node = 0; node < reading->node_count; node++) {
        const struct sums *sums = &file->sums[node];
        const int64_t values[] = {sums->allocated.objects, sums->allocated.bytes, sums->peak.objects,
                                  sums->peak.bytes,        sums->in_use.objects,  sums->in_use.bytes};
        if (sums->allocated.objects == 0 && sums->in_use.objects == 0) {
            continue;
        }
        reading_begin_stack(reading);
        if (!reading_push_node(reading, (uint32_t)node) || !reading_sample(reading, values, NULL, 0)) {
            return false;
        }
    }
    profile_set_time(reading->profile, 0, file->last_ms < INT64_MAX / 1000000 ? (int64_t)file->last_ms * 1000000 : 0);
    reading_left_out(reading, reading->damaged, "lines of an unknown kind");
    return true;
}

bool heaptrack_read(struct reading *reading) {
    struct file file = {.reading = reading, .lines = lines_of(reading->bytes, reading->size), .start = find_start(reading)};
    bool ok = add_node(&file, 0, READING_NO_NODE);
    while (ok && lines_next(&file.lines)) {
        ok = read_line(&file);
    }
    if (ok) {
        find_peaks(&file);
        ok = emit(&file);
    }
    memory_free(file.texts);
    memory_free(file.addresses);
    memory_free(file.kinds);
    memory_free(file.sums);
    memory_free(file.path);
    return ok;
}
