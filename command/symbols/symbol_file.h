// symbol_file.h: reads the build ID and the code segments of a file with symbols, to match it with a profile. cmemprof/symbols.h reads
// names.
//
// 64-bit little-endian ELF. The file is not trusted. Threads: any. Memory: none; reads at most 64 KiB of notes at a time, onto the stack,
// and 1 MiB of a file.
#ifndef CMEMPROF_COMMAND_SYMBOL_FILE_H
#define CMEMPROF_COMMAND_SYMBOL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYMBOL_FILE_SEGMENTS = 8, SYMBOL_FILE_BUILD_ID_BYTES = 64 };

struct symbol_file {
    char build_id[2 * SYMBOL_FILE_BUILD_ID_BYTES + 1]; // lower-case hex; "": none
    struct symbol_segment {
        uint64_t address, offset, file_size, memory_size;
    } code[SYMBOL_FILE_SEGMENTS]; // executable segments
    size_t code_count;
};

// -1: it is no regular file. Others are not even opened, which alone starts some devices: paths are those of strangers' profiles.
int symbol_file_open(const char *path);
// Returns false if the file cannot be read or is not such an ELF file.
bool symbol_file_read(const char *path, struct symbol_file *file);

// Whether an ELF file has its instructions: a separate debug file has none.
bool symbol_file_has_code(const char *path);

// *bias: address in the mapping minus address in the file. A mapping begins with the segment's first page, or later in the segment. Returns
// false if no segment matches.
bool symbol_file_bias(const struct symbol_file *file, uint64_t mapping_start, uint64_t mapping_offset, uint64_t *bias);

#endif
