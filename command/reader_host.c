// reader_host.c: what the reader of symbols in cmemprof/ needs of the process that it works in. There, large blocks are kept apart from the
// program's; here they are ours, and malloc's.
#include "../cmemprof/work_memory.h"

__thread struct thread_state thread_state;

void work_memory_begin(struct thread_state *thread) {
    (void)thread;
}

void work_memory_end(struct thread_state *thread) {
    (void)thread;
}

void work_memory_release(void) {}
