// unwind_walk_test.c: unwinding from registers at every instruction of functions of many shapes, and from a profiling signal.
//
// A SIGTRAP comes after each instruction (steps_amd64.h, steps_arm64.h). The handler maintains the expected stack by observing calls: a
// call instruction adds a return address, which is gone once the function has returned or the stack pointer is above it. So every stack is
// compared as a whole with the true one.

#include "../../base/test/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "../code_loader.h"
#include "../code_objects.h"
#include "../unwind.h"

static struct unwinder unwinder;
static __thread struct thread_state thread;

static void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

// ---- The stepper ----

enum { MAX_CALLS = 256 };

static struct {
    struct unwind_memo memo;
    uintptr_t slots[MAX_CALLS], returns[MAX_CALLS]; // position and value of each return address
    uint32_t calls;
    uintptr_t outer[UNWIND_MAX_FRAMES]; // stack of the function that steps
    uint32_t outer_count;
    uintptr_t pc_before, sp_before;
    bool was_call, was_longjmp, overflow;
    uint64_t steps, right, wrong, cut[UNWIND_END_COUNT];
    uintptr_t first_wrong;
} stepper;

#ifdef __aarch64__
#include "steps_arm64.h"
#else
#include "steps_amd64.h"
#endif

static bool is_right(uintptr_t pc) {
    const struct unwind_memo *memo = &stepper.memo;
    uint32_t calls = stepper.calls;
    if (memo->end != UNWIND_COMPLETE || memo->depth_frames != 1 + calls + stepper.outer_count || memo->pcs[0] != pc + 1) {
        return false;
    }
    for (uint32_t i = 0; i < calls; i++) {
        if (memo->pcs[1 + i] != stepper.returns[calls - 1 - i]) {
            return false;
        }
    }
    return memcmp(&memo->pcs[1 + calls], stepper.outer, stepper.outer_count * sizeof *stepper.outer) == 0;
}

static void on_step(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    if (!is_step(context)) {
        return;
    }
    const struct unwind_start start = machine_interrupted(context);
    follow_calls(start.pc, start.sp);
    unwind_stack(&unwinder, &thread, &start, &stepper.memo);
    stepper.steps++;
    if (is_right(start.pc)) {
        stepper.right++;
    } else if (stepper.memo.end != UNWIND_COMPLETE) {
        stepper.cut[stepper.memo.end]++;
    } else {
        stepper.first_wrong = stepper.wrong++ == 0 ? start.pc : stepper.first_wrong;
    }
    step_on(context);
}

static __attribute__((noinline)) void step_through(void (*function)(void)) {
    static struct unwind_memo memo;
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    unwind_stack_from_here(&unwinder, &thread, caller, &memo);
    stepper.outer_count = memo.depth_frames;
    memcpy(stepper.outer, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
    stepper.calls = 0;
    stepper.was_call = false;
    BEGIN_STEPS;
    function();
    END_STEPS;
}

// ---- Functions of many shapes ----

#define SHAPE __attribute__((noinline)) static

SHAPE int leaf(int number) {
    use(&number);
    return number * 3;
}
SHAPE __attribute__((optimize("O0"))) int unoptimized(int number) {
    int twice = leaf(number) + leaf(number + 1);
    return twice;
}
SHAPE __attribute__((optimize("O2", "omit-frame-pointer"))) int optimized(int number) {
    int sum = 0;
    for (int i = 0; i < number; i++) {
        sum += leaf(i) * leaf(sum);
    }
    return sum;
}
SHAPE __attribute__((optimize("O2", "omit-frame-pointer"))) int many_registers(int a, int b, int c, int d, int e, int f, int g, int h) {
    int i = leaf(a), j = leaf(b), k = leaf(c), l = leaf(d), m = leaf(e);
    return i * j + k * l + m * f + leaf(g) * leaf(h) + a * b * c * d * e;
}
SHAPE int with_alloca(int number) {
    volatile char *padding = __builtin_alloca((size_t)number * 16);
    padding[0] = 1;
    return leaf(number) + padding[0];
}
SHAPE int realigned(int number) {
    _Alignas(64) volatile char padding[128];
    volatile char *more = __builtin_alloca((size_t)number);
    padding[0] = more[0] = 1;
    return leaf(number) + padding[0] + more[0];
}
SHAPE __attribute__((optimize("O2", "omit-frame-pointer"))) int shrink_wrapped(int number) {
    if (__builtin_expect(number == 0, 1)) {
        return 1;
    }
    int a = leaf(number), b = leaf(a), c = leaf(b);
    return a + b * c + leaf(a + b + c);
}
SHAPE int variadic(int count, ...) {
    va_list list;
    va_start(list, count);
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += leaf(va_arg(list, int)) + (int)va_arg(list, double);
    }
    va_end(list);
    return sum;
}
static jmp_buf back;
SHAPE __attribute__((noreturn)) void never_returns(int number) {
    use(&number);
    longjmp(back, 1);
}
SHAPE int ends_in_a_call(int number) {
    if (number == 0) {
        return 0;
    }
    leaf(number);
    never_returns(number);
}
SHAPE int recursive(int number) {
    return number == 0 ? 0 : recursive(number - 1) + leaf(number);
}
SHAPE __attribute__((optimize("O2", "omit-frame-pointer"))) int tail_caller(int number) {
    int four = leaf(number);
    return shrink_wrapped(four);
}

