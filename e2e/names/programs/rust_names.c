// rust_names.c: functions with Rust's mangled names, each of which leaks a hundred blocks of 4321 bytes. Built without debug data.

#include <stdlib.h>

#define SITE(function, name)                                                                                                               \
    void *function(void) __asm__(name);                                                                                                    \
    __attribute__((noinline)) void *function(void) {                                                                                       \
        void *volatile block = malloc(4321);                                                                                               \
        return block;                                                                                                                      \
    }

SITE(old, "_ZN62_$LT$leak..Cache$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4site17h4d02501f8228a34eE")
SITE(copied, "_ZN4leak4copy17h4d02501f8228a34eE.llvm.1234567890")
SITE(v0, "_RINvNtCs6DXkGYLi8lr_4leak5cache4siteShEB4_")

int main(void) {
    for (int i = 0; i < 100; i++) {
        old();
        copied();
        v0();
    }
    return 0;
}
