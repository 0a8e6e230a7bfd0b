// peak.c: holds 30 MB in two functions, asks for a profile by SIGUSR2, waits until the file FILE is there, then frees all.
// usage: peak FILE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 300, BLOCK_BYTES = 100000 };
static void *volatile kept[BLOCKS];

__attribute__((noinline)) static void build_table(void) {
    for (int i = 0; i < BLOCKS / 3 * 2; i++) {
        kept[i] = malloc(BLOCK_BYTES);
    }
}

__attribute__((noinline)) static void read_input(void) {
    for (int i = BLOCKS / 3 * 2; i < BLOCKS; i++) {
        kept[i] = malloc(BLOCK_BYTES);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    build_table();
    read_input();
    kill(getpid(), SIGUSR2);
    for (int i = 0; access(argv[1], F_OK) != 0 && i < 12000; i++) { // two minutes
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    for (int i = 0; i < BLOCKS; i++) {
        free(kept[i]);
    }
    return 0;
}
