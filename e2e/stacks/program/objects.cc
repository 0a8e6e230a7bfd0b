// objects.cc: C++ new, directly and from a template of the standard library.

#include "cases.h"

#include <vector>

SHOWN static int *make_numbers(int count) {
    int *numbers = new int[static_cast<size_t>(count)];
    OBSERVE(numbers);
    return numbers;
}
SHOW(make_numbers)

SHOWN void with_new(void) {
    int *numbers = make_numbers(30);
    OBSERVE(numbers);
}
SHOW(with_new)

SHOWN void with_vector(void) {
    auto *numbers = new std::vector<long>();
    for (long number = 0; number < 100; number++) {
        numbers->push_back(number);
        OBSERVE(numbers);
    }
}
SHOW(with_vector)
