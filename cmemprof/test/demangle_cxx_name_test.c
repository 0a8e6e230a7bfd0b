// demangle_cxx_name_test.c: nested, local and unnamed names, operators, substitutions; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_Z1fv",
     "f()"},
    {"_ZN6engine5Cache3putERKSsi",
     "engine::Cache::put(std::string const&, int)"},
    {"_ZN1AC1Ev",
     "A::A()"},
    {"_ZN1AD0Ev",
     "A::~A()"},
    {"_ZNKSt6vectorIiSaIiEE4sizeEv",
     "std::vector<int, std::allocator<int> >::size() const"},
    {"_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
     "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&, char const*)"},
    {"_ZNSsC1EPKcRKSaIcE",
     "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string(char const*, std::allocator<char> const&)"},
    {"_ZN12_GLOBAL__N_16hiddenEv",
     "(anonymous namespace)::hidden()"},
    {"_ZL4filei",
     "file(int)"},
    {"_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm",
     "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_create(unsigned long&, unsigned long)"},
    {"_ZN1AcvbEv",
     "A::operator bool()"},
    {"_ZN1AcvT_IiEEv",
     "A::operator int<int>()"},
    {"_ZN1AplERKS_",
     "A::operator+(A const&)"},
    {"_ZN1AixEi",
     "A::operator[](int)"},
    {"_ZN1AclEv",
     "A::operator()()"},
    {"_ZnwmSt11align_val_t",
     "operator new(unsigned long, std::align_val_t)"},
    {"_ZdlPvm",
     "operator delete(void*, unsigned long)"},
    {"_ZnamRKSt9nothrow_t",
     "operator new[](unsigned long, std::nothrow_t const&)"},
    {"_Zli2_xy",
     "operator\"\" _x(unsigned long long)"},
    {"_ZNO1A1fEv",
     "A::f() &&"},
    {"_ZNKR1A1fEv",
     "A::f() const &"},
    {"_ZZ4mainENKUlvE_clEv",
     "main::{lambda()#1}::operator()() const"},
    {"_ZZ4mainE1x",
     "main::x"},
    {"_ZZ4mainE1x_0",
     "main::x"},
    {"_ZZN1A1fEvENUliE0_clEi",
     "A::f()::{lambda(int)#2}::operator()(int)"},
    {"_ZZ1fvEs",
     "f()::string literal"},
    {"_ZNSaIcEC2Ev",
     "std::allocator<char>::allocator()"},
    {"_ZNSiD0Ev",
     "std::basic_istream<char, std::char_traits<char> >::~basic_istream()"},
    {"_ZNSdC1Ev",
     "std::basic_iostream<char, std::char_traits<char> >::basic_iostream()"},
    {"_ZNSbIwSt11char_traitsIwESaIwEEC1Ev",
     "std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >::basic_string()"},
    {"_ZN1AIiE1BIcEC2IlEET_",
     "A<int>::B<char>::B<long>(long)"},
    {"_ZNSt8functionIFvvEEC1ERKS1_",
     "std::function<void ()>::function(std::function<void ()> const&)"},
    {"_ZDC1a1bE",
     "[a, b]"},
    {"_ZNSt15__exception_ptr13exception_ptrC4EMS0_FvvE",
     "std::__exception_ptr::exception_ptr::exception_ptr(void (std::__exception_ptr::exception_ptr::*)())"},
    {"_ZZZ4uservEN3$_4clEiENKUllE_clEl",
     "user()::$_4::operator()(int)::{lambda(long)#1}::operator()(long) const"},
    {"_ZNE", NULL},
    {"_ZN1AC", NULL},
    {"_ZC1v", NULL},
    {"_ZS5_", NULL},
    {"_ZN1AE_", NULL},
};
// clang-format on

TEST(readable_names) {
    CHECK_DEMANGLED(names);
}

TEST(damaged_names) {
    CHECK_DAMAGED_NAMES(names);
}

int main(void) {
    return tests_run();
}
