// unwind_arm64_test.c: stacks with code of arm64 in them: signed return addresses, functions without a frame, stubs, and what looks like
// Go's crosscall2. All others: unwind_test.c.

#include "../../base/test/test.h"

#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwinding.h"

// Top-level assembly. Global: a relocation of the GOT is of a whole symbol.
#define ASSEMBLY(names, ...) __asm__(".globl " names "\n\t.text\n\t.balign 4\n" __VA_ARGS__)

// ---- Signed return addresses ----

// With the A key, then the B key; the processor decides which bits are the signature. Where there is none, the two instructions are nops.
ASSEMBLY("signs_with_a, signs_with_b",
         "signs_with_a:\n\t.cfi_startproc\n\thint #25\n\t.cfi_negate_ra_state\n\tstp x29, x30, [sp, #-16]!\n\t.cfi_def_cfa_offset 16\n\t"
         ".cfi_offset 29, -16\n\t.cfi_offset 30, -8\n\tmov x29, sp\n\tblr x1\n\tldp x29, x30, [sp], #16\n\t.cfi_restore 29\n\t"
         ".cfi_restore 30\n\t.cfi_def_cfa_offset 0\n\thint #29\n\t.cfi_negate_ra_state\n\tret\n\t.cfi_endproc\n"
         "signs_with_b:\n\t.cfi_startproc\n\t.cfi_b_key_frame\n\thint #27\n\t.cfi_negate_ra_state\n\tstp x29, x30, [sp, #-16]!\n\t"
         ".cfi_def_cfa_offset 16\n\t.cfi_offset 29, -16\n\t.cfi_offset 30, -8\n\tmov x29, sp\n\tblr x1\n\tldp x29, x30, [sp], #16\n\t"
         ".cfi_restore 29\n\t.cfi_restore 30\n\t.cfi_def_cfa_offset 0\n\thint #31\n\t.cfi_negate_ra_state\n\tret\n\t.cfi_endproc\n");
void signs_with_a(struct result *, void (*)(struct result *));
void signs_with_b(struct result *, void (*)(struct result *));

static __attribute__((noinline)) void through_a(struct result *result) {
    signs_with_a(result, plain);
    use(result);
}

static __attribute__((noinline)) void through_b(struct result *result) {
    signs_with_b(result, through_a);
    use(result);
}

static uint64_t first_capture_word(void) {
    uint64_t word;
    register uint64_t link __asm__("x30") = (uint64_t)(uintptr_t)use;
    __asm__("mov x9, sp\n\thint #25\n\tmov %0, x30" : "=r"(word), "+r"(link) : : "x9");
    return word;
}

TEST(signed_return_addresses) {
    static struct result result;
    through_b(&result);
    assert_same(&result);
    print_message("return addresses are %s here\n", first_capture_word() != (uintptr_t)use ? "signed" : "not signed");
    assert_int_equal(machine_return_address(first_capture_word()), (uintptr_t)use);
}

// ---- A signal in a function without a frame, and in one that has moved the stack pointer already ----

ASSEMBLY("leaf_that_traps, leaf_with_a_frame_that_traps",
         "big_frame_before:\n\t.cfi_startproc\n\tsub sp, sp, #4080\n\t.cfi_def_cfa_offset 4080\n\tbrk #9\n\t.cfi_endproc\n"
         "leaf_that_traps:\n\t.cfi_startproc\n\tbrk #9\n\tret\n\t.cfi_endproc\n"
         "leaf_with_a_frame_that_traps:\n\t.cfi_startproc\n\tsub sp, sp, #64\n\t.cfi_def_cfa_offset 64\n\tbrk #9\n\tadd sp, sp, #64\n\t"
         ".cfi_def_cfa_offset 0\n\tret\n\t.cfi_endproc\n");
void leaf_that_traps(void);
void leaf_with_a_frame_that_traps(void);

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    plain(current);
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static __attribute__((noinline)) void call(void (*function)(void), struct result *result) {
    current = result;
    function();
    use(result);
}

