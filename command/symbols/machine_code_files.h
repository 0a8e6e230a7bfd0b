// machine_code_files.h: instructions of programs and libraries on this machine (receiver/base/machine_code.h).
//
// A file is read if it is of the very build that was profiled: its build ID is the mapping's. It is looked for in directories of files with
// symbols, then at the mapping's path below the folders that are given, wherever links lead inside them; with own_paths at that path
// itself. Of it only code of functions is shown that its symbols, or those of its separate debug file, delimit. x86-64 and arm64, by
// Capstone (capstone.h).
//
// Threads: machine_code_files_begin from one, then any. Memory: what is open has an arena of at most 256 MiB (cmemprof/symbolizer_arena.h).
#ifndef CMEMPROF_COMMAND_MACHINE_CODE_FILES_H
#define CMEMPROF_COMMAND_MACHINE_CODE_FILES_H

#include "../../receiver/base/machine_code.h"
#include "../../receiver/receiver.h"

struct machine_code_files {
    const char *const *directories; // of files with symbols
    size_t directory_count;
    struct receiver_sources binaries; // folders of programs and libraries
    bool own_paths;                   // any file of this machine
};

// Loads the disassembler. files must outlive what is returned.
struct machine_code machine_code_files_begin(const struct machine_code_files *files);

#endif
