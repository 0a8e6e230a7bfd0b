#include "burn.h"

#include <stdexcept>
#include <string>

namespace deep {

template <int N, typename T> struct nest {
    __attribute__((noinline)) static void run(long long end, T value) {
        nest<N - 1, nest<N, T> *>::run(end, nullptr);
        __asm__ volatile("" : : "r"(value));
    }
};
extern "C" void burn_spin(long long end_ns);
template <typename T> struct nest<0, T> {
    __attribute__((noinline)) static void run(long long end, T value) {
        burn_spin(end);
        __asm__ volatile("" : : "r"(value));
    }
};

__attribute__((noinline)) void throw_at(int depth) {
    std::string local(40, 'x'); // something to destroy at each frame
    __asm__ volatile("" : : "r"(local.data()));
    if (depth == 0) {
        throw std::runtime_error("burn");
    }
    throw_at(depth - 1);
    __asm__ volatile("");
}

} // namespace deep

extern "C" void burn_templates(int ms) {
    deep::nest<12, int>::run(burn_end(ms), 0);
    __asm__ volatile("");
}

extern "C" void burn_throwing(int ms) {
    for (long long end = burn_end(ms); !burn_done(end);) {
        try {
            deep::throw_at(20);
        } catch (const std::runtime_error &) {
        }
    }
}
