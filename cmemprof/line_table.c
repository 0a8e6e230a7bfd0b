// line_table.c (naming): see line_table.h. Every read is bounds-checked: the data may be damaged.

#include "line_table.h"

#include <string.h>

#include "address_order.h"
#include "dwarf_names.h"
#include "line_table_header.h"

struct row {
    uint64_t address, file, line; // unsigned: damaged data may overflow any of them
};

struct line_table {
    struct symbolizer_arena *memory;
    struct line_header header;
    struct line_rows rows;
    size_t row_capacity, mark_capacity;
    const char **paths; // of files; NULL: not read yet
    bool *is_used;      // files
    bool no_memory;
};

// A row: distance from the last address * 4 + kind, as LEB128. Then, if it has a file: distance from the last line, as signed LEB128, and
// the file unless it is the last one's. The first row behind a mark counts from the mark's address and line 0.
enum row_kind { ROW_OF_SAME_FILE, ROW_OF_FILE, ROW_NOT_COVERED, ROW_ELSEWHERE };
// ROW_NOT_COVERED: the sequence ends. ROW_ELSEWHERE: another mark leads to the next row. Both end a stretch.

#define NO_FILE UINT64_MAX
enum { ROWS_BETWEEN_MARKS = 64 }; // a lookup reads half as many on average

// ---- The program ----

enum event { EVENT_NONE, EVENT_ROW, EVENT_SEQUENCE_ENDS, EVENT_OVER, EVENT_BAD };

static const struct row first_row = {.file = 1, .line = 1};

static enum event extended(struct dwarf_bytes *bytes, struct row *row) {
    uint64_t size = dwarf_fixed(bytes, 1); // LEB128, never more than one byte in practice
    if (size == 0 || size >= 0x80 || size > (uint64_t)(bytes->end - bytes->at)) {
        return EVENT_BAD;
    }
    struct dwarf_bytes operands = {bytes->at, bytes->at + size, false};
    bytes->at = operands.end;
    enum event event = EVENT_NONE;
    switch (dwarf_fixed(&operands, 1)) {
    case DW_LNE_end_sequence:
        event = EVENT_SEQUENCE_ENDS;
        break;
    case DW_LNE_set_address:
        row->address = dwarf_fixed(&operands, 8);
        break;
    case DW_LNE_set_discriminator:
        dwarf_uleb(&operands);
        break;
    default: // DW_LNE_define_file and others that no compiler emits
        return EVENT_BAD;
    }
    return operands.bad || operands.at != operands.end ? EVENT_BAD : event;
}

static enum event special(const struct line_header *header, struct row *row, unsigned opcode) {
    const struct line_advance *advance = &header->special[opcode - header->opcode_base];
    row->address += advance->address;
    row->line += (uint64_t)advance->line;
    return EVENT_ROW;
}

static enum event standard(const struct line_header *header, struct dwarf_bytes *bytes, struct row *row, unsigned opcode) {
    uint64_t advance;
    switch (opcode) {
    case DW_LNS_copy:
        return EVENT_ROW;
    case DW_LNS_advance_pc:
        advance = dwarf_uleb(bytes);
        row->address += advance * header->min_instruction_bytes;
        bytes->bad |= advance > UINT32_MAX; // no code is this far from the rest of its sequence
        break;
    case DW_LNS_advance_line:
        row->line += (uint64_t)dwarf_sleb(bytes);
        break;
    case DW_LNS_set_file:
        row->file = dwarf_uleb(bytes);
        break;
    case DW_LNS_const_add_pc:
        row->address += header->special[255 - header->opcode_base].address;
        break;
    case DW_LNS_fixed_advance_pc:
        row->address += dwarf_fixed(bytes, 2);
        break;
    default:
        for (unsigned i = 0; i < header->operand_counts[opcode - 1]; i++) {
            dwarf_uleb(bytes);
        }
    }
    return bytes->bad ? EVENT_BAD : EVENT_NONE;
}

