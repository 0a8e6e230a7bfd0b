// go_exit_arm64.h: the machine code of go_exit.c.
#ifndef CMEMPROF_PRELOAD_GO_EXIT_ARM64_H
#define CMEMPROF_PRELOAD_GO_EXIT_ARM64_H

#include <stdint.h>
#include <string.h>

enum { GO_EXIT_CODE_BYTES = 16 };

// ldrsw x0, [sp, #8]; mov x8, #94; svc #0; ret
#define GO_EXIT_CODE                                                                                                                       \
    { 0xe0, 0x0b, 0x80, 0xb9, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6 }

// ldr x16, .+8; br x16; the target
static inline void go_exit_jump(uint8_t jump[GO_EXIT_CODE_BYTES], uintptr_t target) {
    static const uint8_t code[] = {0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1f, 0xd6};
    memcpy(jump, code, sizeof code);
    memcpy(jump + sizeof code, &target, sizeof target);
}

// The function go_exit_entry, in the place of runtime.exit: the status is above the return address' place. The first that comes goes on to
// go_exit_on_stack, on go_exit_stack; the others wait. 73 is ppoll, of nothing and without an end. hint #36 is bti j.
#define GO_EXIT_ENTRY                                                                                                                      \
    ".text\n"                                                                                                                              \
    ".balign 4\n"                                                                                                                          \
    "go_exit_entry:\n\t"                                                                                                                   \
    "hint #36\n\t"                                                                                                                         \
    "ldr w19, [sp, #8]\n\t"                                                                                                                \
    "adrp x9, go_exit_taken\n\t"                                                                                                           \
    "add x9, x9, :lo12:go_exit_taken\n\t"                                                                                                  \
    "mov w10, #1\n"                                                                                                                        \
    "1:\tldaxr w11, [x9]\n\t"                                                                                                              \
    "stlxr w12, w10, [x9]\n\t"                                                                                                             \
    "cbnz w12, 1b\n\t"                                                                                                                     \
    "cbz w11, 3f\n"                                                                                                                        \
    "2:\tmov x0, #0\n\t"                                                                                                                   \
    "mov x1, #0\n\t"                                                                                                                       \
    "mov x2, #0\n\t"                                                                                                                       \
    "mov x3, #0\n\t"                                                                                                                       \
    "mov x4, #0\n\t"                                                                                                                       \
    "mov x8, #73\n\t"                                                                                                                      \
    "svc #0\n\t"                                                                                                                           \
    "b 2b\n"                                                                                                                               \
    "3:\tadrp x9, go_exit_stack+65536\n\t"                                                                                                 \
    "add x9, x9, :lo12:go_exit_stack+65536\n\t"                                                                                            \
    "mov sp, x9\n\t"                                                                                                                       \
    "mov x29, #0\n\t"                                                                                                                      \
    "mov w0, w19\n\t"                                                                                                                      \
    "bl go_exit_on_stack\n\t"                                                                                                              \
    "brk #1\n"

#endif
