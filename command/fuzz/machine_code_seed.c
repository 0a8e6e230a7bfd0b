// machine_code_seed.c: compiled for each machine, a seed of machine_code_fuzz.c: functions that call others, also of other libraries, and a
// name of C++.
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) int name_of_cxx(const char *text) __asm__("_ZN4shop5priceERKSsSt4pairIilE");
int name_of_cxx(const char *text) {
    return (int)strlen(text) * 7 + atoi(text);
}

int work(const char *text, int count);
int work(const char *text, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += name_of_cxx(text + i);
    }
    char *copy = malloc((size_t)sum + 1);
    if (copy) {
        memset(copy, sum, (size_t)sum);
        sum += name_of_cxx(copy);
    }
    free(copy);
    return sum;
}
