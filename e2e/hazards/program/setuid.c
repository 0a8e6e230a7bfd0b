// setuid.c: a set-user-ID program run by another user: the loader ignores LD_PRELOAD, and the program runs as without. Prints whether it
// ran with the profiler and with another user's rights.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void) {
    void *block = malloc(100);
    printf("%s, %s, %s\n", dlsym(RTLD_DEFAULT, "cmemprof_start") ? "profiler" : "no profiler",
           getauxval(AT_SECURE) != 0 ? "secure" : "not secure", getuid() != geteuid() ? "rights of another" : "own rights");
    free(block);
    return 0;
}
