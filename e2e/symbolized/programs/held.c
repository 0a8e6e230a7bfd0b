// Two processes that hold C memory when they end.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept[64];

__attribute__((noinline)) void hold_blocks(int count) {
    for (int i = 0; i < count; i++) {
        kept[i] = malloc(1000);
    }
    __asm__ volatile("");
}

int main(void) {
    pid_t child = fork();
    hold_blocks(64);
    return child > 0 && waitpid(child, NULL, 0) != child;
}