static __attribute__((noinline)) void trap_in(void (*function)(void), uintptr_t at) {
    static struct result result, direct;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
    sigaction(SIGTRAP, &action, &before);
    call(function, &result);
    sigaction(SIGTRAP, &before, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    // plain, on_trap's return address, the function, call, this function, and so on.
    assert_int_equal(result.our_count, direct.our_count + 4);
    assert_int_equal(result.ours[3], at + 1);
    assert_memory_equal(&result.ours[6], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

TEST(a_signal_in_a_function_without_a_frame) {
    trap_in(leaf_that_traps, (uintptr_t)leaf_that_traps);
    trap_in(leaf_with_a_frame_that_traps, (uintptr_t)leaf_with_a_frame_that_traps + 4);
}

// ---- Code without rules ----

// RBP of its caller is a number, so the walk cannot continue.
static __attribute__((noinline, optimize("omit-frame-pointer"))) void call_with_fp_as_number(jit_call *function, struct result *result) {
    register uintptr_t fp __asm__("x29") = 0xdeadbeefdeadbee8u;
    __asm__ volatile("" : "+r"(fp));
    function(result, plain);
    __asm__ volatile("" : : "r"(fp));
}

static jit_call *jit_of(const uint32_t *program, size_t size) {
    jit_call *function = jit((const uint8_t *)program, size);
    __builtin___clear_cache((char *)function, (char *)function + size);
    return function;
}

TEST(code_without_rules_cuts_the_stack) {
    static struct result result;
    // str x30, [sp, #-16]!; blr x1; ldr x30, [sp], #16; ret
    static const uint32_t program[] = {0xf81f0ffe, 0xd63f0020, 0xf84107fe, 0xd65f03c0};
    jit_call *function = jit_of(program, sizeof program);
    uint64_t before = unwinder.fallbacks;
    call_with_fp_as_number(function, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(result.ours[1], (uintptr_t)function + 8);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)function, 4096);
}

static __attribute__((noinline)) void call_jit(jit_call *function, struct result *result) {
    function(result, plain);
    use(result);
}

// A frame record at the upper end of a frame, as JITs have it, is followed and counted every time; one at the lower end is not, since the
// stack pointer of its caller is not known.
TEST(a_jit_with_frame_records_is_followed) {
    static struct result result, direct;
    // stp x29, x30, [sp, #-16]!; mov x29, sp; sub sp, sp, #32; blr x1; mov sp, x29; ldp x29, x30, [sp], #16; ret
    static const uint32_t above[] = {0xa9bf7bfd, 0x910003fd, 0xd10083ff, 0xd63f0020, 0x910003bf, 0xa8c17bfd, 0xd65f03c0},
                          // stp x29, x30, [sp, #-48]!; mov x29, sp; blr x1; ldp x29, x30, [sp], #48; ret
        below[] = {0xa9bd7bfd, 0x910003fd, 0xd63f0020, 0xa8c37bfd, 0xd65f03c0};
    plain(&direct);
    jit_call *function = jit_of(above, sizeof above);
    for (int i = 0; i < 3; i++) {
        uint64_t before = unwinder.fallbacks;
        call_jit(function, &result);
        assert_int_equal(unwinder.fallbacks, before + 1);
        assert_int_equal(result.end, UNWIND_COMPLETE);
        assert_int_equal(result.our_count, direct.our_count + 2);
        assert_int_equal(result.ours[1], (uintptr_t)function + 16);
        assert_memory_equal(&result.ours[4], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
    }
    munmap((void *)function, 4096);
    function = jit_of(below, sizeof below);
    uint64_t before = unwinder.fallbacks;
    call_jit(function, &result);
    assert_int_equal(unwinder.fallbacks, before);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    munmap((void *)function, 4096);
}

// ---- Go ----

// Replicas of crosscall2 and of cgocallback's frame, as the runtime has them, that call back. By then asmcgocall has saved a distance over
// the X29 in the frame's record. And of asmcgocall on the system stack, below another function: it saves its stack pointer over the X29 in
// its own.
ASSEMBLY("like_crosscall2, like_crosscall2_end, like_cgocallback, like_needm, like_asmcgocall, like_asmcgocall_end",
         "like_crosscall2:\n\tsub sp, sp, #192\n\tstp x19, x20, [sp, #32]\n\tstp x21, x22, [sp, #48]\n\tstp x23, x24, [sp, #64]\n\t"
         "stp x25, x26, [sp, #80]\n\tstp x27, x28, [sp, #96]\n\tstp d8, d9, [sp, #112]\n\tstp d10, d11, [sp, #128]\n\t"
         "stp d12, d13, [sp, #144]\n\tstp d14, d15, [sp, #160]\n\tstp x29, x30, [sp, #176]\n\tbl like_cgocallback\n\t"
         "ldp x19, x20, [sp, #32]\n\tldp x21, x22, [sp, #48]\n\tldp x23, x24, [sp, #64]\n\tldp x25, x26, [sp, #80]\n\t"
         "ldp x27, x28, [sp, #96]\n\tldp d8, d9, [sp, #112]\n\tldp d10, d11, [sp, #128]\n\tldp d12, d13, [sp, #144]\n\t"
         "ldp d14, d15, [sp, #160]\n\tldp x29, x30, [sp, #176]\n\tadd sp, sp, #192\n\tret\n"
         "like_cgocallback:\n\tstr x30, [sp, #-48]!\n\tsub x29, sp, #8\n\tmov x16, #0x810\n\tstur x16, [sp, #-8]\n\tsub sp, sp, #16\n\t"
         "blr x1\n\tadd sp, sp, #16\n\tldur x29, [sp, #-8]\n\tldr x30, [sp], #48\n\tret\n"
         "like_needm:\n\tstr x30, [sp, #-32]!\n\tstur x29, [sp, #-8]\n\tsub x29, sp, #8\n\tbl like_asmcgocall\n\t"
         "ldur x29, [sp, #-8]\n\tldr x30, [sp], #32\n\tret\n"
         "like_asmcgocall:\n\tstr x30, [sp, #-16]!\n\tstur x29, [sp, #-8]\n\tsub x29, sp, #8\n\tmov x2, sp\n\tsub sp, sp, #16\n\t"
         "stp xzr, x2, [sp]\n\tbl on_system_stack\n\tldr x2, [sp, #8]\n\tmov sp, x2\n\tldur x29, [sp, #-8]\n\tldr x30, [sp], #16\n\tret\n"
         "like_asmcgocall_end:\n\tnop\n"
         "like_crosscall2_end:\n\tnop\n");
void like_crosscall2(struct result *, void (*)(struct result *));
void like_crosscall2_end(void);
void like_needm(struct result *);
void like_asmcgocall(void);
void like_asmcgocall_end(void);

static __attribute__((noinline)) void through_crosscall2(struct result *result) {
    like_crosscall2(result, plain);
    use(result);
}

TEST(crosscall2_leads_back_to_c) {
    static struct result result, direct;
    take_for_go(like_crosscall2, like_crosscall2_end, use, use + 1);
    through_crosscall2(&result);
    take_for_go(NULL, NULL, NULL, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    assert_int_equal(result.our_count, direct.our_count + 3); // like_cgocallback, like_crosscall2, through_crosscall2
    assert_memory_equal(&result.ours[5], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

void on_system_stack(struct result *result);
__attribute__((noinline)) void on_system_stack(struct result *result) {
    plain(result);
    use(result);
}

static __attribute__((noinline)) void through_needm(struct result *result) {
    like_crosscall2(result, like_needm);
    use(result);
}

TEST(a_call_on_the_system_stack_leads_back_to_c) {
    static struct result result, direct;
    take_for_go(like_crosscall2, like_crosscall2_end, like_asmcgocall, like_asmcgocall_end);
    through_needm(&result);
    take_for_go(NULL, NULL, NULL, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    // on_system_stack, like_asmcgocall, like_needm, like_cgocallback, like_crosscall2, through_needm
    assert_int_equal(result.our_count, direct.our_count + 6);
    assert_in_range(result.ours[3], (uintptr_t)like_needm, (uintptr_t)like_asmcgocall);
    assert_memory_equal(&result.ours[8], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

// A Go function with a normal frame record, called by C. Only crosscall2 is called by C, so this is something else.
ASSEMBLY(
    "like_mstart, like_mstart_end",
    "like_mstart:\n\tstr x30, [sp, #-32]!\n\tstur x29, [sp, #-8]\n\tsub x29, sp, #8\n\tsub sp, sp, #16\n\tblr x1\n\tadd sp, sp, #16\n\t"
    "ldur x29, [sp, #-8]\n\tldr x30, [sp], #32\n\tret\n"
    "like_mstart_end:\n\tnop\n");
void like_mstart(struct result *, void (*)(struct result *));
void like_mstart_end(void);

TEST(only_crosscall2_is_called_by_c) {
    static struct result result;
    take_for_go(like_mstart, like_mstart_end, use, use + 1);
    like_mstart(&result, plain);
    take_for_go(NULL, NULL, NULL, NULL);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)2);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
