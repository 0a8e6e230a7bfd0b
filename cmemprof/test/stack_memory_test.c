// stack_memory_test.c: reads what is mapped, refuses what is not, and knows the thread's own stack.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "../stack_memory.h"

static void reads_mapped_words_only(void **state) {
    (void)state;
    static struct stack_memory memory;
    struct thread_state nobody = {0};
    uintptr_t *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), word;
    assert_ptr_not_equal(pages, MAP_FAILED);
    pages[0] = 77;
    assert_int_equal(mprotect((char *)pages + 4096, 4096, PROT_NONE), 0);
    for (enum stack_kind kind = STACK_NATIVE; kind <= STACK_GO; kind++) {
        errno = 1234;
        assert_true(stack_memory_read(&memory, &nobody, kind, (uintptr_t)pages, &word));
        assert_int_equal(word, 77);
        assert_false(stack_memory_read(&memory, &nobody, kind, (uintptr_t)pages + 1, &word));    // not aligned
        assert_false(stack_memory_read(&memory, &nobody, kind, (uintptr_t)pages + 4096, &word)); // no access
        assert_false(stack_memory_read(&memory, &nobody, kind, 0, &word));
        assert_false(stack_memory_read(&memory, &nobody, kind, 0x8000000000000000u, &word)); // not an address at all
        assert_false(stack_memory_read(&memory, &nobody, kind, UINTPTR_MAX - 7, &word));
        assert_int_equal(errno, 1234);
    }
    // Another thread's or a coroutine's stack may go away: it is asked about anew every time.
    munmap(pages, 3 * 4096);
    assert_false(stack_memory_read(&memory, &nobody, STACK_NATIVE, (uintptr_t)pages, &word));
}

static __attribute__((noinline)) void enter_60_kib_further_down(struct thread_state *thread) {
    volatile char *room = __builtin_alloca(60000);
    room[0] = 1;
    stack_memory_enter(thread, (uintptr_t)room);
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
    struct thread_state before = thread;
    stack_memory_enter(&thread, (uintptr_t)elsewhere + 2048); // as if on an alternate stack
    errors += thread.stack_low != before.stack_low && (uintptr_t)elsewhere + 4096 < before.stack_low - 4096;
    munmap(elsewhere, 4096);
    return errors;
}

static void *check_on_thread(void *context) {
    *(int *)context = check_own_stack();
    return NULL;
}

static void knows_the_stack_of_main_and_of_threads(void **state) {
    (void)state;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_mapped_words_only),
        cmocka_unit_test(knows_the_stack_of_main_and_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
