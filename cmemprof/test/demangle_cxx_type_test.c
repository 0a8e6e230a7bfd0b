// demangle_cxx_type_test.c: pointers, qualifiers, vendor types; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_Z1fPFvicE",
     "f(void (*)(int, char))"},
    {"_Z1fRA6_Kc",
     "f(char const (&) [6])"},
    {"_Z1fPA3_A4_i",
     "f(int (*) [3][4])"},
    {"_Z1fM1AFivE",
     "f(int (A::*)())"},
    {"_Z1fM1AKFvvE",
     "f(void (A::*)() const)"},
    {"_Z1fMN1A1BEi",
     "f(int A::B::*)"},
    {"_Z1fPKPVKi",
     "f(int const volatile* const*)"},
    {"_Z1fOSt6vectorIiSaIiEE",
     "f(std::vector<int, std::allocator<int> >&&)"},
    {"_Z1fDv4_f",
     "f(float __vector(4))"},
    {"_Z1fCd",
     "f(double _Complex)"},
    {"_Z1fDnDsDiDu",
     "f(decltype(nullptr), char16_t, char32_t, char8_t)"},
    {"_Z1fPDoFvvE",
     "f(void (*)() noexcept)"},
    {"_Z1fDF16_",
     "f(_Float16)"},
    {"_Z1fPFPFvvEiE",
     "f(void (*(*)(int))())"},
    {"_Z1fU8__strongP2Id",
     "f(Id* __strong)"},
    {"_ZN1A1fEOKS_",
     "A::f(A const&&)"},
    {"_Z1fPU3AS1i",
     "f(int AS1*)"},
    {"_Z1fno",
     "f(__int128, unsigned __int128)"},
    {"_Z1fz",
     "f(...)"},
    {"_Z1fP", NULL},
    {"_Z1fA", NULL},
    {"_Z1fM1A", NULL},
    {"_Z1fF", NULL},
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
