#include <map>
#include <string>
#include <vector>
#include <functional>
#include <algorithm>
#include <memory>
#include <iostream>
namespace engine {
static inline int make_record(std::vector<int>& v, int n) { v.push_back(n); return (int)v.size(); }
struct Cache { std::map<std::string, std::vector<int>> m; void put(const std::string& k, int v) { make_record(m[k], v); }
  struct Inner { int go(int n); }; };
int Cache::Inner::go(int n) { auto f = [n](int x) { std::string s(n, 'x'); return (int)s.size() + x; }; struct Local { static int run(int k) { return (int)std::string(k, 'y').size(); } }; return f(3) + Local::run(n); }
namespace { int hidden(int n) { std::vector<std::string> v; for (int i = 0; i < n; i++) v.emplace_back(std::to_string(i)); std::sort(v.begin(), v.end()); return (int)v.size(); } }
}
template <class T> T add(T a, T b) { std::function<T(T)> f = [=](T c) { return a + b + c; }; return f(a); }
int main(int argc, char **argv) { engine::Cache c; for (int i = 0; i < argc * 10; i++) c.put(argv[0], i); engine::Cache::Inner in; std::cout << in.go(argc) << engine::hidden(argc) << add<long>(argc, 3) << add<std::string>("a", argv[0]) << "\n"; try { throw std::runtime_error("x"); } catch (std::exception& e) { std::cout << e.what(); } auto p = std::make_shared<engine::Cache>(); p->put("a", 1); return 0; }
