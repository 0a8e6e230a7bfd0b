// like_python.h: objects as CPython 3.11 and 3.12 lay them out: str, code, frames. e2e/python has the real ones.
#ifndef CMEMPROF_TEST_LIKE_PYTHON_H
#define CMEMPROF_TEST_LIKE_PYTHON_H

#include <stdint.h>
#include <string.h>

#include "../python_layout.h"

static inline void like_python_put(void *object, size_t offset, uintptr_t word) {
    memcpy((char *)object + offset, &word, sizeof word);
}

// 3.13's table of offsets for debuggers, as far as it must confirm what is known.
enum { LIKE_PYTHON_OFFSETS = 44 };
static inline void like_python_offsets(uint64_t words[LIKE_PYTHON_OFFSETS]) {
    static const uint64_t known[LIKE_PYTHON_OFFSETS] = {[21] = 8,  [22] = 16,  [23] = 72,  [25] = 160, [29] = 8,  [31] = 56,
                                                        [33] = 70, [35] = 112, [37] = 128, [38] = 136, [39] = 68, [43] = 200};
    memcpy(words, known, sizeof known);
    memcpy(words, "xdebugpy", 8);
}

enum { LIKE_PYTHON_ASCII = 1 << 5 | 1 << 6 | 1 << 2, LIKE_PYTHON_COMPACT = 1 << 5 };

struct like_str {
    _Alignas(8) char bytes[200];
};
// kind: the size of a character, 0: ASCII.
static inline uintptr_t like_str(const struct python_layout *layout, struct like_str *str, unsigned kind, const void *characters,
                                 size_t count) {
    uint32_t state = kind == 0 ? LIKE_PYTHON_ASCII : LIKE_PYTHON_COMPACT | kind << 2;
    like_python_put(str->bytes, layout->text_length, count);
    memcpy(str->bytes + layout->text_state, &state, sizeof state);
    memcpy(str->bytes + (kind == 0 ? layout->text_ascii : layout->text_other), characters, count * (kind == 0 ? 1 : kind));
    return (uintptr_t)str;
}
static inline uintptr_t like_ascii(const struct python_layout *layout, struct like_str *str, const char *text) {
    return like_str(layout, str, 0, text, strlen(text));
}

struct like_code {
    _Alignas(8) char bytes[256];
    _Alignas(8) char lines[120];
    struct like_str name, file;
};
extern const char like_python_type;
static inline uintptr_t like_code(const struct python_layout *layout, struct like_code *code, const char *name, const char *file,
                                  uint32_t first_line, const void *lines, size_t size) {
    memset(code, 0, sizeof *code);
    like_python_put(code->bytes, 8, (uintptr_t)&like_python_type);
    memcpy(code->bytes + layout->code_first_line, &first_line, sizeof first_line);
    like_python_put(code->bytes, layout->code_qualified_name, like_ascii(layout, &code->name, name));
    like_python_put(code->bytes, layout->code_file, like_ascii(layout, &code->file, file));
    like_python_put(code->bytes, layout->code_lines, (uintptr_t)code->lines);
    like_python_put(code->lines, layout->bytes_size, size);
    memcpy(code->lines + layout->bytes_first, lines, size);
    return (uintptr_t)code;
}

#endif
