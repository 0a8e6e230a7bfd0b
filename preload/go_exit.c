// go_exit.c: see go_exit.h.

#include "go_exit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { CODE_BYTES = 12, PART_BYTES = 16384 };

// mov 8(%rsp), %edi; mov $231, %eax; syscall; ret
static const uint8_t code[CODE_BYTES] = {0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};

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
static uint8_t stack[65536] __attribute__((aligned(16)));
static uint32_t taken;

// On the stack above. Go's handlers would find a goroutine that is not on its own stack.
__attribute__((used)) static void exit_on_stack(int status) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    leave_with(status);
}

// In the place of runtime.exit: the status is above the return address. The stack may be a goroutine's, of which little is left. 34 is
// pause.
__attribute__((naked)) static void exit_entry(void) {
    __asm__("movl 8(%%rsp), %%edi\n"
            "movl $1, %%eax\n"
            "lock xchgl %%eax, %0\n"
            "testl %%eax, %%eax\n"
            "je 2f\n"
            "1: movl $34, %%eax\n"
            "syscall\n"
            "jmp 1b\n"
            "2: leaq 65536+%1, %%rsp\n"
            "xorl %%ebp, %%ebp\n"
            "call %P2\n"
            "ud2\n"
            :
            : "m"(taken), "m"(stack), "i"(exit_on_stack));
}

// movabs $exit_entry, %rax; jmp *%rax
static bool write_jump(uintptr_t at) {
    uint8_t jump[CODE_BYTES] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};
    uintptr_t target = (uintptr_t)exit_entry;
    memcpy(jump + 2, &target, sizeof target);
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
    taken = 0;
}
