// go_exit.c: see go_exit.h.

#include "go_exit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#ifdef __aarch64__
#include "go_exit_arm64.h"
#else
#include "go_exit_amd64.h"
#endif

enum { CODE_BYTES = GO_EXIT_CODE_BYTES, PART_BYTES = 16384 };

static const uint8_t code[CODE_BYTES] = GO_EXIT_CODE;

size_t go_exit_find(const uint8_t *bytes, size_t size) {
    const uint8_t *found = memmem(bytes, size, code, CODE_BYTES);
    return found ? (size_t)(found - bytes) : SIZE_MAX;
}

// ---- The program ----

// Reads the segment from the file, so that its pages do not become resident. Returns the address of the code, or 0.
static uintptr_t find_in(int file, const struct go_program *program, const ElfW(Phdr) * segment) {
    uint8_t part[PART_BYTES];
    for (uint64_t at = 0; at < segment->p_filesz; at += PART_BYTES - CODE_BYTES) {
        uint64_t left = segment->p_filesz - at;
        ssize_t got = pread(file, part, left < PART_BYTES ? left : PART_BYTES, (off_t)(segment->p_offset + at));
        size_t found = got > 0 ? go_exit_find(part, (size_t)got) : SIZE_MAX;
        if (got <= 0) {
            return 0;
        }
        if (found != SIZE_MAX) {
            return program->base + segment->p_vaddr + at + found;
        }
    }
    return 0;
}

static uintptr_t find_in_file(const char *path, const struct go_program *program) {
    uintptr_t found = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; file >= 0 && found == 0 && i < program->segment_count; i++) {
        const ElfW(Phdr) *segment = &program->segments[i];
        found = segment->p_type == PT_LOAD && segment->p_flags & PF_X ? find_in(file, program, segment) : 0;
    }
    if (file >= 0) {
        close(file);
    }
    // Another file than what was loaded: the loader's, if that was started with the program as its argument.
    bool within = found >= program->text_start && found < program->text_end && program->text_end - found >= CODE_BYTES;
    return within && memcmp((const void *)found, code, CODE_BYTES) == 0 ? found : 0;
}

static uintptr_t find(const struct go_program *program) {
    Dl_info loaded;
    uintptr_t found = find_in_file("/proc/self/exe", program);
    return found == 0 && dladdr((const void *)program->text_start, &loaded) != 0 ? find_in_file(loaded.dli_fname, program) : found;
}

// ---- The exit ----

static void (*leave_with)(int status);
#define OF_ASSEMBLY __attribute__((used, visibility("hidden")))
OF_ASSEMBLY _Alignas(16) uint8_t go_exit_stack[65536];
OF_ASSEMBLY uint32_t go_exit_taken;
OF_ASSEMBLY void go_exit_on_stack(int status);
OF_ASSEMBLY void go_exit_entry(void);

// On the stack above. Go's handlers would find a goroutine that is not on its own stack, of which little may be left.
void go_exit_on_stack(int status) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    leave_with(status);
}

__asm__(GO_EXIT_ENTRY);

static bool write_jump(uintptr_t at) {
    uint8_t jump[CODE_BYTES];
    go_exit_jump(jump, (uintptr_t)go_exit_entry);
    int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    bool written = memory >= 0 && pwrite(memory, jump, sizeof jump, (off_t)at) == (ssize_t)sizeof jump;
    if (memory >= 0) {
        close(memory);
    }
    return written;
}

bool go_exit_take(const struct go_program *program, void (*leave)(int status)) {
    uintptr_t at = find(program);
    if (at == 0) {
        return false;
    }
    leave_with = leave;
    return write_jump(at);
}

void go_exit_in_child(void) {
    go_exit_taken = 0;
}
