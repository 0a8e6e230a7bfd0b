// machine_arm64.h (unwind): see machine.h, which includes it.
#ifndef CMEMPROF_MACHINE_ARM64_H
#define CMEMPROF_MACHINE_ARM64_H

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

// ---- Call-frame information ----

// DWARF register numbers (DWARF for the Arm 64-bit Architecture, section 4.1).
enum { MACHINE_FP = 29, MACHINE_AUX = 30, MACHINE_RETURN = 30, MACHINE_SP = 31 };

// The rule of the return address is that of X30.
enum { MACHINE_RETURN_IN_AUX = true };

// One row of the table, as on amd64. Offsets are in words of 8 bytes, that of X29 from X30's place, next to which it is: compilers save
// both at the lower end of the frame, which may be as large as the stack.
struct cfi_row {
    uint64_t valid : 1; // always 1: a row is never 0
    uint64_t plain : 1; // nearly every row: base SP or FP, not indirect, FP unchanged or saved at the CFA, the return address saved at the
                        // CFA, neither outermost nor signal frame
    uint64_t outermost : 1; // the return address is undefined: the stack ends here
    uint64_t signal_frame : 1;
    uint64_t base : 2, cfa_indirect : 1;
    uint64_t fp : 2, aux : 2;
    int64_t fp_words : 9, aux_words : 20;
    int64_t cfa_words : 24;
};

// In bytes.
static inline uintptr_t cfi_row_cfa_offset(const struct cfi_row *row) {
    return (uintptr_t)((int64_t)row->cfa_words * 8);
}
static inline uintptr_t cfi_row_aux_offset(const struct cfi_row *row) {
    return (uintptr_t)((int64_t)row->aux_words * 8);
}
static inline uintptr_t cfi_row_fp_offset(const struct cfi_row *row) {
    return (uintptr_t)(((int64_t)row->aux_words + row->fp_words) * 8);
}

// Returns false if an offset does not fit the row.
static inline bool cfi_row_set_offsets(struct cfi_row *row, int64_t cfa, int64_t fp, int64_t aux) {
    row->cfa_words = cfa / 8;
    row->aux_words = aux / 8;
    row->fp_words = (fp - aux) / 8;
    return (int64_t)cfi_row_cfa_offset(row) == cfa && (int64_t)cfi_row_aux_offset(row) == aux && (int64_t)cfi_row_fp_offset(row) == fp;
}

// Where the return address is, of a row that says so.
static inline uintptr_t machine_return_at(const struct cfi_row *row, uintptr_t cfa) {
    return cfa + cfi_row_aux_offset(row);
}

// The address in a word that is saved as one: functions may sign it (-mbranch-protection). XPACLRI takes the signature away, in whichever
// bits this machine has it, and never looks at it; processors without signatures take it for a nop.
static inline uintptr_t machine_return_address(uintptr_t word) {
    register uintptr_t link __asm__("x30") = word;
    __asm__("hint #7" : "+r"(link));
    return link;
}

// ---- Registers ----

// The frame of the function in which this is written: its frame record, which is somewhere in the frame, and the frame's upper end. clang's
// __builtin_dwarf_cfa is wrong here, so that walks begin further in and find the function by call-frame information.
struct machine_frame {
    const uintptr_t *record;
    uintptr_t end;
};
typedef struct machine_frame machine_frame;
#ifdef __clang__
#define MACHINE_FRAME ((machine_frame){NULL, 0})
#else
#define MACHINE_FRAME ((machine_frame){(const uintptr_t *)__builtin_frame_address(0), (uintptr_t)__builtin_dwarf_cfa()})
#endif

static inline struct unwind_start machine_caller(machine_frame frame) {
    if (!frame.record) {
        return (struct unwind_start){.pc = 0};
    }
    return (struct unwind_start){.pc = machine_return_address(frame.record[1]), .sp = frame.end, .fp = frame.record[0]};
}

static inline __attribute__((always_inline)) struct unwind_start machine_here(void) {
    struct unwind_start here = {.exact = true, .aux_known = true};
    __asm__ volatile("adr x16, .\n\t"
                     "str x16, %0\n\t"
                     "mov x16, sp\n\t"
                     "str x16, %1\n\t"
                     "str x29, %2\n\t"
                     "str x30, %3"
                     : "=m"(here.pc), "=m"(here.sp), "=m"(here.fp), "=m"(here.aux)
                     :
                     : "x16");
    return here;
}

// context is a signal handler's ucontext_t.
static inline struct unwind_start machine_interrupted(const void *context) {
    const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;
    return (struct unwind_start){
        .pc = (uintptr_t)machine->pc,
        .sp = (uintptr_t)machine->sp,
        .fp = (uintptr_t)machine->regs[29],
        .aux = (uintptr_t)machine->regs[30],
        .aux_known = true,
        .exact = true,
    };
}

// Where the interrupted registers are, from SP at the return of a signal handler: the kernel's siginfo_t is there, and the ucontext after
// it.
enum {
    MACHINE_SIGNAL_PC = sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.pc),
    MACHINE_SIGNAL_SP = sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.sp),
    MACHINE_SIGNAL_FP = sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.regs) + 29 * 8,
    MACHINE_SIGNAL_AUX = sizeof(siginfo_t) + offsetof(ucontext_t, uc_mcontext.regs) + 30 * 8,
};

// ---- Go ----

// What asmcgocall, where Go calls C, saves on the system stack (runtime/asm_arm64.s).
//
//     8(SP)  the distance of the goroutine's stack pointer below g.stack.hi; without a goroutine: that stack pointer itself
//     0(SP)  the calling goroutine; 0: the caller was already on a system stack, which does not move
//
// A function's frame record in Go is at SP - 8: the caller's X29, and above it the function's return address. X29 of C does not lead to
// asmcgocall's: Go loads it from the system stack's own. Without a goroutine the word at 8(SP) is also that of the caller's X29 in the
// frame record of asmcgocall, whose frame is 16 bytes: what was there is the address of the caller's record, where this one ends.
enum { MACHINE_GO_CALL_DISTANCE = 8, MACHINE_GO_CALL_GOROUTINE = 0, MACHINE_GO_RECORD_BELOW_SP = 8, MACHINE_GO_CALL_KEEPS_FP = false };

// crosscall2, where C calls into Go, saves C's registers in 24 words, X29 and X30 last, and makes no frame record
// (runtime/cgo/asm_arm64.s). It calls cgocallback, whose frame is 48 bytes. The X29 in that one's record is below its stack pointer, so
// that it is lost as soon as Go calls C again (asmcgocall saves the distance there); crosscall2 has saved the same. From the end of that
// record to where it has:
enum { MACHINE_CROSSCALL2_HAS_RECORD = false, MACHINE_CROSSCALL2_AUX = 0, MACHINE_CROSSCALL2_FP = 48 - 8 + 22 * 8 };

// ---- Threads ----

// glibc's struct pthread has the thread ID at 208, and no address of its own. The first of the tables of thread-specific data is a part of
// it, at 272, and what points to that at 784, also once the thread has ended (2.36, nptl/descr.h). Above it is the program's thread-local
// data, of which there may be some pages.
enum { MACHINE_THREAD_ID = 208, MACHINE_THREAD_LEAST_BYTES = 792, MACHINE_THREAD_TOP_BYTES = 4 * 4096 };

static inline bool machine_is_thread(const uint64_t *words, uint64_t address) {
    return words[784 / 8] == address + 272;
}

#endif
