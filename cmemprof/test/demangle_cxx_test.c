// demangle_cxx_test.c: functions with parameter and return types, special names, clones; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_Z1fIiET_S0_",
     "int f<int>(int)"},
    {"_ZN1A1fIcEEvT_",
     "void A::f<char>(char)"},
    {"_ZTV1A",
     "vtable for A"},
    {"_ZTT1A",
     "VTT for A"},
    {"_ZTI1A",
     "typeinfo for A"},
    {"_ZTSN1A1BE",
     "typeinfo name for A::B"},
    {"_ZThn16_N1A1fEv",
     "non-virtual thunk to A::f()"},
    {"_ZTv0_n24_N1A1fEv",
     "virtual thunk to A::f()"},
    {"_ZTch0_h8_N1A5cloneEv",
     "covariant return thunk to A::clone()"},
    {"_ZGVZ1fvE1x",
     "guard variable for f()::x"},
    {"_ZTHN1A1xE",
     "TLS init function for A::x"},
    {"_ZTWN1A1xE",
     "TLS wrapper function for A::x"},
    {"_ZGTt1fv",
     "transaction clone for f()"},
    {"_Z1fv.constprop.0",
     "f() [clone .constprop.0]"},
    {"_Z1fi.isra.0.cold",
     "f(int) [clone .isra.0] [clone .cold]"},
    {"_Z1fi.part.5",
     "f(int) [clone .part.5]"},
    {"_ZN1A1fEi.localalias",
     "A::f(int) [clone .localalias]"},
    {"_Z3maxIiERKT_S2_S2_",
     "int const& max<int>(int const&, int const&)"},
    {"_ZSt4moveIRiEONSt16remove_referenceIT_E4typeEOS2_",
     "std::remove_reference<int&>::type&& std::move<int&>(int&)"},
    {"_Z4packIJidPKcEEvDpT_",
     "void pack<int, double, char const*>(int, double, char const*)"},
    {"_ZNSt5tupleIJiiEEC1IJRiS2_ELb1EEEDpOT_",
     "std::tuple<int, int>::tuple<int&, int&, true>(int&, int&)"},
    {"_Z1fIiJcdEEvT_DpT0_",
     "void f<int, char, double>(int, char, double)"},
    {"_ZN1fIiE1gIcEEvT_S1_",
     "void f<int>::g<char>(char, f<int>::g)"},
    {"_Z", NULL},
    {"_Z1fIiET_", NULL},
    {"_ZN", NULL},
    {"_Zf", NULL},
    {"_Z99999999999999999999f", NULL},
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