// Runs to the next row, or to the end of the sequence or program.
static enum event run(const struct line_header *header, struct dwarf_bytes *bytes, struct row *row) {
    enum event event = EVENT_NONE;
    while (event == EVENT_NONE) {
        if (bytes->at == bytes->end) {
            return EVENT_OVER;
        }
        unsigned opcode = *bytes->at++;
        event = opcode >= header->opcode_base ? special(header, row, opcode)
                : opcode == 0                 ? extended(bytes, row)
                                              : standard(header, bytes, row, opcode);
    }
    return event;
}

// ---- Opening ----

struct sequence {
    size_t rows;
    uint64_t address;          // of its last row
    struct row pending, noted; // the last row, which the next one of its address replaces; the last one in table->rows
    size_t noted_count;
    bool dropped; // discarded by the linker, which leaves it at 0 or at the highest addresses
};

static void append(struct line_table *table, const uint8_t *bytes, size_t size) {
    struct line_rows *rows = &table->rows;
    if (rows->size + size > table->row_capacity) {
        size_t capacity = table->row_capacity == 0 ? 4096 : table->row_capacity * 2;
        void *larger = capacity > UINT32_MAX ? NULL : symbolizer_arena_grow(table->memory, (void *)rows->bytes, rows->size, capacity);
        if (!larger) {
            table->no_memory = true;
            return;
        }
        rows->bytes = larger;
        table->row_capacity = capacity;
    }
    memcpy((uint8_t *)rows->bytes + rows->size, bytes, size);
    rows->size += size;
}

static void add_mark(struct line_table *table, uint64_t address) {
    struct line_rows *rows = &table->rows;
    if (rows->mark_count == table->mark_capacity) {
        size_t capacity = table->mark_capacity == 0 ? 64 : table->mark_capacity * 2;
        void *larger = symbolizer_arena_grow(table->memory, (void *)rows->marks, rows->mark_count * sizeof *rows->marks,
                                             capacity * sizeof *rows->marks);
        if (!larger) {
            table->no_memory = true;
            return;
        }
        rows->marks = larger;
        table->mark_capacity = capacity;
    }
    ((struct line_mark *)rows->marks)[rows->mark_count++] = (struct line_mark){.address = address, .at = (uint32_t)rows->size};
}

static void note_end(struct line_table *table, enum row_kind kind, uint64_t distance) {
    uint8_t bytes[DWARF_LEB_BYTES];
    append(table, bytes, (size_t)(dwarf_put_uleb(bytes, distance << 2 | kind) - bytes));
}

// Returns false if the distance does not fit, which no code's does.
static bool note(struct line_table *table, struct sequence *sequence, const struct row *row) {
    const struct row *last = &sequence->noted, first = {.address = row->address, .file = NO_FILE};
    bool is_first = sequence->noted_count++ % ROWS_BETWEEN_MARKS == 0;
    if (is_first && sequence->noted_count > 1) {
        note_end(table, ROW_ELSEWHERE, 0);
    }
    if (is_first) {
        add_mark(table, row->address);
        last = &first;
    }
    uint64_t distance = row->address - last->address;
    enum row_kind kind = row->file == last->file ? ROW_OF_SAME_FILE : ROW_OF_FILE;
    uint8_t bytes[3 * DWARF_LEB_BYTES], *end = dwarf_put_uleb(bytes, distance << 2 | kind);
    end = dwarf_put_sleb(end, (int64_t)(row->line - last->line));
    if (kind == ROW_OF_FILE) {
        end = dwarf_put_uleb(end, row->file);
        if (row->file < table->header.file_count) {
            table->is_used[row->file] = true;
        }
    }
    append(table, bytes, (size_t)(end - bytes));
    sequence->noted = *row;
    return distance <= UINT64_MAX >> 2;
}

// Of rows at one address the last counts; one that only repeats is not needed.
static bool flush(struct line_table *table, struct sequence *sequence) {
    const struct row *row = &sequence->pending, *noted = &sequence->noted;
    bool repeats = sequence->noted_count > 0 && row->file == noted->file && row->line == noted->line;
    return repeats || note(table, sequence, row);
}

// Returns false if addresses decrease.
static bool add_row(struct line_table *table, struct sequence *sequence, const struct row *row) {
    bool is_first = sequence->rows++ == 0, ok = true;
    if (is_first) {
        sequence->dropped = row->address == 0 || row->address >= UINT64_MAX - 1;
    } else if (!sequence->dropped && row->address != sequence->address) {
        ok = row->address > sequence->address && flush(table, sequence);
    }
    sequence->address = row->address;
    sequence->pending = *row;
    return ok && !table->no_memory;
}

