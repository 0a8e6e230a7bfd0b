// perf_map.h (naming): names of code that a runtime generates, from the file that it writes for perf: /tmp/perf-PID.map, lines of START
// SIZE NAME, the first two hexadecimal (Linux, tools/perf/Documentation/jit-interface.txt).
//
// Node writes it with --perf-basic-prof, OpenJDK 17 and later at `jcmd PID Compiler.perfmap` or its end (-XX:+DumpPerfMapAtExit), CPython
// with -X perf. Runtimes move code and reuse its place, so of two lines for an address the later one holds. The file must be this user's,
// and not older than the process, whose ID another one may have had. Of more than 8 MiB its end is read.
//
// V8's names ("JS:*name file:line:column", before Node 20 "LazyCompile:*name ...") give a function, a file, and the line at which it
// begins.
//
// Threads: as symbols.h. Memory: the arena's, the file and 24 bytes a line.
#ifndef CMEMPROF_PERF_MAP_H
#define CMEMPROF_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "symbolizer_arena.h"
#include "symbols.h"

enum { PERF_MAP_NAME_BYTES = 512 };

// All zeros is one that has not been read.
struct perf_map {
    bool is_read;
    const char *text;
    struct perf_map_line *lines;
    size_t count; // of lines
    struct symbol_frame frame;
    char function[PERF_MAP_NAME_BYTES], file[PERF_MAP_NAME_BYTES]; // of frame
};

// Reads the lines of a text, which is changed and must stay, with a 0 behind its end. Returns false if memory runs out.
bool perf_map_parse(struct perf_map *map, struct symbolizer_arena *memory, char *text, size_t size);
// Of a file. Returns false if there is none that may be read, or memory runs out.
bool perf_map_read(struct perf_map *map, struct symbolizer_arena *memory, const char *path);
// Reads this process's file at the first call. Valid until the next one, or the arena's end. Without a name, frame_count is 0.
struct symbol perf_map_find(struct perf_map *map, struct symbolizer_arena *memory, uintptr_t address);

#endif
