// dlopen.c: loads the library given as argument and calls its start_profiling(), which returns a text.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    char *(*start)(void);
    *(void **)&start = dlsym(library, "start_profiling");
    char *text = start();
    puts(text);
    free(text); // of the library's malloc, by this program's free
    for (int i = 0; i < 1000; i++) {
        void *volatile block = malloc(100000);
        free(block);
    }
    puts("ran on");
    return 0;
}
