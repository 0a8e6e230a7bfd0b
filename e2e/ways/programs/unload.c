// unload.c: opens libcmemprof.so late and closes it again: fork handlers and others are still called, so it must stay loaded.

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!library) {
        puts(dlerror());
        return 1;
    }
    int (*start)(uint64_t);
    const char *(*error_text)(int);
    *(void **)&start = dlsym(library, "cmemprof_start");
    *(void **)&error_text = dlsym(library, "cmemprof_error_text");
    puts(error_text(start(1)));
    dlclose(library);
    printf("%s\n", dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) ? "still there" : "gone");
    fflush(stdout);
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        free(malloc(100));
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status != 0;
}
