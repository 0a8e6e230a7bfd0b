// memory_map.c: mappings of a process (memory_map.h).
#include "memory_map.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const list_begins[] = {"MAPPED_LIBRARIES:", "--- Memory map: ---"};

const char *memory_map_find_list(const struct reading *reading) {
    const char *first = reading->bytes + reading->size;
    for (size_t i = 0; i < sizeof list_begins / sizeof *list_begins; i++) {
        const char *at = memmem(reading->bytes, (size_t)(first - reading->bytes), list_begins[i], strlen(list_begins[i]));
        first = at ? at : first;
    }
    return first;
}

// ---- One line ----

static bool take_hex(struct span *rest, uint64_t *number) {
    span_take(rest, "0x");
    return span_take_number(rest, 16, number);
}

static bool is_permissions(struct span word) {
    for (size_t i = 0; i < word.size; i++) {
        if (!strchr("-rwxps", word.at[i])) {
            return false;
        }
    }
    return word.size >= 3;
}

static bool is_hex(struct span word) {
    uint64_t number;
    return span_take_number(&word, 16, &number) && word.size == 0;
}

// "00400000-00401000 r-xp 00001000 fd:01 1234   /usr/bin/x", after the permissions.
static bool take_proc(struct span rest, struct mapped *mapped) {
    struct span offset = span_word(&rest), device = span_word(&rest), inode = span_word(&rest);
    if (!is_hex(offset) || !memchr(device.at, ':', device.size) || !is_hex(inode)) {
        return false;
    }
    take_hex(&offset, &mapped->offset);
    mapped->file = span_trim(rest);
    return true;
}

// "00400000-00401000: /usr/bin/x (@1000) BUILDID", after the colon.
static void take_brief(struct span rest, struct mapped *mapped) {
    struct span word = span_word(&rest);
    mapped->file = word;
    word = span_word(&rest);
    if (span_take(&word, "(@")) {
        take_hex(&word, &mapped->offset);
        word = span_word(&rest);
    }
    mapped->build_id = is_hex(word) ? word : (struct span){word.at, 0};
}

// False: the line is no mapping, or of one that is not executable.
static bool parse(struct span line, struct mapped *mapped) {
    struct span rest = span_trim(line);
    *mapped = (struct mapped){0};
    if (!take_hex(&rest, &mapped->start) || !(span_take(&rest, "-") || span_take(&rest, " ")) || !take_hex(&rest, &mapped->limit)) {
        return false;
    }
    span_take(&rest, ":");
    if (mapped->limit <= mapped->start || (rest.size > 0 && !span_is_blank(*rest.at))) {
        return false;
    }
    struct span after = rest, word = span_word(&after);
    if (is_permissions(word)) {
        if (!memchr(word.at, 'x', word.size)) {
            return false;
        }
        if (take_proc(after, mapped)) {
            return true;
        }
        rest = after;
    }
    take_brief(rest, mapped);
    return true;
}

// ---- The map ----

static int by_start(const void *a, const void *b) {
    uint64_t left = ((const struct mapped *)a)->start, right = ((const struct mapped *)b)->start;
    return left < right ? -1 : left > right;
}

static bool same_file(const struct mapped *a, const struct mapped *b) {
    return a->root.at == b->root.at && a->file.size == b->file.size && memcmp(a->file.at, b->file.at, a->file.size) == 0;
}

// Mappings that continue each other are one.
static void join(struct memory_map *map) {
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        struct mapped *last = kept > 0 ? &map->mappings[kept - 1] : NULL;
        const struct mapped *next = &map->mappings[i];
        bool continues = last && last->limit == next->start && last->file.size > 0 && same_file(last, next) &&
                         last->offset + (last->limit - last->start) == next->offset;
        if (continues) {
            last->limit = next->limit;
        } else {
            map->mappings[kept++] = *next;
        }
    }
    map->count = kept;
}

