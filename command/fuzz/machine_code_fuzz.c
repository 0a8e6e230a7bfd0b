// machine_code_fuzz.c: libFuzzer target for the instructions of a file that is a stranger's: its build ID, segments, symbols, stubs and
// code. The input is 8 bytes that give a byte of the file, and the whole file. `make fuzz-machine-code` builds and runs it.
//
// The file is one in memory, which is opened as any other is. What is read of it lies in symbolizer_arena.h, which poisons the gaps between
// blocks.
#include "../symbols/machine_code_files.h"
#include "../symbols/symbol_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

struct reading {
    uint64_t next;
    size_t texts;
};

static bool take(void *state, const struct machine_code_instruction *instruction) {
    struct reading *reading = state;
    must(instruction->size > 0 && instruction->offset == reading->next, "a gap between instructions");
    must(instruction->text ? reading->texts < MACHINE_CODE_MAX_TEXTS && strlen(instruction->text) < 512
                           : reading->texts == MACHINE_CODE_MAX_TEXTS,
         "no text, or a long one");
    reading->next += instruction->size;
    reading->texts += !!instruction->text;
    return true;
}

static void use(const struct machine_code *code, void *opened, uint64_t offset) {
    char reason[MACHINE_CODE_REASON_BYTES] = "";
    struct machine_code_function function;
    if (!code->find(opened, offset, &function)) {
        return;
    }
    must(function.start <= offset && offset < function.end && *function.name, "a function that is elsewhere");
    struct reading reading = {.next = function.start};
    if (code->read(opened, function.start, function.end, take, &reading, reason)) {
        must(reading.next <= function.end && reading.texts > 0, "not all of the function");
    } else {
        must(*reason && reading.texts == 0, "no reason");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int file = -1;
    static char path[64];
    struct symbol_file head;
    uint64_t offset;
    if (size <= sizeof offset) {
        return 0;
    }
    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    memcpy(&offset, data, sizeof offset);
    size -= sizeof offset;
    must(ftruncate(file, 0) == 0 && pwrite(file, data + sizeof offset, size, 0) == (ssize_t)size, "a file in memory");
    const struct machine_code_files files = {.own_paths = true};
    const struct machine_code code = machine_code_files_begin(&files);
    char reason[MACHINE_CODE_REASON_BYTES] = "";
    bool has_id = symbol_file_read(path, &head) && *head.build_id;
    void *opened = code.open(code.context, path, has_id ? head.build_id : "0", reason);
    must(opened ? has_id : *reason != 0, "another build, or no reason");
    symbol_file_has_code(path);
    if (opened) {
        must(code.machine(opened), "a machine without a name");
        use(&code, opened, offset);
        code.close(opened);
    }
    return 0;
}
