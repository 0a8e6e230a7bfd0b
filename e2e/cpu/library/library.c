// library.c: libburn.so, which is stripped.
#include "../program/burn.h"

__attribute__((noinline)) static void hidden(long long end) {
    volatile unsigned long x = 1;
    do {
        for (int i = 0; i < 100000; i++) {
            x = x * 31 + 7;
        }
    } while (!burn_done(end));
}

__attribute__((noinline)) void burn_library(int ms) {
    hidden(burn_end(ms));
    __asm__ volatile("");
}
