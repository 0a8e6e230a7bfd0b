// allocate.c: a library that allocates for some seconds, for daemons.py.
#include <stdlib.h>
#include <time.h>

void allocate_for(int seconds) {
    for (time_t end = time(NULL) + seconds; time(NULL) < end;) {
        for (int i = 0; i < 1000; i++) {
            char *block = malloc(3000);
            *(volatile char *)block = 1;
            free(block);
        }
    }
}
