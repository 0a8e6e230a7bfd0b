// replaced.cc: a program that replaces only plain new and delete: all other forms call these (C++17 [new.delete]).

#include <new>

#include <cstdlib>

#include "cmemprof.h"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // the forms are mixed on purpose: they are all the same two
#pragma GCC diagnostic ignored "-Wsized-deallocation"

static int taken, given_back;
static volatile bool fails;

void *operator new(std::size_t size) {
    if (fails) {
        throw std::bad_alloc();
    }
    taken++;
    return std::malloc(size);
}
void operator delete(void *block) noexcept {
    given_back++;
    std::free(block);
}

int main() {
    operator delete[](operator new[](10));
    operator delete[](operator new(10, std::nothrow), 10);
    operator delete(operator new[](10, std::nothrow), std::nothrow);
    operator delete[](operator new(10), std::nothrow);
    cmemprof_stop(); // has the library linked
    if (taken != 4 || given_back != 4) {
        return 1;
    }
    fails = true;
    return operator new(10, std::nothrow) == nullptr && operator new[](10, std::nothrow) == nullptr ? 0 : 2;
}