// "source=/home".
static void take_root(struct memory_map *map, struct span line) {
    line = span_trim(line);
    const char *equals = memchr(line.at, '=', line.size);
    if (equals && equals > line.at && map->root_count < MEMORY_MAP_ROOTS) {
        map->roots[map->root_count].name = span_trim((struct span){line.at, (size_t)(equals - line.at)});
        map->roots[map->root_count].path = span_trim(span_skip(line, (size_t)(equals - line.at) + 1));
        map->root_count++;
    }
}

// "$source/app".
static void put_root(const struct memory_map *map, struct mapped *mapped) {
    for (size_t i = 0; i < map->root_count; i++) {
        struct span name = map->roots[i].name, file = span_skip(mapped->file, 1);
        bool begins = mapped->file.size > 0 && *mapped->file.at == '$' && file.size > name.size &&
                      memcmp(file.at, name.at, name.size) == 0 && file.at[name.size] == '/';
        if (begins) {
            mapped->root = map->roots[i].path;
            mapped->file = span_skip(file, name.size);
            return;
        }
    }
}

bool memory_map_read(struct reading *reading, struct memory_map *map, struct span text) {
    struct lines lines = lines_of(text.at, text.size);
    while (lines_next(&lines)) {
        struct mapped mapped;
        if (!parse(lines.line, &mapped)) {
            take_root(map, lines.line);
            continue;
        }
        put_root(map, &mapped);
        if (!READING_RESERVE(map->mappings, map->capacity, map->count + 1)) {
            return reading_no_memory(reading);
        }
        map->mappings[map->count++] = mapped;
    }
    if (map->count > 0) {
        qsort(map->mappings, map->count, sizeof *map->mappings, by_start);
        join(map);
    }
    return true;
}

// Some lists lack the first part of a mapping that is in two: the offset of the second one tells how long it was.
static struct mapped *find(struct memory_map *map, uint64_t address) {
    size_t low = 0, high = map->count; // the first that begins after the address
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->mappings[middle].start <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 && address < map->mappings[low - 1].limit) {
        return &map->mappings[low - 1];
    }
    struct mapped *next = low < map->count ? &map->mappings[low] : NULL;
    if (next && next->offset != 0 && next->offset <= next->start && next->start - next->offset <= address) {
        next->start -= next->offset;
        next->offset = 0;
        return next;
    }
    return NULL;
}

static bool add(struct reading *reading, struct mapped *mapped) {
    char build_id[130];
    size_t size = mapped->build_id.size < sizeof build_id ? mapped->build_id.size : 0;
    for (size_t i = 0; i < size; i++) {
        char c = mapped->build_id.at[i];
        build_id[i] = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
    }
    build_id[size] = '\0';
    char *rooted, *file = NULL;
    const char *text = reading_text(reading, mapped->file);
    if (text &&
        asprintf(&rooted, "%.*s%s", (int)(mapped->root.size < PATH_MAX ? mapped->root.size : PATH_MAX), mapped->root.at, text) >= 0) {
        file = rooted;
    }
    const struct profile_mapping mapping = {
        .memory_start = mapped->start, .memory_limit = mapped->limit, .file_offset = mapped->offset, .file = file, .build_id = build_id};
    mapped->id = file ? profile_add_mapping(reading->profile, &mapping) : 0;
    free(file);
    return mapped->id != 0 || reading_no_memory(reading);
}

uint32_t memory_map_location(struct reading *reading, struct memory_map *map, uint64_t address, const struct profile_line *lines,
                             size_t line_count) {
    struct mapped *mapped = find(map, address);
    if (mapped && mapped->id == 0 && !add(reading, mapped)) {
        return 0;
    }
    uint32_t location = profile_add_location(reading->profile, mapped ? mapped->id : 0, address, lines, line_count);
    if (location == 0) {
        reading_no_memory(reading);
    }
    return location;
}

void memory_map_free(struct memory_map *map) {
    memory_free(map->mappings);
}
