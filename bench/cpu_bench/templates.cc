// templates.cc: a C++ program's way of being deep: nested templates, function objects, algorithms with comparators, visitors, exceptions.
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

extern "C" {
#include "templates.h"
}

namespace {

template <int N> struct expression {
    template <typename F> static long eval(const F &f, long x) {
        auto next = [&f](long y) { return f(y) ^ N; };
        return expression<N - 1>::eval(std::function<long(long)>(next), x + N);
    }
};
template <> struct expression<0> {
    template <typename F> static long eval(const F &f, long x) {
        std::vector<std::string> words;
        for (long i = 0; i < 200; i++) {
            words.push_back(std::to_string((x + i * 7919) * 2654435761));
        }
        std::sort(words.begin(), words.end(),
                  [](const std::string &a, const std::string &b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
        std::map<std::string, long> counts;
        for (const auto &word : words) {
            counts[word.substr(0, 3)] += f(static_cast<long>(word.size()));
        }
        long sum = 0;
        std::for_each(counts.begin(), counts.end(), [&](const auto &entry) { sum += entry.second; });
        return sum;
    }
};

using node = std::variant<long, std::string, std::vector<long>>;

long visit(const node &n) {
    return std::visit(
        [](const auto &value) -> long {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, long>) {
                return expression<40>::eval([](long y) { return y * 3; }, value);
            } else if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
                return static_cast<long>(std::hash<std::string>()(value));
            } else {
                long sum = 0;
                for (long one : value) {
                    try {
                        if (one % 3 == 0) {
                            throw std::runtime_error(std::to_string(one));
                        }
                        sum += visit(node(one));
                    } catch (const std::runtime_error &error) {
                        sum += static_cast<long>(std::string(error.what()).size());
                    }
                }
                return sum;
            }
        },
        n);
}

} // namespace

extern "C" long templates_work(long seed) {
    return visit(node(std::vector<long>{seed, seed + 1, seed + 2, seed + 3})) + visit(node(std::to_string(seed)));
}
