// line_program.h: for the tests of line tables: programs as a compiler writes them.
#ifndef CMEMPROF_TEST_LINE_PROGRAM_H
#define CMEMPROF_TEST_LINE_PROGRAM_H

#include "../../base/test/test.h"

#include "../line_table.h"
#include "../symbolizer_arena.h"

// For one table or header; frees the previous one's.
static inline struct symbolizer_arena *fresh_memory(void) {
    static struct symbolizer_arena memory;
    symbolizer_arena_close(&memory);
    symbolizer_arena_open(&memory);
    return &memory;
}

struct line_program {
    uint8_t bytes[4096];
    size_t size;
};

static inline void put(struct line_program *program, const void *bytes, size_t size) {
    memcpy(program->bytes + program->size, bytes, size);
    program->size += size;
}

static inline void put_number(struct line_program *program, uint64_t value, size_t size) {
    put(program, &value, size);
}

#define PUT(program, ...) put(program, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define PUT_TEXT(program, text) put(program, text, sizeof(text))

// line_base -5, line_range 14, opcode_base 13, as gcc uses. names: directories and files; rows: the program.
static inline void put_program(struct line_program *to, unsigned version, const struct line_program *names,
                               const struct line_program *rows) {
    static const uint8_t operand_counts[] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
    struct line_program head = {0};
    PUT(&head, 1);
    if (version >= 4) {
        PUT(&head, 1);
    }
    PUT(&head, 1, (uint8_t)-5, 14, 13);
    put(&head, operand_counts, sizeof operand_counts);
    put(&head, names->bytes, names->size);
    put_number(to, 2 + (version >= 5 ? 2 : 0) + 4 + head.size + rows->size, 4);
    put_number(to, version, 2);
    if (version >= 5) {
        PUT(to, 8, 0);
    }
    put_number(to, head.size, 4);
    put(to, head.bytes, head.size);
    put(to, rows->bytes, rows->size);
}

// Directories "/src" and "lib"; files 1 "a.c" in the first, 2 "b.h" in "lib", 3 "/usr/c.h".
static inline void put_names(struct line_program *names, unsigned version) {
    if (version < 5) {
        PUT_TEXT(names, "lib");
        PUT(names, 0);
        PUT_TEXT(names, "a.c");
        PUT(names, 0, 0, 0);
        PUT_TEXT(names, "b.h");
        PUT(names, 1, 0, 0);
        PUT_TEXT(names, "/usr/c.h");
        PUT(names, 1, 0, 0, 0);
        return;
    }
    PUT(names, 1, 1, 0x1f, 2); // path: line_strp
    put_number(names, 0, 4);
    put_number(names, 5, 4);
    PUT(names, 3, 1, 0x08, 2, 0x0b, 5, 0x1e, 4); // path: string, directory: data1, MD5: data16
    static const char *const files[] = {"a.c", "a.c", "b.h", "/usr/c.h"};
    for (int i = 0; i < 4; i++) {
        static const uint8_t md5[16] = {1, 2, 3};
        put(names, files[i], strlen(files[i]) + 1);
        PUT(names, i == 2 ? 1 : 0);
        put(names, md5, sizeof md5);
    }
}

static const char line_texts[] = "/src\0lib"; // .debug_line_str

static inline struct line_sections sections_of(const struct line_program *program) {
    return (struct line_sections){.line = {program->bytes, program->size}, .line_str = {(const uint8_t *)line_texts, sizeof line_texts}};
}

#endif
