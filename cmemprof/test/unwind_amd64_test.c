// unwind_amd64_test.c: stacks with code of amd64 in them. All others: unwind_test.c.

#include "../../base/test/test.h"

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwinding.h"

// RBP of its caller is a number, so the walk cannot continue.
static __attribute__((noinline, optimize("omit-frame-pointer"))) void call_with_numbers_in_registers(jit_call *call,
                                                                                                     struct result *result) {
    register uintptr_t rbp __asm__("rbp") = 0xdeadbeefdeadbee8u;
    __asm__ volatile("" : "+r"(rbp));
    call(result, plain);
    __asm__ volatile("" : : "r"(rbp));
}

TEST(code_without_rules_cuts_the_stack) {
    static struct result result;
    static const uint8_t program[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48, 0x83, 0xc4, 0x08, 0xc3}; // sub $8,%rsp; call *%rsi; ...
    jit_call *call = jit(program, sizeof program);
    uint64_t before = unwinder.fallbacks;
    call_with_numbers_in_registers(call, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(result.ours[1], (uintptr_t)call + 6);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)call, 4096);
}

static __attribute__((noinline)) void call_jit(jit_call *call, struct result *result) {
    call(result, plain);
    use(result);
}

// With a frame pointer it is followed and counted every time. The frames: plain, the JIT's function, call_jit, this one ...
TEST(a_jit_with_frame_pointers_is_followed) {
    static struct result result, direct;
    static const uint8_t program[] = {0x55, 0x48, 0x89, 0xe5,
                                      0xff, 0xd6, 0x5d, 0xc3}; // push %rbp; mov %rsp,%rbp; call *%rsi; pop %rbp; ret
    jit_call *call = jit(program, sizeof program);
    plain(&direct);
    for (int i = 0; i < 3; i++) {
        uint64_t before = unwinder.fallbacks;
        call_jit(call, &result);
        assert_int_equal(unwinder.fallbacks, before + 1);
        assert_int_equal(result.end, UNWIND_COMPLETE);
        assert_int_equal(result.our_count, direct.our_count + 2);
        assert_int_equal(result.ours[1], (uintptr_t)call + 6);
        assert_memory_equal(&result.ours[4], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
    }
    // A fake frame record without a return address is rejected.
    static const uint8_t fake[] = {0x55, 0x48, 0x89, 0xe5, 0x6a, 0x77, 0x6a, 0x00, 0x48, 0x89,
                                   0xe5, 0xff, 0xd6, 0x48, 0x83, 0xc4, 0x10, 0x5d, 0xc3};
    memcpy((void *)call, fake, sizeof fake); // push $0x77; push $0; mov %rsp,%rbp; call *%rsi
    uint64_t before = unwinder.fallbacks;
    call_jit(call, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)call, 4096);
}

// V8's functions have frame records at any multiple of 8 bytes. One that is at no multiple of 16 must lead to another record.
TEST(a_record_between_is_followed_if_it_leads_to_another) {
    static struct result result, direct;
    static const uint8_t program[] = {
        0x55, 0x48, 0x89, 0xe5, 0x50,                   // push %rbp; mov %rsp,%rbp; push %rax
        0xe8, 0x06, 0x00, 0x00, 0x00,                   // call below
        0x48, 0x83, 0xc4, 0x08, 0x5d, 0xc3,             // add $8,%rsp; pop %rbp; ret
        0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x08, // push %rbp; mov %rsp,%rbp; sub $8,%rsp
        0xff, 0xd6, 0xc9, 0xc3,                         // call *%rsi; leave; ret
    };
    jit_call *call = jit(program, sizeof program);
    plain(&direct);
    uint64_t before = unwinder.fallbacks;
    call_jit(call, &result);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    assert_int_equal(unwinder.fallbacks, before + 2);
    assert_int_equal(result.our_count, direct.our_count + 3);
    assert_int_equal(result.ours[1], (uintptr_t)call + 26);
    assert_int_equal(result.ours[2], (uintptr_t)call + 10);
    memset((char *)(void *)call, 0x90, 5); // no record: a number is above
    memset((char *)(void *)call + 10, 0x90, 5);
    before = unwinder.fallbacks;
    call_with_numbers_in_registers(call, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)call, 4096);
}

