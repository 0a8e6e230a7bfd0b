// python_code.c (sample): see python_code.h.

#include "python_code.h"

#include <stdbool.h>
#include <string.h>

#include "../base/utf8.h"

// ---- Texts ----

// Of the bits of a str's state.
enum { KIND_SHIFT = 2, KIND_MASK = 7, IS_COMPACT = 1 << 5, IS_ASCII = 1 << 6 };

// Returns 0 if it is no character, or does not fit.
static size_t put_character(uint32_t character, char *out, size_t room) {
    bool is_surrogate = character >= 0xd800 && character < 0xe000;
    char bytes[4];
    size_t size = utf8_encode(is_surrogate ? 0xfffd : character, bytes);
    if (size > room) {
        return 0;
    }
    memcpy(out, bytes, size);
    return size;
}

static uint32_t character_at(const void *characters, unsigned kind, size_t at) {
    return kind == 1   ? ((const uint8_t *)characters)[at]
           : kind == 2 ? ((const uint16_t *)characters)[at]
                       : ((const uint32_t *)characters)[at];
}

size_t python_code_text(struct python_reader *reader, const struct python_layout *layout, uintptr_t text, char *out, size_t capacity) {
    uint32_t state = python_number(reader, text, layout->text_state);
    size_t length = python_word(reader, text, layout->text_length), used = 0;
    unsigned kind = state >> KIND_SHIFT & KIND_MASK;
    bool is_ascii = (state & IS_ASCII) != 0;
    length = length < capacity ? length : capacity;
    if (length == 0 || (state & IS_COMPACT) == 0 || (kind != 1 && kind != 2 && kind != 4)) {
        return 0;
    }
    const void *characters = python_at(reader, text + (is_ascii ? layout->text_ascii : layout->text_other), length * kind, kind);
    if (!characters) {
        return 0;
    }
    if (is_ascii && kind == 1) {
        memcpy(out, characters, length);
        return length;
    }
    for (size_t i = 0, size = 1; i < length && size > 0; i++, used += size) {
        size = put_character(character_at(characters, kind, i), out + used, capacity - used);
    }
    return used;
}

// ---- Lines ----

enum { MAX_TABLE_BYTES = 256 << 10 };
// The kinds of an entry; those below have no change of line, and three of those between give it.
enum { ENTRY_SHORT = 10, ENTRY_WITHOUT_COLUMNS = 13, ENTRY_LONG = 14, ENTRY_WITHOUT_LINE = 15 };

struct entries {
    const uint8_t *at, *end;
};

// Six bits a byte, the lowest first.
static uint32_t varint(struct entries *entries) {
    uint32_t value = 0;
    bool more = true;
    for (unsigned shift = 0; more && entries->at < entries->end; shift += 6) {
        uint8_t byte = *entries->at++;
        value |= shift < 32 ? (uint32_t)(byte & 0x3f) << shift : 0;
        more = (byte & 0x40) != 0;
    }
    return value;
}

static int32_t change_of_line(struct entries *entries, unsigned kind) {
    if (kind != ENTRY_WITHOUT_COLUMNS && kind != ENTRY_LONG) {
        return kind >= ENTRY_SHORT && kind < ENTRY_WITHOUT_COLUMNS ? (int32_t)kind - ENTRY_SHORT : 0;
    }
    uint32_t value = varint(entries);
    return (value & 1) != 0 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

uint32_t python_code_line(struct python_reader *reader, const struct python_layout *layout, uintptr_t code, uintptr_t instruction) {
    uintptr_t lines = python_word(reader, code, layout->code_lines), first = code + layout->code_instructions;
    size_t size = python_word(reader, lines, layout->bytes_size);
    int32_t begin = (int32_t)python_number(reader, code, layout->code_first_line), line = begin;
    size = size < MAX_TABLE_BYTES ? size : MAX_TABLE_BYTES;
    struct entries entries = {.at = size != 0 ? python_at(reader, lines + layout->bytes_first, size, 1) : NULL};
    if (!entries.at) {
        return begin < 0 ? 0 : (uint32_t)begin;
    }
    entries.end = entries.at + size;
    for (uintptr_t end = first; instruction >= first && entries.at < entries.end;) {
        uint8_t head = *entries.at++;
        unsigned kind = head >> 3 & 15;
        line = (int32_t)((uint32_t)line + (uint32_t)change_of_line(&entries, kind));
        end += ((head & 7) + 1u) * PYTHON_INSTRUCTION_BYTES;
        if (instruction < end) {
            return kind == ENTRY_WITHOUT_LINE || line < 0 ? 0 : (uint32_t)line;
        }
        while (entries.at < entries.end && (*entries.at & 0x80) == 0) { // columns: only the first byte of an entry has its highest bit set
            entries.at++;
        }
    }
    return begin < 0 ? 0 : (uint32_t)begin;
}
