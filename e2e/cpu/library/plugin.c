// plugin.c: a library that is loaded and unloaded.
#include <time.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

__attribute__((noinline)) static void plugin_spin(long long end) {
    volatile unsigned long x = 1;
    while (now() < end) {
        for (int i = 0; i < 10000; i++) {
            x = x * 31 + 7;
        }
    }
}

void plugin_work(int ms) {
    plugin_spin(now() + ms * 1000000ll);
    __asm__ volatile("");
}