// A signal at the first instruction of a function: other rules apply one byte before it (here: none with the same frame size).
__asm__(".text\n"
        "big_frame_before:\n\t.cfi_startproc\n\tsub $8000, %rsp\n\t.cfi_def_cfa_offset 8008\n\tud2\n\t.cfi_endproc\n"
        "traps_at_once:\n\t.cfi_startproc\n\tud2\n\tret\n\t.cfi_endproc\n");
void traps_at_once(void);

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    plain(current);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static __attribute__((noinline)) void trap(struct result *result) {
    traps_at_once();
    use(result);
}

TEST(a_signal_at_the_first_instruction) {
    static struct result result, direct;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
    current = &result;
    sigaction(SIGILL, &action, &before);
    trap(&result);
    sigaction(SIGILL, &before, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    // plain, on_trap's return address __restore_rt, traps_at_once, trap, this function, and so on.
    assert_int_equal(result.our_count, direct.our_count + 4);
    assert_int_equal(result.ours[3], (uintptr_t)traps_at_once + 1);
    assert_memory_equal(&result.ours[6], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

// A function whose CFA is based on RBX calls a replica of crosscall2, which saves and changes RBX, and calls back.
__asm__(".text\n"
        "cfa_by_rbx:\n\t.cfi_startproc\n\tpush %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbx, -16\n\tmov %rsp, %rbx\n\t"
        ".cfi_def_cfa_register rbx\n\tsub $4096, %rsp\n\tcall like_crosscall2\n\tmov %rbx, %rsp\n\t.cfi_def_cfa_register rsp\n\t"
        "pop %rbx\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n"
        "like_crosscall2:\n\t"
        "push %rbp\n\tmov %rsp, %rbp\n\tpush %rbp\n\tmov %rsp, %rbp\n\tpush %r15\n\tpush %r14\n\tpush %r13\n\tpush %r12\n\t"
        "push %rbx\n\tmov $0x1234567, %rbx\n\tcall *%rsi\n\t"
        "pop %rbx\n\tpop %r12\n\tpop %r13\n\tpop %r14\n\tpop %r15\n\tpop %rbp\n\tpop %rbp\n\tret\n"
        "like_crosscall2_end:\n");
void cfa_by_rbx(struct result *, void (*)(struct result *));
void like_crosscall2(void);
void like_crosscall2_end(void);

static __attribute__((noinline)) void through_crosscall2(struct result *result) {
    cfa_by_rbx(result, plain);
    use(result);
}

TEST(crosscall2_keeps_its_callers_rbx) {
    static struct result result, direct;
    take_for_go(like_crosscall2, like_crosscall2_end, use, use + 1);
    through_crosscall2(&result);
    take_for_go(NULL, NULL, NULL, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    assert_int_equal(result.our_count, direct.our_count + 3); // like_crosscall2, cfa_by_rbx, through_crosscall2
    assert_memory_equal(&result.ours[5], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

// A hook does not know the start's RBX; if a rule needs it the walk starts further in, where it is known.
__attribute__((noinline)) static void start_at_parent(void) {
    static struct unwind_memo memo;
    const struct unwind_start start = machine_caller(MACHINE_FRAME);
    unwind_stack(&unwinder, &thread, &start, &memo);
    current->our_count = memo.depth_frames;
    current->end = memo.end;
    memcpy(current->ours, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
    current->their_count = backtrace(current->theirs, UNWIND_MAX_FRAMES);
    current->skipped = 0;
    while ((int)current->skipped < current->their_count && (uintptr_t)current->theirs[current->skipped] != start.pc) {
        current->skipped++;
    }
}

__asm__(".text\n"
        "start_by_rbx:\n\t.cfi_startproc\n\tpush %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbx, -16\n\tmov %rsp, %rbx\n\t"
        ".cfi_def_cfa_register rbx\n\tsub $4096, %rsp\n\tcall *%rdi\n\tmov %rbx, %rsp\n\t.cfi_def_cfa_register rsp\n\t"
        "pop %rbx\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n");
void start_by_rbx(void (*)(void));

TEST(start_rule_needs_rbx) {
    static struct result result;
    current = &result;
    start_by_rbx(start_at_parent);
    assert_same(&result);
}

// Frame pointers that lead astray: the supposed Go code is C with a number in RBP.
TEST(cuts_broken_chains) {
    static struct result result;
    take_for_go(with_numbers_in_registers, (uint8_t *)with_numbers_in_registers + 80, use, use + 1);
    with_numbers_in_registers(&result);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)5);
    // asmcgocall's address unknown: RBP is not even read.
    take_for_go(with_numbers_in_registers, (uint8_t *)with_numbers_in_registers + 80, NULL, NULL);
    with_numbers_in_registers(&result);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)5);
    take_for_go(NULL, NULL, NULL, NULL);
}

// RBP is a small number: an address in a page that is never mapped.
__asm__(".text\n"
        "rbp_near_zero:\n\t.cfi_startproc\n\tpush %rbp\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbp, -16\n\tmov $0x8b0, %ebp\n\t"
        "call *%rsi\n\tpop %rbp\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n"
        "rbp_near_zero_end:\n");
void rbp_near_zero(struct result *, void (*)(struct result *));
void rbp_near_zero_end(void);

// A Go function with a normal frame record, called by C. Only crosscall2 is called by C, so this is something else.
__asm__(".text\n"
        "like_mstart:\n\tpush %rbp\n\tmov %rsp, %rbp\n\tcall *%rsi\n\tpop %rbp\n\tret\n"
        "like_mstart_end:\n");
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

TEST(the_first_page_is_not_read) {
    static struct result result;
    take_for_go(rbp_near_zero, rbp_near_zero_end, use, use + 1);
    rbp_near_zero(&result, plain);
    take_for_go(NULL, NULL, NULL, NULL);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)2);
}

// A return address that is none: the frame itself is there, and nothing above it.
__asm__(".text\n"
        "returns_nowhere:\n\t.cfi_startproc\n\tpush %rbp\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbp, -16\n\tsub $32, %rsp\n\t"
        "mov %rdx, 8(%rsp)\n\tmov %rsp, %rbp\n\t.cfi_def_cfa rbp, 16\n\tcall *%rsi\n\t.cfi_def_cfa rsp, 48\n\tadd $32, %rsp\n\t"
        ".cfi_def_cfa_offset 16\n\tpop %rbp\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n");
void returns_nowhere(struct result *, void (*)(struct result *), uintptr_t);

static __attribute__((noinline)) void without_libgcc(struct result *result) { // which reads the code there
    static struct unwind_memo memo;
    unwind_stack_from_here(&unwinder, &thread, (uintptr_t)__builtin_return_address(0), &memo);
    result->our_count = memo.depth_frames;
    result->end = memo.end;
    use(result);
}

TEST(a_return_address_that_is_none) {
    static struct result result;
    static const char data[64];
    const uintptr_t addresses[] = {UINTPTR_MAX, UINTPTR_MAX << 20, 1, 8, 5000, (uintptr_t)&data[32], (uintptr_t)&result + 64};
    for (size_t i = 0; i < 2 * sizeof addresses / sizeof *addresses; i++) { // the second time its rows are known
        returns_nowhere(&result, without_libgcc, addresses[i / 2]);
        assert_int_equal(result.end, UNWIND_NO_RULE);
        assert_int_equal(result.our_count, (uint32_t)1);
    }
}

// The address of __restore_rt plus one, so that the byte before is in it.
TEST(restorer_is_symbolizable) {
    static struct result result;
    uint64_t trampoline[4] = {0}; // the kernel's struct sigaction: handler, flags, restorer
    raise_on(&result, 0);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR2, &action, NULL);
    assert_int_equal(syscall(SYS_rt_sigaction, SIGUSR2, NULL, trampoline, 8), 0);
    uint32_t found = 0;
    for (uint32_t i = 0; i < result.our_count; i++) {
        found += result.ours[i] == trampoline[2] + 1;
    }
    assert_int_equal(found, 1);
}

// The same with code_objects.h in place of the loader's table.
TEST(with_code_objects) {
    code_objects_force();
    unwind_before_unload(&unwinder);
    unwind_after_unload(&unwinder); // clears the row cache
    test_a_signal_at_the_first_instruction(state);
    test_a_jit_with_frame_pointers_is_followed(state);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
