// cases.h: C functions that allocate through all kinds of stacks. Each allocates once and keeps its block.
//
// Functions marked with SHOWN are in a table of names and addresses that the program prints, so that a test can name them in a stripped
// program. All code in their section belongs to one of them.
#ifndef CASES_H
#define CASES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOWN __attribute__((noinline, section("stacks_text")))

struct shown_row {
    const char *name;
    void *address;
};
#define SHOW(function)                                                                                                                     \
    __attribute__((section("stacks_table"), used)) struct shown_row shown_row_##function = {#function, (void *)(function)};

size_t shown_count(void);
const struct shown_row *shown_at(size_t index);
uintptr_t shown_text_start(void);
uintptr_t shown_text_end(void);

// Prevents the compiler from removing a block, and from turning the previous call into a jump, which has no frame.
#define OBSERVE(value) __asm__ volatile("" : "+r"(value) : : "memory")

// calls.c
size_t static_chain(void);
void inlined_callee(void);
void through_linked(void);
void through_opened(const char *path);
void through_closed(const char *path); // which it unloads again
void sorted(void);
void with_getline(void);
void with_strdup(void);
void with_asprintf(void);
void goroutine_leaf(void);
void deep_leaf(void);
void too_deep_leaf(void);
void generic_leaf(void);
void inlined_go_leaf(void);
void method_leaf(void);
void both_leaf(void);

// frames.c
void realigned_locals(void);
void realigned_arguments(void);
void variable_frame(void);
void fp_is_a_number(void);
void big_frame(void);

// threads.c
void nested_outer(void);
void nested_middle(void);
void nested_leaf(void);
void thread_in_c(void);
void thread_into_go(void);
void thread_leaf(void);
void on_gos_signal_stack(void);
void on_own_signal_stack(void);
void on_coroutine(void);

// objects.cc
void with_new(void);
void with_vector(void);

#ifdef __cplusplus
}
#endif

#endif
