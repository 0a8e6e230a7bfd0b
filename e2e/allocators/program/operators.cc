// operators.cc: every form of new and delete, each in a function of its own that frees part of its blocks; and failed allocations.

#include <cstdint>
#include <cstring>
#include <new>

#include "report.h"

enum { BLOCKS = 100, BLOCK_BYTES = 3000, KEPT = 40 };

using std::align_val_t;
using std::nothrow;

#define FORM(name, allocate, release) \
    __attribute__((noinline, noclone)) static void *site_##name() { \
        void *volatile block = allocate; \
        return block; \
    } \
    static void free_##name(void *block) { \
        release; \
    }

FORM(new, operator new(BLOCK_BYTES), operator delete(block))
FORM(new_array, operator new[](BLOCK_BYTES), operator delete[](block))
FORM(new_sized, operator new(BLOCK_BYTES), operator delete(block, BLOCK_BYTES))
FORM(new_array_sized, operator new[](BLOCK_BYTES), operator delete[](block, BLOCK_BYTES))
FORM(nothrow, operator new(BLOCK_BYTES, nothrow), operator delete(block, nothrow))
FORM(nothrow_array, operator new[](BLOCK_BYTES, nothrow), operator delete[](block, nothrow))
FORM(aligned, operator new(BLOCK_BYTES, align_val_t(64)), operator delete(block, align_val_t(64)))
FORM(aligned_array, operator new[](BLOCK_BYTES, align_val_t(8192)), operator delete[](block, align_val_t(8192)))
FORM(aligned_sized, operator new(BLOCK_BYTES, align_val_t(2)), operator delete(block, BLOCK_BYTES, align_val_t(2)))
FORM(aligned_array_sized, operator new[](BLOCK_BYTES, align_val_t(64)), operator delete[](block, BLOCK_BYTES, align_val_t(64)))
FORM(aligned_nothrow, operator new(BLOCK_BYTES, align_val_t(128), nothrow), operator delete(block, align_val_t(128), nothrow))
FORM(aligned_array_nothrow, operator new[](BLOCK_BYTES, align_val_t(64), nothrow), operator delete[](block, align_val_t(64), nothrow))

#define ROW(name, alignment) {site_##name, free_##name, alignment}
static const struct {
    void *(*allocate)();
    void (*release)(void *);
    uintptr_t alignment;
} forms[] = {
    ROW(new, 16),           ROW(new_array, 16),      ROW(new_sized, 16),    ROW(new_array_sized, 16),     ROW(nothrow, 16),          ROW(nothrow_array, 16),
    ROW(aligned, 64),       ROW(aligned_array, 8192), ROW(aligned_sized, 2), ROW(aligned_array_sized, 64), ROW(aligned_nothrow, 128), ROW(aligned_array_nothrow, 64),
};

static volatile std::size_t too_much = SIZE_MAX / 4;
static int handler_calls;
static void give_up_at_the_third_call() {
    if (++handler_calls == 3) {
        std::set_new_handler(nullptr);
    }
}
struct own_error {};
static void throw_own_error() {
    throw own_error();
}
static void throw_bad_alloc() {
    throw std::bad_alloc();
}

template <typename Error, typename Function> static bool throws(Function function) {
    try {
        void *volatile block = function();
        (void)block;
    } catch (const Error &) {
        return true;
    }
    return false;
}

static void check_out_of_memory() {
    auto plain = [] { return operator new(too_much); };
    auto array = [] { return operator new[](too_much); };
    auto aligned = [] { return operator new(too_much, align_val_t(64)); };
    CHECK(throws<std::bad_alloc>(plain) && throws<std::bad_alloc>(array) && throws<std::bad_alloc>(aligned));
    CHECK(operator new(too_much, nothrow) == nullptr && operator new[](too_much, align_val_t(64), nothrow) == nullptr);
    std::set_new_handler(give_up_at_the_third_call);
    CHECK(throws<std::bad_alloc>(plain) && handler_calls == 3);
    std::set_new_handler(throw_own_error);
    CHECK(throws<own_error>(array) && throws<own_error>(aligned));
    std::set_new_handler(throw_bad_alloc);
    CHECK(operator new(too_much, nothrow) == nullptr && operator new[](too_much, align_val_t(64), nothrow) == nullptr);
    std::set_new_handler(nullptr);
}

int main(int, char **argv) {
    CHECK(cmemprof_start(1) == CMEMPROF_OK);
    for (const auto &form : forms) {
        void *blocks[BLOCKS];
        for (void *&block : blocks) {
            block = form.allocate();
            CHECK(block != nullptr && (uintptr_t)block % form.alignment == 0);
            std::memset(block, 1, BLOCK_BYTES);
        }
        for (int i = KEPT; i < BLOCKS; i++) {
            form.release(blocks[i]);
        }
    }
    void *empty = operator new(0);
    CHECK(empty != nullptr);
    operator delete(empty);
    check_out_of_memory();
    report_allocator("after");
    report_profile(argv[1]);
    return 0;
}
