// disassembly.h: a function by instruction, with what each has of its own and in all.
//
// A profile may have addresses of the function in several files (builds, libraries) and, in a file, in several functions of the linker: it
// was inlined there, or parts of it were moved away (".cold"). One of them is shown, at first that with most; the others are named.
// Instructions are those of the very build that was profiled, or there are none and the reason is said: then the addresses with their
// weights are left.
//
// Threads: one. Memory: malloc, up to 16 MiB; points into the weights.
#ifndef CMEMPROF_RECEIVER_DISASSEMBLY_H
#define CMEMPROF_RECEIVER_DISASSEMBLY_H

#include "../base/json.h"
#include "../base/machine_code.h"
#include "code_weights.h"

enum { DISASSEMBLY_MAX_ROWS = MACHINE_CODE_MAX_TEXTS, DISASSEMBLY_MAX_PLACES = 16 };

struct disassembly_row {
    uint64_t offset, address;
    int64_t self, total, line; // line 0: unknown
    char *text;                // NULL: the instruction is not known
};
struct disassembly_place {
    char *name;
    uint64_t start, end;
    int64_t self, total;
    size_t addresses; // with weights
};
struct disassembly {
    const struct code_weight *file;                          // the first one of the chosen file; NULL: the function has no address
    const struct code_weight *files[DISASSEMBLY_MAX_PLACES]; // all, with most first
    size_t file_count, files_left_out;
    const char *machine;                       // "" if unknown
    struct disassembly_place *places;          // in the chosen file, most first, at most DISASSEMBLY_MAX_PLACES
    size_t place_count, place_capacity, place; // place: the chosen one
    struct disassembly_row *rows;
    size_t row_count, row_capacity, rows_left_out;
    // Of the chosen file, in none of these places.
    size_t elsewhere_count;
    int64_t elsewhere_self, elsewhere_total;
    char reason[MACHINE_CODE_REASON_BYTES]; // why rows have no text; "": they have
};

struct disassembly_choice {
    const char *build_id; // of the file; NULL: that with most
    const char *object;   // its path, if the build ID is ""; may be NULL
    const char *at;       // the start of a place, in hex; NULL: that with most
};

// weights are sorted. code NULL: no files may be read. False: no memory. Call disassembly_free in any case.
bool disassembly_make(struct disassembly *made, const struct code_weights *weights, const struct machine_code *code,
                      const struct disassembly_choice *choice);
void disassembly_free(struct disassembly *made);
// Writes the members from "object" on into an open object.
void disassembly_write(const struct disassembly *made, struct json *json);

#endif
