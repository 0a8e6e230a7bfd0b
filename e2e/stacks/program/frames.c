// frames.c: frames of unusual layout, each with different call-frame information.

#include "cases.h"

#include <stdlib.h>

SHOWN static void frame_leaf(size_t size) {
    void *block = malloc(size);
    OBSERVE(block);
}
SHOW(frame_leaf)

#ifdef __x86_64__
#define WIDE __attribute__((target("avx2")))
#define FRAME_POINTER "rbp"
#else
#define WIDE
#define FRAME_POINTER "x29"
#endif

// On amd64 the stack pointer is rounded down, so the CFA is known only from RBP.
SHOWN WIDE void realigned_locals(void) {
    char local[256] __attribute__((aligned(64)));
    char *address = local;
    OBSERVE(address);
    frame_leaf(600);
    OBSERVE(address);
}
SHOW(realigned_locals)

// With arguments on the stack and a frame of variable size, the CFA is there a word saved next to RBP (DW_CFA_def_cfa_expression).
SHOWN WIDE static void realigned_with_arguments(long a, long b, long c, long d, long e, long f, long g, long h) {
    char local[256] __attribute__((aligned(64)));
    char *address = local, *dynamic = __builtin_alloca((size_t)(g + h));
    OBSERVE(address);
    OBSERVE(dynamic);
    frame_leaf((size_t)(a + b + c + d + e + f + g + h));
    OBSERVE(g);
    OBSERVE(h);
}
SHOW(realigned_with_arguments)

SHOWN void realigned_arguments(void) {
    long one = 1;
    OBSERVE(one);
    realigned_with_arguments(one, 2, 3, 4, 5, 6, 700, 800 + one);
    OBSERVE(one);
}
SHOW(realigned_arguments)

SHOWN static void variable_size(size_t size) {
    char dynamic[size];
    char *address = dynamic;
    OBSERVE(address);
    frame_leaf(size);
    OBSERVE(address);
}
SHOW(variable_size)

SHOWN void variable_frame(void) {
    size_t size = 901;
    OBSERVE(size);
    variable_size(size);
    OBSERVE(size);
}
SHOW(variable_frame)

// The frame pointer holds another value while malloc runs. Go's frame pointer is in the word where this function saved it.
SHOWN __attribute__((optimize("omit-frame-pointer"))) void fp_is_a_number(void) {
    register uintptr_t number __asm__(FRAME_POINTER) = 0x1235;
    OBSERVE(number);
    frame_leaf(902);
    OBSERVE(number);
    if (number != 0x1235) {
        abort();
    }
}
SHOW(fp_is_a_number)

SHOWN void big_frame(void) {
    char local[200 * 1024];
    char *address = local;
    OBSERVE(address);
    frame_leaf(903);
    OBSERVE(address);
}
SHOW(big_frame)
