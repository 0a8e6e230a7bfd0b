// stack_memory_test.c: reads mapped memory, rejects unmapped memory, and knows the thread's own stack.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"
#include "../../base/test/forbidden_call.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../stack_memory.h"

TEST(knows_mapped_pages) {
    char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
    errno = 1234;
    assert_true(stack_memory_is_mapped((uintptr_t)pages));
    assert_false(stack_memory_is_mapped((uintptr_t)pages + 4096)); // no access
    assert_false(stack_memory_is_mapped(0));
    assert_false(stack_memory_is_mapped(0x8000000000000000u)); // not canonical
    assert_false(stack_memory_is_mapped(UINTPTR_MAX - 4095));
    assert_int_equal(errno, 1234);
    munmap(pages, 3 * 4096);
    assert_false(stack_memory_is_mapped((uintptr_t)pages));
}

static bool copies_only_what_is_readable(void) {
    char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), copy[16] = "";
    if (pages == MAP_FAILED || mprotect(pages + 8192, 4096, PROT_NONE) != 0) {
        return false;
    }
    memcpy(pages + 4090, "0123456789abcde", 16);
    errno = 1234;
    bool copies = stack_memory_copy(copy, (uintptr_t)pages + 4090, 16) && memcmp(copy, "0123456789abcde", 16) == 0 &&
                  stack_memory_copy(copy, (uintptr_t)pages + 8176, 16);
    bool refuses = !stack_memory_copy(copy, (uintptr_t)pages + 8177, 16) && !stack_memory_copy(copy, (uintptr_t)pages + 8192, 1) &&
                   !stack_memory_copy(copy, 0, 8) && !stack_memory_copy(copy, UINTPTR_MAX - 7, 8) &&
                   !stack_memory_copy(copy, UINTPTR_MAX - 7, 16) && !stack_memory_copy(copy, 0x8000000000000000u, 8);
    bool kept_errno = errno == 1234;
    munmap(pages, 3 * 4096);
    return copies && refuses && kept_errno;
}

TEST(copies_memory) {
    assert_true(copies_only_what_is_readable());
    SKIP_EMULATED(EMULATED_FILTERS);
    // Also where the system call is forbidden, as in some containers.
    pid_t child = fork();
    if (child == 0) {
        _exit(forbid_call(SYS_process_vm_readv, SECCOMP_RET_ERRNO | EPERM) && copies_only_what_is_readable() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// Only pages in Go's heap are cached for ever.
TEST(caches_only_gos_pages) {
    static struct stack_memory memory;
    char *elsewhere = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // An address that Go might choose: this machine's mappings are at both ends of the address space.
    char *heap = mmap((void *)0x18c000400000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(heap, (void *)0x18c000400000);
    assert_false(stack_memory_is_go(&memory, (uintptr_t)heap)); // not declared
    stack_memory_set_go_heap(&memory, (uintptr_t)heap + 100);
    assert_false(stack_memory_is_go(&memory, (uintptr_t)elsewhere));
    assert_false(stack_memory_is_go(&memory, (uintptr_t)heap + 4096));
    assert_true(stack_memory_is_go(&memory, (uintptr_t)heap));
    stack_memory_set_go_heap(&memory, 0x28c000400000); // it has one heap only
    assert_true(stack_memory_is_go(&memory, (uintptr_t)heap));
    munmap(elsewhere, 4096);
    munmap(heap, 4096);
    assert_true(stack_memory_is_go(&memory, (uintptr_t)heap)); // not probed again
}

static char of_the_program;

// Where the kernel, the program or malloc may map something else later, no page is cached.
TEST(no_go_heap_near_other_mappings) {
    char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uintptr_t near = (uintptr_t)100 << 30;
    const uintptr_t addresses[] = {(uintptr_t)mapped,
                                   (uintptr_t)mapped - near,
                                   (uintptr_t)mapped + near,
                                   (uintptr_t)&mapped,
                                   (uintptr_t)&of_the_program - near,
                                   (uintptr_t)&of_the_program + near,
                                   (uintptr_t)sbrk(0) + near,
                                   4096,
                                   (uintptr_t)20 << 30};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        static struct stack_memory memory;
        stack_memory_set_go_heap(&memory, addresses[i]);
        assert_int_equal(memory.go_start, 0);
        assert_false(stack_memory_is_go(&memory, stack_memory_page(addresses[i])));
    }
    munmap(mapped, 4096);
}

// A deep stack is recorded 1 MiB per sample.
static __attribute__((noinline)) int deep(struct thread_state *thread) {
    volatile char padding[5 << 20];
    uintptr_t here = (uintptr_t)&padding[0];
    for (size_t at = sizeof padding; at > 4096; at -= 4096) {
        padding[at - 1] = 1;
    }
    padding[0] = 1;
    int rounds = 0;
    while (rounds < 20 && !(thread->stack_low <= here && here < thread->stack_high)) {
        stack_memory_enter(thread, here);
        rounds++;
    }
    return rounds + (padding[0] == 7);
}

TEST(deep_stack_is_recorded_in_steps) {
    struct thread_state thread = {0};
    int rounds = deep(&thread);
    assert_in_range(rounds, 5, 7);
}

static __attribute__((noinline)) void enter_60_kib_further_down(struct thread_state *thread) {
    volatile char *padding = __builtin_alloca(60000);
    padding[0] = 1;
    stack_memory_enter(thread, (uintptr_t)padding);
}

static int check_own_stack(void) {
    struct thread_state thread = {0};
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), low;
    stack_memory_enter(&thread, here);
    int errors = !(thread.stack_low <= here && here < thread.stack_high);
    low = thread.stack_low;
    enter_60_kib_further_down(&thread);
    errors += !(thread.stack_low < low - 50000 && here < thread.stack_high);
    uintptr_t *elsewhere = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_memory_enter(&thread, (uintptr_t)elsewhere + 2048); // as if on an alternate stack
    errors += thread.stack_low <= (uintptr_t)elsewhere + 2048 && (uintptr_t)elsewhere < thread.stack_high;
    munmap(elsewhere, 4096);
    return errors;
}

static void *check_on_thread(void *context) {
    *(int *)context = check_own_stack();
    return NULL;
}

TEST(knows_the_stack_of_main_and_of_threads) {
    assert_int_equal(check_own_stack(), 0);
    pthread_t thread;
    pthread_attr_t small;
    int errors = -1;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    assert_int_equal(pthread_create(&thread, &small, check_on_thread, &errors), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&small);
    assert_int_equal(errors, 0);
}

int main(void) {
    return tests_run();
}
