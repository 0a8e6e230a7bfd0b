// steps_arm64.h: stops after each instruction, for unwind_walk_test.c, by a breakpoint in the place of the next one; and which of them are
// calls.
#ifndef CMEMPROF_TEST_STEPS_ARM64_H
#define CMEMPROF_TEST_STEPS_ARM64_H

enum { SHAPES_RIGHT = 9850 }; // longjmp, whose frame is described by X0, is 24 of 2,500 instructions

// brk #1 begins and brk #2 ends.
#define BEGIN_STEPS __asm__ volatile("brk #1" : : : "memory")
#define END_STEPS __asm__ volatile("brk #2" : : : "memory")

#define BREAK_BEGIN 0xd4200020u
#define BREAK_END 0xd4200040u
#define BREAK_STEP 0xd4200060u // brk #3
#define LONGJMP 0xd61f03c0u    // br x30

static struct {
    uint32_t *at, was; // the breakpoint
} breakpoint;

static void write_code(uint32_t *at, uint32_t code) {
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    mprotect((void *)((uintptr_t)at & ~(page_bytes - 1)), page_bytes, PROT_READ | PROT_WRITE | PROT_EXEC);
    *(volatile uint32_t *)at = code;
    __builtin___clear_cache((char *)at, (char *)(at + 1));
}

static int64_t signed_bits(uint32_t code, unsigned from, unsigned bits) {
    return (int64_t)((uint64_t)code << (64 - from - bits)) >> (64 - bits);
}

static uint64_t register_of(const mcontext_t *machine, unsigned number) {
    return number < 31 ? machine->regs[number] : 0;
}

static bool holds(uint32_t condition, uint64_t pstate) {
    bool n = pstate >> 31 & 1, z = pstate >> 30 & 1, c = pstate >> 29 & 1, v = pstate >> 28 & 1;
    const bool of[] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return of[condition >> 1] != ((condition & 1) != 0 && condition != 15);
}

static bool is_indirect(uint32_t code) { // br, blr, ret, and those that authenticate
    return (code & 0xfe000000) == 0xd6000000 && (code & 0x001f0000) == 0x001f0000 && (code >> 21 & 7) < 3;
}

static bool is_call(uint32_t code) {
    return (code & 0xfc000000) == 0x94000000 || (is_indirect(code) && (code >> 21 & 3) == 1);
}

// The address after the instruction at pc, with the registers before it.
static uintptr_t next_of(uint32_t code, uintptr_t pc, const mcontext_t *machine) {
    uint64_t tested = register_of(machine, code & 31);
    if ((code & 0x7c000000) == 0x14000000) { // b, bl
        return pc + (uintptr_t)(signed_bits(code, 0, 26) * 4);
    }
    if ((code & 0xff000010) == 0x54000000) { // b.cond
        return holds(code & 15, machine->pstate) ? pc + (uintptr_t)(signed_bits(code, 5, 19) * 4) : pc + 4;
    }
    if ((code & 0x7e000000) == 0x34000000) { // cbz, cbnz
        bool is_zero = (code >> 31 ? tested : (uint32_t)tested) == 0;
        return is_zero != ((code >> 24 & 1) != 0) ? pc + (uintptr_t)(signed_bits(code, 5, 19) * 4) : pc + 4;
    }
    if ((code & 0x7e000000) == 0x36000000) { // tbz, tbnz
        unsigned bit = (code >> 31) * 32 + (code >> 19 & 31);
        return (tested >> bit & 1) == (code >> 24 & 1) ? pc + (uintptr_t)(signed_bits(code, 5, 14) * 4) : pc + 4;
    }
    if (is_indirect(code)) {
        bool is_signed_return = (code & 0xfffffbff) == 0xd65f0bff; // retaa, retab
        return machine_return_address(register_of(machine, is_signed_return ? 30 : code >> 5 & 31));
    }
    return pc + 4;
}

// Whether the SIGTRAP is that of a step. Takes the breakpoint away.
static bool is_step(void *context) {
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    uint32_t code = *(const uint32_t *)machine->pc;
    if (code == BREAK_END) {
        machine->pc += 4;
        return false;
    }
    if (code == BREAK_BEGIN) {
        machine->pc += 4;
    } else {
        write_code(breakpoint.at, breakpoint.was);
    }
    return true;
}

// Goes on to the next instruction, once the handler has returned. The last thing that the handler does: it may be in a function that it
// calls.
static void step_on(void *context) {
    const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;
    uint32_t code = *(const uint32_t *)machine->pc;
    if (code == BREAK_END) {
        return;
    }
    breakpoint.at = (uint32_t *)next_of(code, machine->pc, machine);
    breakpoint.was = *breakpoint.at;
    if (breakpoint.was != BREAK_END) {
        write_code(breakpoint.at, BREAK_STEP);
    }
}

static void follow_calls(uintptr_t pc, uintptr_t sp) {
    while (stepper.calls > 0 &&
           (stepper.slots[stepper.calls - 1] < sp ||
            (stepper.slots[stepper.calls - 1] == sp && (stepper.returns[stepper.calls - 1] == pc || stepper.was_longjmp)))) {
        stepper.calls--;
    }
    if (stepper.was_call) {
        stepper.overflow |= stepper.calls == MAX_CALLS;
        stepper.slots[stepper.calls % MAX_CALLS] = sp;
        stepper.returns[stepper.calls++ % MAX_CALLS] = stepper.pc_before + 4;
    }
    stepper.was_call = is_call(*(const uint32_t *)pc);
    stepper.was_longjmp = *(const uint32_t *)pc == LONGJMP;
    stepper.pc_before = pc;
    stepper.sp_before = sp;
}

#endif
