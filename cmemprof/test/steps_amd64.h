// steps_amd64.h: stops after each instruction, for unwind_walk_test.c, by the trap flag; and which of them are calls.
#ifndef CMEMPROF_TEST_STEPS_AMD64_H
#define CMEMPROF_TEST_STEPS_AMD64_H

enum { SHAPES_RIGHT = 9900 };

// Below the red zone.
#define BEGIN_STEPS __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" : : : "memory", "cc")
#define END_STEPS __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" : : : "memory", "cc")

// Whether the SIGTRAP is that of a step.
static bool is_step(void *context) {
    (void)context;
    return true;
}

// Goes on to the next instruction, once the handler has returned.
static void step_on(void *context) {
    (void)context;
}

static bool is_call(const uint8_t *code) {
    while (*code == 0x66 || *code == 0x67 || *code == 0xf2 || *code == 0xf3 || *code == 0x3e || (*code & 0xf0) == 0x40) {
        code++;
    }
    return *code == 0xe8 || (*code == 0xff && (code[1] >> 3 & 7) == 2);
}

static void follow_calls(uintptr_t pc, uintptr_t sp) {
    while (stepper.calls > 0 && stepper.slots[stepper.calls - 1] < sp) {
        stepper.calls--;
    }
    if (stepper.was_call && sp == stepper.sp_before - 8) {
        stepper.overflow |= stepper.calls == MAX_CALLS;
        stepper.slots[stepper.calls % MAX_CALLS] = sp;
        stepper.returns[stepper.calls++ % MAX_CALLS] = *(const uintptr_t *)sp;
    }
    stepper.was_call = is_call((const uint8_t *)pc);
    stepper.sp_before = sp;
}

#endif
