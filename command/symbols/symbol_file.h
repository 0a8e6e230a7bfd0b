// symbol_file.h: which build a file with symbols is of, and where its code lies: what is needed to find it for a profile. The names
// themselves are read by cmemprof/symbols.h.
//
// ELF of 64 bits, least significant byte first. Nothing of the file is trusted. Threads: any. Memory: none, two reads of at most 64 KiB.
#ifndef CMEMPROF_COMMAND_SYMBOL_FILE_H
#define CMEMPROF_COMMAND_SYMBOL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYMBOL_FILE_SEGMENTS = 8, SYMBOL_FILE_BUILD_ID_BYTES = 64 };

struct symbol_file {
    char build_id[2 * SYMBOL_FILE_BUILD_ID_BYTES + 1]; // lower-case hex, "" when there is none
    struct symbol_segment {
        uint64_t address, offset, file_size, memory_size;
    } code[SYMBOL_FILE_SEGMENTS]; // segments of code
    size_t code_count;
};

// False: not to be read, or no such ELF file.
bool symbol_file_read(const char *path, struct symbol_file *file);

// What is to be taken from an address of a mapping to get that of the file. Mappings begin with the page that the segment begins in, or
// later in the segment. False: there is no such segment.
bool symbol_file_bias(const struct symbol_file *file, uint64_t mapping_start, uint64_t mapping_offset, uint64_t *bias);

#endif