static bool end_sequence(struct line_table *table, struct sequence *sequence, const struct row *row) {
    if (sequence->rows == 0 || sequence->dropped) {
        return true;
    }
    if (row->address < sequence->address) {
        return false;
    }
    bool ok = row->address == sequence->address || flush(table, sequence); // else the last row covers no code
    if (sequence->noted_count > 0) {
        uint64_t distance = row->address - sequence->noted.address;
        note_end(table, ROW_NOT_COVERED, distance);
        ok &= distance <= UINT64_MAX >> 2;
    }
    return ok && !table->no_memory;
}

static bool note_rows(struct line_table *table) {
    struct dwarf_bytes bytes = table->header.program;
    struct row row = first_row;
    struct sequence sequence = {0};
    enum event event;
    do {
        event = run(&table->header, &bytes, &row);
        if (event == EVENT_BAD || (event == EVENT_ROW && !add_row(table, &sequence, &row)) ||
            (event == EVENT_SEQUENCE_ENDS && !end_sequence(table, &sequence, &row))) {
            return false;
        }
        if (event == EVENT_SEQUENCE_ENDS) {
            row = first_row;
            sequence = (struct sequence){0};
        }
    } while (event != EVENT_OVER);
    if (sequence.rows > 0) {
        return false; // truncated
    }
    return address_sort(table->memory, (void *)table->rows.marks, table->rows.mark_count, sizeof *table->rows.marks);
}

struct line_table *line_table_new(struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                                  const char *directory) {
    struct line_table *table = symbolizer_arena_alloc(memory, sizeof *table);
    if (!table) {
        return NULL;
    }
    table->memory = memory;
    bool ok = line_header_read(&table->header, memory, sections, offset, directory);
    size_t files = table->header.file_count + 1;
    table->paths = ok ? symbolizer_arena_alloc(memory, files * sizeof *table->paths) : NULL;
    table->is_used = table->paths ? symbolizer_arena_alloc(memory, files * sizeof *table->is_used) : NULL;
    return table->is_used && note_rows(table) ? table : NULL;
}

// ---- Looking up ----

bool line_rows_find(const struct line_rows *rows, uint64_t address, uint64_t *file, int64_t *line) {
    size_t end = address_upper_bound(rows->marks, rows->mark_count, sizeof *rows->marks, address);
    if (end == 0) {
        return false;
    }
    struct row row = {.address = rows->marks[end - 1].address}, found = row;
    struct dwarf_bytes bytes = {rows->bytes + rows->marks[end - 1].at, rows->bytes + rows->size, false};
    while (!bytes.bad) {
        uint64_t head = dwarf_uleb(&bytes);
        enum row_kind kind = head & 3;
        row.address += head >> 2;
        if (kind == ROW_ELSEWHERE || row.address > address) {
            break;
        }
        if (kind == ROW_NOT_COVERED) {
            return false;
        }
        row.line += (uint64_t)dwarf_sleb(&bytes);
        row.file = kind == ROW_OF_FILE ? dwarf_uleb(&bytes) : row.file;
        found = row;
    }
    *file = found.file;
    *line = (int64_t)found.line;
    return !bytes.bad;
}

bool line_table_needs_line(const struct line_table *table) {
    return table->header.has_own_names;
}

bool line_table_find(const struct line_table *table, uint64_t address, uint64_t *file, int64_t *line) {
    return line_rows_find(&table->rows, address, file, line);
}

const struct line_rows *line_table_rows(const struct line_table *table) {
    return &table->rows;
}

size_t line_table_file_count(const struct line_table *table) {
    return table->header.file_count;
}

bool line_table_has_rows_of(const struct line_table *table, uint64_t file) {
    return file < table->header.file_count && table->is_used[file];
}

const char *line_table_file(struct line_table *table, uint64_t file) {
    if (file >= table->header.file_count) {
        return "";
    }
    if (!table->paths[file]) {
        table->paths[file] = line_header_path(&table->header, table->memory, file);
    }
    return table->paths[file] ? table->paths[file] : "";
}
