// go_call.c (control): what Go reports about its code, its heap and its calls into C at the profiler's start.
//
// Threads: any, not inside malloc. Memory: mmap, during the call.

#include "cmemprof.h"

#include <sys/mman.h>

#include "interposition.h"
#include "loaded_code.h"
#include "profiler.h"

uintptr_t cmemprof_go_call(void) {
    if (!interposition_is_active()) { // nothing will be sampled, and a sanitizer would object to the walk's reads
        return 0;
    }
    struct unwind_memo *memo = mmap(NULL, sizeof *memo, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memo == MAP_FAILED) {
        return 0;
    }
    profiler_enter(&thread_state);
    loaded_code_list_objects(&profiler); // the walk needs the table, if it is in use
    uintptr_t call = unwind_find_go_call(&profiler.unwinder, &thread_state, memo);
    profiler_leave(&thread_state);
    munmap(memo, sizeof *memo);
    return call;
}

void cmemprof_set_go_text(uintptr_t start, uintptr_t end) {
    unwind_set_go_text(&profiler.unwinder, start, end);
}

void cmemprof_set_go_heap(uintptr_t address) {
    stack_memory_set_go_heap(&profiler.unwinder.memory, address);
}

void cmemprof_set_go_call(uintptr_t start, uintptr_t end) {
    unwind_set_go_call(&profiler.unwinder, start, end);
}

void cmemprof_set_go_panic(uintptr_t start, uintptr_t end) {
    unwind_set_go_panic(&profiler.unwinder, start, end);
}
