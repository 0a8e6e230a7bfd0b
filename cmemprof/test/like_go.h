// like_go.h: goroutines that call C, on stacks laid out as Go does: for tests of what C reads there.
#ifndef CMEMPROF_TEST_LIKE_GO_H
#define CMEMPROF_TEST_LIKE_GO_H

#include <string.h>

#include "../cmemprof.h"
#include "../profiler.h"
#include "../thread_pointer.h"

// Treats [start, end) as Go code, and [call, call_end) within it as asmcgocall.
static inline void take_for_go(void *start, void *end, void *call, void *call_end) {
    cmemprof_set_go_text((uintptr_t)start, (uintptr_t)end);
    cmemprof_set_go_call((uintptr_t)call, (uintptr_t)call_end);
}

// Like asmcgocall: the arguments are the context, the function called with it, the goroutine and the distance to save. Only its own frame
// says who its caller is; FP points to `elsewhere`, where the goroutine's stack was.
#ifdef __aarch64__
// Global: a relocation of the GOT is of a whole symbol.
__asm__(".globl like_asmcgocall, like_asmcgocall_return, like_asmcgocall_end, like_go, like_go_end, like_asmcgocall_fp\n\t"
        ".text\n\t.balign 4\n"
        "like_asmcgocall:\n\tsub sp, sp, #32\n\tstp x29, x30, [sp, #16]\n\tstp x2, x3, [sp]\n\tadrp x9, like_asmcgocall_fp\n\t"
        "ldr x29, [x9, :lo12:like_asmcgocall_fp]\n\tblr x1\n"
        "like_asmcgocall_return:\n\tldp x29, x30, [sp, #16]\n\tadd sp, sp, #32\n\tret\n"
        "like_asmcgocall_end:\n\tnop\n"
        "like_go:\n\tnop\n\tnop\n\tnop\n\tnop\n"
        "like_go_end:\n\t"
        ".data\n\t.balign 8\nlike_asmcgocall_fp:\n\t.quad 0\n\t.text\n");
#else
__asm__(".text\n"
        "like_asmcgocall:\n\tpush %rbp\n\tsub $16, %rsp\n\tmov %rdx, 8(%rsp)\n\tmov %rcx, (%rsp)\n\tmov like_asmcgocall_fp(%rip), %rbp\n\t"
        "call *%rsi\n\t"
        "like_asmcgocall_return:\n\tadd $16, %rsp\n\tpop %rbp\n\tret\n"
        "like_asmcgocall_end:\n\tnop\n"
        "like_go:\n\tnop\n\tnop\n\tnop\n\tnop\n"
        "like_go_end:\n\t"
        ".data\nlike_asmcgocall_fp:\n\t.quad 0\n\t.text\n");
#endif
void like_asmcgocall(void *context, void (*function)(void *), void *goroutine, uintptr_t distance);
void like_asmcgocall_return(void);
void like_asmcgocall_end(void);
void like_go(void);
void like_go_end(void);
extern uintptr_t *like_asmcgocall_fp;

enum { STACK_WORDS = 64, FRAME = 40 }; // asmcgocall's frame record is at this word

// A goroutine's stack: frame records of asmcgocall, of a function in like_go, and the outermost.
static inline void lay_out(uintptr_t *stack, uintptr_t offset) {
    memset(stack, 0, STACK_WORDS * sizeof *stack);
    stack[FRAME] = (uintptr_t)&stack[FRAME + 4];
    stack[FRAME + 1] = (uintptr_t)like_go + 1;
    stack[FRAME + 4] = (uintptr_t)&stack[FRAME + 8];
    stack[FRAME + 5] = (uintptr_t)like_go + 1 + offset;
    stack[FRAME + 8] = 0;
    stack[FRAME + 9] = (uintptr_t)like_go + 3;
}

static const uintptr_t distance_of_frame = (STACK_WORDS - FRAME) * sizeof(uintptr_t) - MACHINE_GO_RECORD_BELOW_SP;

static inline void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

// ---- A goroutine with labels ----

#define LIKE_GO_TEXT(text)                                                                                                                 \
    { text, sizeof text - 1 }
enum { LIKE_M_IN_G = 6, LIKE_CURG_IN_M = 23, LIKE_LABELS_IN_G = 44 };
static uintptr_t like_stack[STACK_WORDS], like_goroutine[64], like_g0[64], like_m[128];
static __thread uintptr_t *volatile like_g; // of this thread; NULL: C has made it

static inline void like_go_lay_out(void) {
    lay_out(like_stack, 1);
    like_asmcgocall_fp = &like_stack[FRAME];
    like_goroutine[0] = (uintptr_t)like_stack;
    like_goroutine[1] = (uintptr_t)(like_stack + STACK_WORDS);
    like_goroutine[LIKE_M_IN_G] = like_g0[LIKE_M_IN_G] = (uintptr_t)like_m;
    like_m[LIKE_CURG_IN_M] = (uintptr_t)like_goroutine;
    like_g = like_g0;
}

// Where the labels are is known, as after the search. profiler must be open.
static inline bool like_go_begin(void) {
    like_go_lay_out();
    take_for_go(like_asmcgocall, like_go_end, like_asmcgocall, like_asmcgocall_end);
    profiler.go_labels = (struct go_labels){.are_found = true,
                                            .m_in_g = LIKE_M_IN_G * 8,
                                            .curg_in_m = LIKE_CURG_IN_M * 8,
                                            .labels_in_g = LIKE_LABELS_IN_G * 8,
                                            .g_from_thread = (intptr_t)((uintptr_t)&like_g - thread_pointer_get())};
    bool is_open = label_sets_open(&profiler.labels, &profiler.stacks.share);
    atomic_store(&profiler.go_labels.are_known, is_open);
    return is_open;
}

// C called by the goroutine, with these labels; NULL: none.
static inline void like_go_call(const struct go_label_slice *labels, void (*function)(void *context), void *context) {
    like_goroutine[LIKE_LABELS_IN_G] = (uintptr_t)labels;
    like_asmcgocall(context, function, like_goroutine, distance_of_frame);
}

#endif
