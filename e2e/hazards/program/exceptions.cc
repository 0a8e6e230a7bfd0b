// exceptions.cc: C++ exceptions through frames that allocate, thrown by operator new itself, carried to other threads; every form of new
// and delete; thread_local objects whose destructors allocate and free.

#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hazard.h"

namespace {

enum { THREADS = 4, ROUNDS = 200 };

struct alignas(256) wide {
    char text[300];
};

struct of_thread {
    std::map<int, std::string> names;
    ~of_thread() {
        for (int i = 0; i < 50; i++) {
            names[i] += std::string(100, 'x');
        }
        names.clear();
        hazard_churn(5, 10);
    }
};
thread_local of_thread mine;

__attribute__((noinline)) void descend(int depth, std::vector<std::string> &trail) {
    std::string here(40 + static_cast<size_t>(depth), 'a');
    auto owned = std::make_unique<wide>();
    trail.push_back(here);
    if (depth == 0) {
        throw std::runtime_error(here + " at the bottom");
    }
    try {
        descend(depth - 1, trail);
    } catch (const std::runtime_error &error) {
        std::string again = std::string(error.what()) + "+";
        if (depth % 3 == 0) {
            throw std::runtime_error(again);
        }
        throw;
    }
}

void no_memory(size_t size) {
    bool thrown = false;
    try {
        delete[] static_cast<char *>(hazard_opaque(new char[size]));
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    CHECK(thrown, "new of %zu bytes", size);
    CHECK(new (std::nothrow) char[size] == nullptr, "nothrow new of %zu bytes", size);
}

void forms_of_new() {
    for (size_t size = 1; size < 100000; size *= 9) {
        char *plain = new char[size];
        plain[size - 1] = 1;
        delete[] plain;
        ::operator delete(hazard_opaque(::operator new(size)), size);
        void *aligned = ::operator new(size, std::align_val_t(512));
        CHECK(reinterpret_cast<uintptr_t>(aligned) % 512 == 0, "alignment");
        ::operator delete(aligned, size, std::align_val_t(512));
        ::operator delete(hazard_opaque(::operator new(size, std::nothrow)), std::nothrow);
    }
    auto *wides = new wide[3];
    CHECK(reinterpret_cast<uintptr_t>(wides) % 256 == 0, "alignment");
    delete[] wides;
}

void run(int number, std::exception_ptr *left) {
    for (unsigned i = 0; i < hazard_scaled(ROUNDS); i++) {
        std::vector<std::string> trail;
        mine.names[static_cast<int>(i) % 20] = std::string(i, 'n');
        try {
            descend(10, trail);
            CHECK(false, "nothing was thrown");
        } catch (const std::exception &error) {
            CHECK(trail.size() == 11 && std::string(error.what()).find("+") != std::string::npos, "%s", error.what());
        }
        if (i % 20 == 0) {
            forms_of_new();
            no_memory(static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()) - 100);
        }
    }
    try {
        throw std::out_of_range("from thread " + std::to_string(number));
    } catch (...) {
        *left = std::current_exception();
    }
}

} // namespace

int main() {
    hazard_start();
    std::exception_ptr left[THREADS];
    {
        std::vector<std::thread> threads;
        for (int i = 0; i < THREADS; i++) {
            threads.emplace_back(run, i, &left[i]);
        }
        for (auto &thread : threads) {
            thread.join();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        try {
            std::rethrow_exception(left[i]);
        } catch (const std::out_of_range &error) {
            CHECK(error.what() == "from thread " + std::to_string(i), "%s", error.what());
        }
        left[i] = nullptr;
    }
    return hazard_finish();
}
