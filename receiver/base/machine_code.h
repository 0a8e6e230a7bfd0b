// machine_code.h: reads the instructions of a build's functions, for who looks at a function by instruction.
//
// The receiver itself opens no programs: whoever starts it says which files may be read, and how. The functions are called by several
// threads at once, each with what it has opened.
#ifndef CMEMPROF_RECEIVER_MACHINE_CODE_H
#define CMEMPROF_RECEIVER_MACHINE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Naming what an instruction calls takes time, by a name that is a stranger's some 50 us.
enum { MACHINE_CODE_REASON_BYTES = 400, MACHINE_CODE_MAX_TEXTS = 20000 };

// By offsets in the file, which do not depend on where it was loaded.
struct machine_code_function {
    const char *name;    // as its author wrote it; valid until the next call
    uint64_t start, end; // exclusive
};
struct machine_code_instruction {
    uint64_t offset, address; // in the file; as the file's own symbols have it
    unsigned size;
    const char *text; // "call 0x1139 <work>"; bytes that are no instruction: ".byte 0x0f"; NULL beyond MACHINE_CODE_MAX_TEXTS
};
// Of the caller. False: enough.
typedef bool machine_code_take(void *taker, const struct machine_code_instruction *instruction);

struct machine_code {
    // The file of that build. NULL: there is none that may be read; reason has a sentence.
    void *(*open)(void *context, const char *file, const char *build_id, char reason[MACHINE_CODE_REASON_BYTES]);
    const char *(*machine)(const void *opened); // "x86-64"
    // The function that has the byte. False: none that is known.
    bool (*find)(void *opened, uint64_t offset, struct machine_code_function *function);
    // Its instructions in order. False: they cannot be read; reason has a sentence.
    bool (*read)(void *opened, uint64_t start, uint64_t end, machine_code_take *take, void *taker, char reason[MACHINE_CODE_REASON_BYTES]);
    void (*close)(void *opened);
    void *context;
};

#endif
