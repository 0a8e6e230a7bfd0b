// cxx.cc: soak_cxx of work.h.

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "work.h"

namespace {

struct block {
    void *at;
    block(soak_count *count, size_t size) : at(soak_counted(count, SOAK_MALLOC, nullptr, size)) {}
    ~block() { free(at); }
    block(const block &) = delete;
    block &operator=(const block &) = delete;
};

// Every frame owns memory that unwinding must free.
__attribute__((noinline)) int dive(int depth, uint64_t seed, soak_count *count) {
    block own(count, 16 + (seed >> depth) % 2000);
    std::string text(static_cast<size_t>(20 + depth * 10), 'x');
    if (depth == 0) {
        throw std::runtime_error(text + std::to_string(seed));
    }
    return dive(depth - 1, seed, count) + static_cast<int>(text.size());
}

struct part {
    soak_count count{};
    int caught = 0;
    bool wrong = false;
};

void run(uint64_t seed, part *result) {
    std::map<uint64_t, std::unique_ptr<std::vector<uint64_t>>> map;
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t key = (seed + i * 7919) % 97;
        auto &values = map[key];
        if (values == nullptr) {
            values = std::make_unique<std::vector<uint64_t>>();
        }
        values->push_back(key * 3);
    }
    for (const auto &[key, values] : map) {
        for (uint64_t value : *values) {
            result->wrong = result->wrong || value != key * 3;
        }
    }
    for (int i = 0; i < 10; i++) {
        try {
            dive(1 + i, seed + static_cast<uint64_t>(i), &result->count);
        } catch (const std::runtime_error &error) {
            result->caught += std::string(error.what()).size() > 20 ? 1 : 0;
        }
    }
}

} // namespace

int soak_cxx(uint64_t seed, struct soak_count *count) {
    constexpr int threads = 3;
    part parts[threads];
    std::vector<std::thread> running;
    for (int i = 0; i < threads; i++) {
        running.emplace_back(run, seed + static_cast<uint64_t>(i), &parts[i]);
    }
    int caught = 0;
    bool wrong = false;
    for (int i = 0; i < threads; i++) {
        running[static_cast<size_t>(i)].join();
        const part &one = parts[i];
        caught += one.caught;
        wrong = wrong || one.wrong;
        count->bytes += one.count.bytes;
        count->objects += one.count.objects;
        count->bytes_variance += one.count.bytes_variance;
        count->objects_variance += one.count.objects_variance;
    }
    return wrong ? -1 : caught;
}
