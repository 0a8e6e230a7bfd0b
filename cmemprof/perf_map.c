// perf_map.c (naming): see perf_map.h.

#include "perf_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/process_stat.h"
#include "address_order.h"

enum { MAX_BYTES = 8 << 20, OVERLAPPING = 32 };

struct perf_map_line {
    uint64_t start;
    uint64_t size;
    uint32_t at;     // its name, in text
    uint32_t number; // later ones are greater
};

// ---- The file ----

// When this process began, in seconds since 1970; 0: unknown.
static int64_t process_start_s(void) {
    struct process_stat stat;
    process_stat_read(&stat, "/proc/self/stat");
    int64_t ticks = (int64_t)process_stat_number(&stat, PROCESS_STAT_START),
            boot_s = (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME)) / 1000000000;
    return ticks > 0 ? boot_s + ticks / sysconf(_SC_CLK_TCK) : 0;
}

static bool is_ours(int file, struct stat *status) {
    return fstat(file, status) == 0 && S_ISREG(status->st_mode) && status->st_uid == geteuid() &&
           status->st_mtime >= process_start_s() - 1; // clocks are whole seconds
}

// Reads its end, with a 0 behind it. Returns NULL if memory runs out, or there is nothing in it.
static char *read_end(int file, const struct stat *status, struct symbolizer_arena *memory, size_t *size) {
    off_t skipped = status->st_size > MAX_BYTES ? status->st_size - MAX_BYTES : 0;
    size_t wanted = (size_t)(status->st_size - skipped);
    char *text = wanted > 0 ? symbolizer_arena_alloc(memory, wanted + 1) : NULL;
    ssize_t got = 1;
    for (*size = 0; text && *size < wanted && got > 0; *size += got > 0 ? (size_t)got : 0) {
        got = pread(file, text + *size, wanted - *size, skipped + (off_t)*size);
    }
    if (text && skipped != 0) { // the first line is part of one
        text[0] = '\n';
    }
    return text;
}

bool perf_map_read(struct perf_map *map, struct symbolizer_arena *memory, const char *path) {
    struct stat status;
    size_t size;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char *text = file >= 0 && is_ours(file, &status) ? read_end(file, &status, memory, &size) : NULL;
    if (file >= 0) {
        close(file);
    }
    map->count = 0;
    return text && perf_map_parse(map, memory, text, size);
}

// ---- Lines ----

// The name is the rest of the line.
static bool parse_line(const char *text, size_t at, uint32_t number, struct perf_map_line *line) {
    char *end;
    line->start = strtoull(text + at, &end, 16);
    if (*end != ' ') {
        return false;
    }
    line->size = strtoull(end + 1, &end, 16);
    line->at = (uint32_t)(end + 1 - text);
    line->number = number;
    return *end == ' ' && line->size != 0 && line->start + line->size > line->start;
}

// Ends each line with a 0, which a text may have already, and returns how many there are.
static size_t end_lines(char *text, size_t size) {
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        text[i] = text[i] == '\n' ? '\0' : text[i];
        lines += text[i] == '\0';
    }
    return lines;
}

bool perf_map_parse(struct perf_map *map, struct symbolizer_arena *memory, char *text, size_t size) {
    size_t lines = end_lines(text, size);
    *map = (struct perf_map){.is_read = true, .text = text, .lines = symbolizer_arena_alloc(memory, lines * sizeof *map->lines)};
    for (size_t at = 0; map->lines && at < size; at += strlen(text + at) + 1) {
        map->count += parse_line(text, at, (uint32_t)map->count, &map->lines[map->count]);
    }
    if (!map->lines || !address_sort(memory, map->lines, map->count, sizeof *map->lines)) {
        map->count = 0;
        return false;
    }
    return true;
}

// ---- Names ----

static void copy(char *to, const char *text, size_t size) {
    size = size < PERF_MAP_NAME_BYTES - 1 ? size : PERF_MAP_NAME_BYTES - 1;
    memcpy(to, text, size);
    to[size] = '\0';
}

static bool begins_with(const char *name, const char *begin) {
    return strncmp(name, begin, strlen(begin)) == 0;
}

// ":12:5" at the end of a text. Returns the length before it, 0: it is not there.
static size_t cut_place(const char *text, int64_t *line) {
    size_t column = strlen(text);
    while (column > 0 && text[column - 1] >= '0' && text[column - 1] <= '9') {
        column--;
    }
    if (column < 2 || text[column] == '\0' || text[--column] != ':') {
        return 0;
    }
    size_t begin = column;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') {
        begin--;
    }
    if (begin < 2 || begin == column || text[begin - 1] != ':') {
        return 0;
    }
    *line = strtoll(text + begin, NULL, 10);
    return begin - 1;
}

// The kind, a mark of how it was compiled (*, ^, +, ~ or none), the name, a blank, the file, line and column.
static bool name_script(struct perf_map *map, const char *name) {
    static const char *const kinds[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};
    size_t i = 0, count = sizeof kinds / sizeof *kinds;
    int64_t line = 0;
    while (i < count && !begins_with(name, kinds[i])) {
        i++;
    }
    if (i == count) {
        return false;
    }
    name += strlen(kinds[i]);
    name += strchr("*^+~", *name) && *name != '\0';
    const char *blank = strchr(name, ' ');
    size_t file = blank ? cut_place(blank + 1, &line) : 0;
    if (file == 0) {
        return false;
    }
    copy(map->function, blank == name ? "(anonymous)" : name, blank == name ? strlen("(anonymous)") : (size_t)(blank - name));
    copy(map->file, blank + 1, file);
    map->frame = (struct symbol_frame){.function = map->function, .system_name = "", .file = map->file, .start_line = line};
    return true;
}

static struct symbol name_line(struct perf_map *map, const char *name) {
    if (!name_script(map, name)) {
        copy(map->function, name, strlen(name));
        map->frame = (struct symbol_frame){.function = map->function, .system_name = "", .file = ""};
    }
    return (struct symbol){&map->frame, map->function[0] != '\0'};
}

struct symbol perf_map_find(struct perf_map *map, struct symbolizer_arena *memory, uintptr_t address) {
    const struct perf_map_line *found = NULL;
    if (!map->is_read) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
        perf_map_read(map, memory, path);
        map->is_read = true;
    }
    size_t above = address_upper_bound(map->lines, map->count, sizeof *map->lines, address);
    for (size_t i = above; i > 0 && above - i < OVERLAPPING; i--) {
        const struct perf_map_line *line = &map->lines[i - 1];
        if (address - line->start < line->size && (!found || line->number > found->number)) {
            found = line;
        }
    }
    return found ? name_line(map, map->text + found->at) : (struct symbol){NULL, 0};
}