static void run_shapes(void) {
    int sum = unoptimized(3) + optimized(5) + many_registers(1, 2, 3, 4, 5, 6, 7, 8) + with_alloca(7) + realigned(100) + shrink_wrapped(0) +
              shrink_wrapped(2) + variadic(3, 1, 1.0, 2, 2.0, 3, 3.0) + recursive(20) + tail_caller(3);
    if (setjmp(back) == 0) {
        sum += ends_in_a_call(sum | 1);
    }
    use(&sum);
}

static int compare(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

// libc functions, each called for the first time: through the PLT and, if bound lazily, the loader's resolver.
static void run_libc(void) {
    static char text[20000], copy[20000];
    int numbers[40];
    for (int i = 0; i < 40; i++) {
        numbers[i] = i * 7919 % 101;
    }
    memset(text, 'x', sizeof text - 1);
    for (size_t size = 1; size < sizeof text; size *= 3) {
        memcpy(copy, text, size);
        memmove(copy + 1, copy, size);
    }
    qsort(numbers, 40, sizeof *numbers, compare);
    snprintf(copy, sizeof copy, "%d %s %.17g %p %-20ld|%c", 42, "text", 3.14159265358979, (void *)copy, -7l, 'c');
    char *twin = strdup(copy);
    char *line = NULL;
    use(twin);
    if (asprintf(&line, "%s %zu %f", twin, strlen(text), strtod("2.71828", NULL)) > 0) {
        use(strstr(line, "text"));
        use(strchr(line, '|'));
    }
    int order = strcmp(line, twin) + memcmp(text, copy, 100);
    use(&order);
    use(getenv("PATH"));
    free(twin);
    free(line);
}

static void step_and_count(const char *name, void (*function)(void), uint64_t at_least) {
    memset(&stepper, 0, sizeof stepper);
    step_through(function);
    uint64_t share = stepper.right * 10000 / stepper.steps;
    print_message("%s: %lu instructions, %lu.%02lu %% right; cut: no rule %lu, unsupported %lu, unreadable %lu; wrong %lu, first at %#lx\n",
                  name, stepper.steps, share / 100, share % 100, stepper.cut[UNWIND_NO_RULE], stepper.cut[UNWIND_UNSUPPORTED],
                  stepper.cut[UNWIND_UNREADABLE], stepper.wrong, stepper.first_wrong);
    assert_false(stepper.overflow);
    assert_true(stepper.steps > 1000);
    assert_true(share >= at_least);
}

TEST(every_instruction) {
    enum { SIZE = 512 * 1024 };
    stack_t stack = {.ss_size = SIZE, .ss_sp = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)},
            none = {.ss_flags = SS_DISABLE};
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK}, before;
    sigaltstack(&stack, NULL);
    sigaction(SIGTRAP, &action, &before);
    step_and_count("compiled shapes", run_shapes, SHAPES_RIGHT);
    step_and_count("libc", run_libc, 9900);
    sigaction(SIGTRAP, &before, NULL);
    sigaltstack(&none, NULL);
    munmap(stack.ss_sp, SIZE);
}

// ---- A profiling signal ----

static struct {
    struct unwind_memo memo;
    uintptr_t outer; // a return address that every stack must contain
    _Atomic uint64_t signals;
    uint64_t right, cut;
} profiled;

static void on_profile(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    const struct unwind_start start = machine_interrupted(context);
    unwind_stack(&unwinder, &thread, &start, &profiled.memo);
    bool met = false;
    for (uint32_t i = 0; i < profiled.memo.depth_frames; i++) {
        met |= profiled.memo.pcs[i] == profiled.outer;
    }
    profiled.right += met && profiled.memo.end == UNWIND_COMPLETE;
    profiled.cut += profiled.memo.end != UNWIND_COMPLETE;
    profiled.signals++;
}

static __attribute__((noinline)) unsigned allocate_and_recurse(unsigned depth) {
    volatile char *padding = __builtin_alloca(depth % 7 * 16 + 16);
    padding[0] = (char)depth;
    char *block = malloc(depth * 100 % 5000 + 1);
    block[0] = (char)depth;
    unsigned sum = depth == 0 ? 0 : allocate_and_recurse(depth - 1);
    block = realloc(block, depth * 30 + 8);
    sum += (unsigned char)block[0] + (unsigned char)padding[0];
    free(block);
    return sum;
}

static __attribute__((noinline)) void recurse_under_profile(void) {
    profiled.outer = (uintptr_t)__builtin_return_address(0);
    unsigned sum = 0;
    for (int i = 0; i < 20000000 && profiled.signals < 500; i++) {
        sum += allocate_and_recurse(60);
    }
    use(&sum);
}

TEST(a_profiling_signal_at_1_khz) {
    struct sigaction action = {.sa_sigaction = on_profile, .sa_flags = SA_SIGINFO | SA_RESTART}, before;
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGPROF, &action, &before);
    setitimer(ITIMER_PROF, &every, NULL);
    recurse_under_profile();
    setitimer(ITIMER_PROF, &never, NULL);
    sigaction(SIGPROF, &before, NULL);
    print_message("%lu signals, %lu stacks right, %lu cut\n", profiled.signals, profiled.right, profiled.cut);
    assert_true(profiled.signals >= 500);
    assert_true(profiled.right * 100 >= profiled.signals * 99);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
