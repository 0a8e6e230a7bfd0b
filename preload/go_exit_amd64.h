// go_exit_amd64.h: the machine code of go_exit.c.
#ifndef CMEMPROF_PRELOAD_GO_EXIT_AMD64_H
#define CMEMPROF_PRELOAD_GO_EXIT_AMD64_H

#include <stdint.h>
#include <string.h>

enum { GO_EXIT_CODE_BYTES = 12 };

// mov 8(%rsp), %edi; mov $231, %eax; syscall; ret
#define GO_EXIT_CODE                                                                                                                       \
    { 0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3 }

// movabs $target, %rax; jmp *%rax
static inline void go_exit_jump(uint8_t jump[GO_EXIT_CODE_BYTES], uintptr_t target) {
    static const uint8_t code[GO_EXIT_CODE_BYTES] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};
    memcpy(jump, code, sizeof code);
    memcpy(jump + 2, &target, sizeof target);
}

// The function go_exit_entry, in the place of runtime.exit: the status is above the return address. The first that comes goes on to
// go_exit_on_stack, on go_exit_stack; the others wait. 34 is pause.
#define GO_EXIT_ENTRY                                                                                                                      \
    ".text\n"                                                                                                                              \
    "go_exit_entry:\n\t"                                                                                                                   \
    "movl 8(%rsp), %edi\n\t"                                                                                                               \
    "movl $1, %eax\n\t"                                                                                                                    \
    "lock xchgl %eax, go_exit_taken(%rip)\n\t"                                                                                             \
    "testl %eax, %eax\n\t"                                                                                                                 \
    "je 2f\n"                                                                                                                              \
    "1:\tmovl $34, %eax\n\t"                                                                                                               \
    "syscall\n\t"                                                                                                                          \
    "jmp 1b\n"                                                                                                                             \
    "2:\tleaq 65536+go_exit_stack(%rip), %rsp\n\t"                                                                                         \
    "xorl %ebp, %ebp\n\t"                                                                                                                  \
    "call go_exit_on_stack\n\t"                                                                                                            \
    "ud2\n"

#endif
