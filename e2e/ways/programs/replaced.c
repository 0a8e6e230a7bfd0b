// replaced.c: allocates in the library ./library.so, and while it is loaded replaces its file by ./newer.so, if that exists.

#include <dlfcn.h>
#include <stdio.h>

int main(void) {
    void *library = dlopen("./library.so", RTLD_NOW);
    void *(*allocate)(void);
    if (!library) {
        return 1;
    }
    *(void **)&allocate = dlsym(library, "allocate");
    void *volatile block = allocate();
    rename("newer.so", "library.so");
    return !block;
}
