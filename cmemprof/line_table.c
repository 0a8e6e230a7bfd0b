// line_table.c (naming): see line_table.h. Every read is bounds-checked: the data may be damaged.

#include "line_table.h"

#include "address_order.h"
#include "dwarf_names.h"
#include "line_table_header.h"

struct row {
    uint64_t address, file, line; // unsigned: damaged data may overflow any of them
};

// The program's position just after it made this row. The address comes first: address_order.h.
struct checkpoint {
    struct row row;
    const uint8_t *at;
};

struct line_table {
    struct symbolizer_arena *memory;
    struct line_header header;
    struct checkpoint *checkpoints; // by address
    size_t count, capacity;
    const char **paths; // of files; NULL: not read yet
};

// A lookup executes half as many rows on average.
enum { ROWS_BETWEEN_CHECKPOINTS = 128 };
// Such rows take at most 2 KB in compilers' output.
enum { BYTES_BETWEEN_CHECKPOINTS = 16 * 1024 };

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
        row->address += advance;
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

static bool note(struct line_table *table, const struct row *row, const uint8_t *at) {
    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        struct checkpoint *checkpoints =
            symbolizer_arena_grow(table->memory, table->checkpoints, table->count * sizeof *checkpoints, capacity * sizeof *checkpoints);
        if (!checkpoints) {
            return false;
        }
        table->checkpoints = checkpoints;
        table->capacity = capacity;
    }
    table->checkpoints[table->count++] = (struct checkpoint){*row, at};
    return true;
}

struct sequence {
    size_t first_checkpoint, rows;
    const uint8_t *at; // of its last checkpoint
    uint64_t address;  // of its last row
    bool dropped;      // discarded by the linker, which leaves it at 0 or at the highest addresses
};

// Returns false if addresses decrease, or the rows since the last checkpoint would make a lookup too slow.
static bool in_order(const struct sequence *sequence, const struct row *row, const uint8_t *at) {
    return sequence->rows == 0 || sequence->dropped ||
           (row->address >= sequence->address && at - sequence->at <= BYTES_BETWEEN_CHECKPOINTS);
}

static bool add_row(struct line_table *table, struct sequence *sequence, const struct row *row, const uint8_t *at) {
    if (!in_order(sequence, row, at)) {
        return false;
    }
    if (sequence->rows == 0) {
        sequence->dropped = row->address == 0 || row->address >= UINT64_MAX - 1;
    }
    sequence->address = row->address;
    if (sequence->rows++ % ROWS_BETWEEN_CHECKPOINTS != 0 || sequence->dropped) {
        return true;
    }
    sequence->at = at;
    return note(table, row, at);
}

// Drops checkpoints whose rows cover no code: the next ones have the same address.
static bool end_sequence(struct line_table *table, const struct sequence *sequence, const struct row *row, const uint8_t *at) {
    while (table->count > sequence->first_checkpoint && table->checkpoints[table->count - 1].row.address >= row->address) {
        table->count--;
    }
    return in_order(sequence, row, at);
}

static bool note_checkpoints(struct line_table *table) {
    struct dwarf_bytes bytes = table->header.program;
    struct row row = first_row;
    struct sequence sequence = {0};
    enum event event;
    do {
        event = run(&table->header, &bytes, &row);
        if (event == EVENT_BAD || (event == EVENT_ROW && !add_row(table, &sequence, &row, bytes.at)) ||
            (event == EVENT_SEQUENCE_ENDS && !end_sequence(table, &sequence, &row, bytes.at))) {
            return false;
        }
        if (event == EVENT_SEQUENCE_ENDS) {
            row = first_row;
            sequence = (struct sequence){.first_checkpoint = table->count};
        }
    } while (event != EVENT_OVER);
    if (sequence.rows > 0) {
        return false; // truncated
    }
    return address_sort(table->memory, table->checkpoints, table->count, sizeof *table->checkpoints);
}

struct line_table *line_table_new(struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                                  const char *directory) {
    struct line_table *table = symbolizer_arena_alloc(memory, sizeof *table);
    if (!table) {
        return NULL;
    }
    table->memory = memory;
    bool ok = line_header_read(&table->header, memory, sections, offset, directory);
    table->paths = ok ? symbolizer_arena_alloc(memory, (table->header.file_count + 1) * sizeof *table->paths) : NULL;
    return table->paths && note_checkpoints(table) ? table : NULL;
}

// ---- Looking up ----

bool line_table_find(const struct line_table *table, uint64_t address, uint64_t *file, int64_t *line) {
    size_t end = address_upper_bound(table->checkpoints, table->count, sizeof *table->checkpoints, address);
    if (end == 0) {
        return false;
    }
    struct row row = table->checkpoints[end - 1].row, before;
    struct dwarf_bytes bytes = {table->checkpoints[end - 1].at, table->header.program.end, false};
    enum event event;
    do {
        before = row;
        event = run(&table->header, &bytes, &row);
    } while (event == EVENT_ROW && row.address <= address);
    *file = before.file;
    *line = (int64_t)before.line;
    return (event == EVENT_ROW || event == EVENT_SEQUENCE_ENDS) && address < row.address;
}

// From a checkpoint a lookup reaches no address of the next one.
void line_table_visit(const struct line_table *table, void (*visit)(void *context, uint64_t address, uint64_t file, int64_t line),
                      void *context) {
    for (size_t i = 0; i < table->count; i++) {
        uint64_t limit = i + 1 < table->count ? table->checkpoints[i + 1].row.address : UINT64_MAX;
        struct row row = table->checkpoints[i].row;
        uint64_t end = row.address;
        struct dwarf_bytes bytes = {table->checkpoints[i].at, table->header.program.end, false};
        enum event event = EVENT_ROW;
        while (event == EVENT_ROW && row.address < limit) {
            visit(context, row.address, row.file, (int64_t)row.line);
            end = row.address;
            event = run(&table->header, &bytes, &row);
        }
        end = event == EVENT_SEQUENCE_ENDS ? row.address : end;
        if (event != EVENT_ROW && end < limit) {
            visit(context, end, LINE_TABLE_NO_FILE, 0);
        }
    }
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
