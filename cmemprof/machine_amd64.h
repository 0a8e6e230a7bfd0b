// machine_amd64.h (unwind): see machine.h, which includes it.
#ifndef CMEMPROF_MACHINE_AMD64_H
#define CMEMPROF_MACHINE_AMD64_H

#include <stddef.h>
#include <ucontext.h>

// ---- Call-frame information ----

// DWARF register numbers (System V ABI for amd64, figure 3.36).
enum { MACHINE_AUX = 3, MACHINE_FP = 6, MACHINE_SP = 7, MACHINE_RETURN = 16 };

// The return address is a word of its own, below the CFA.
enum { MACHINE_RETURN_IN_AUX = false };

// One row of the table. CFA = base + cfa_offset, or the word at that address if cfa_indirect. Packed into 64 bits so that a cache entry can
// hold it in one word. Register offsets are in words of 8 bytes. cfa_offset is in the top bits, so that one shift extracts it.
struct cfi_row {
    uint64_t valid : 1;     // always 1: a row is never 0
    uint64_t plain : 1;     // nearly every row: base SP or FP, not indirect, registers unchanged or saved at the CFA, neither outermost nor
                            // signal frame
    uint64_t outermost : 1; // the return address is undefined: the stack ends here
    uint64_t signal_frame : 1; // __restore_rt: the caller's registers are in the ucontext at SP
    uint64_t base : 2, cfa_indirect : 1;
    uint64_t fp : 2, aux : 2;
    int64_t fp_offset : 13, aux_offset : 13;
    int64_t cfa_offset : 27;
};

// In bytes.
static inline uintptr_t cfi_row_cfa_offset(const struct cfi_row *row) {
    return (uintptr_t)row->cfa_offset;
}
static inline uintptr_t cfi_row_fp_offset(const struct cfi_row *row) {
    return (uintptr_t)((int64_t)row->fp_offset * 8);
}
static inline uintptr_t cfi_row_aux_offset(const struct cfi_row *row) {
    return (uintptr_t)((int64_t)row->aux_offset * 8);
}

// Returns false if an offset does not fit the row.
static inline bool cfi_row_set_offsets(struct cfi_row *row, int64_t cfa, int64_t fp, int64_t aux) {
    row->cfa_offset = cfa;
    row->fp_offset = fp / 8;
    row->aux_offset = aux / 8;
    return row->cfa_offset == cfa && (int64_t)row->fp_offset * 8 == fp && (int64_t)row->aux_offset * 8 == aux;
}

// Where the return address is, of a row that says so.
static inline uintptr_t machine_return_at(const struct cfi_row *row, uintptr_t cfa) {
    (void)row;
    return cfa - 8;
}

// The address in a word that is saved as one.
static inline uintptr_t machine_return_address(uintptr_t word) {
    return word;
}

// ---- Registers ----

// The frame of the function in which this is written, which must push the frame pointer first: the return address is above it.
typedef const uintptr_t *machine_frame;
#define MACHINE_FRAME ((machine_frame)__builtin_frame_address(0))

static inline struct unwind_start machine_caller(machine_frame frame) {
    return (struct unwind_start){.pc = frame[1], .sp = (uintptr_t)(frame + 2), .fp = frame[0]};
}

static inline __attribute__((always_inline)) struct unwind_start machine_here(void) {
    struct unwind_start here = {.exact = true, .aux_known = true};
    // To memory, so that no register can be an output and be overwritten before it is read.
    __asm__ volatile("lea 0(%%rip), %%rax\n\t"
                     "mov %%rax, %0\n\t"
                     "mov %%rsp, %1\n\t"
                     "mov %%rbp, %2\n\t"
                     "mov %%rbx, %3"
                     : "=m"(here.pc), "=m"(here.sp), "=m"(here.fp), "=m"(here.aux)
                     :
                     : "rax");
    return here;
}

// context is a signal handler's ucontext_t.
static inline struct unwind_start machine_interrupted(const void *context) {
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
    return (struct unwind_start){
        .pc = (uintptr_t)registers[REG_RIP],
        .sp = (uintptr_t)registers[REG_RSP],
        .fp = (uintptr_t)registers[REG_RBP],
        .aux = (uintptr_t)registers[REG_RBX],
        .aux_known = true,
        .exact = true,
    };
}

// Where the interrupted registers are, from SP at the return of a signal handler: the kernel's ucontext is there.
enum {
    MACHINE_SIGNAL_PC = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RIP * 8,
    MACHINE_SIGNAL_SP = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RSP * 8,
    MACHINE_SIGNAL_FP = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RBP * 8,
    MACHINE_SIGNAL_AUX = offsetof(ucontext_t, uc_mcontext.gregs) + REG_RBX * 8,
};

// ---- Go ----

// What asmcgocall, where Go calls C, saves on the system stack (runtime/asm_amd64.s). asmcgocall's own frame record is at the goroutine's
// stack pointer.
//
//     8(SP)  the calling goroutine; 0: the caller was already on a system stack, which does not move
//     0(SP)  the distance of its stack pointer below g.stack.hi; without a goroutine: that stack pointer itself
//
// RBP, which C preserves, is where that record was when C was called. If C has called back into Go since, the goroutine's stack may have
// grown or shrunk and thereby moved, and RBP points to freed memory or to another goroutine's stack.
enum { MACHINE_GO_CALL_DISTANCE = 0, MACHINE_GO_CALL_GOROUTINE = 8, MACHINE_GO_RECORD_BELOW_SP = 0, MACHINE_GO_CALL_KEEPS_FP = true };

// crosscall2, where C calls into Go, saves its caller's RBX five words below the frame pointer that it sets (runtime/cgo/abi_amd64.h,
// PUSH_REGS_HOST_TO_ABI0). It sets one although the assembler has already made one, since its frame size is no longer 0:
//
//     return address into C
//     C's RBP              <- assembler's frame pointer
//     that frame pointer   <- RBP
//     R15 R14 R13 R12 RBX
enum { MACHINE_CROSSCALL2_HAS_RECORD = true, MACHINE_CROSSCALL2_AUX = -40, MACHINE_CROSSCALL2_FP = 0 };

// ---- Threads ----

// glibc's struct pthread begins with its own address, which it holds at 16 as well, and the thread ID is at 720 (2.28 to 2.43,
// nptl/descr.h). It is the upper end of what libc puts above a stack, but for a part of a page: the program's thread-local data is below.
enum { MACHINE_THREAD_ID = 720, MACHINE_THREAD_LEAST_BYTES = 724, MACHINE_THREAD_TOP_BYTES = 4096 };

static inline bool machine_is_thread(const uint64_t *words, uint64_t address) {
    return words[0] == address && words[2] == address;
}

#endif
