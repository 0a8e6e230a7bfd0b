// demangle_cxx_print_test.c: nested declarators, packs, "> >"; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_ZN1a1AILi3EcEcvT_IPiEEv",
     "a::A<3, char>::operator int*<int*>()"},
    {"_ZN1a2cvEPKPVKiMNS_3FooEiMS4_KFiiEPFvOS4_zE",
     "a::cv(int const volatile* const*, int a::Foo::*, int (a::Foo::*)(int) const, void (*)(a::Foo&&, ...))"},
    {"_ZN1a2ftEPFiPFviEcE",
     "a::ft(int (*)(void (*)(int), char))"},
    {"_ZN1a2ttINS_1PEEEvT_IJiEE",
     "void a::tt<a::P>(a::P<int>)"},
    {"_ZN1a3arrEPA3_iRA6_Kc",
     "a::arr(int (*) [3], char const (&) [6])"},
    {"_ZN1a3szpIJiiEEESt5arrayIiXsZT_EEDpT_",
     "std::array<int, 2> a::szp<int, int>(int, int)"},
    {"_ZN1a4fsigIvJEEEvPFT_DpT0_E",
     "void a::fsig<void>(void (*)())"},
    {"_ZN1a4fsigIvJiEEEvPFT_DpT0_E",
     "void a::fsig<void, int>(void (*)(int))"},
    {"_ZN1a4packIJEEEvDpT_",
     "void a::pack<>()"},
    {"_ZN1a4packIJidPKcEEEvDpT_",
     "void a::pack<int, double, char const*>(int, double, char const*)"},
    {"_ZN1a5pack2IJicEEEvNS_1PIJDpPT_EEESt5tupleIJDpS2_EE",
     "void a::pack2<int, char>(a::P<int*, char*>, std::tuple<int, char>)"},
    {"_ZNKSt14default_deleteIiEclEPi",
     "std::default_delete<int>::operator()(int*) const"},
    {"_ZNSt10_Head_baseILm0EPiLb0EE7_M_headERKS1_",
     "std::_Head_base<0ul, int*, false>::_M_head(std::_Head_base<0ul, int*, false> const&)"},
    {"_ZNSt10_Head_baseILm0EPiLb0EE7_M_headERS1_",
     "std::_Head_base<0ul, int*, false>::_M_head(std::_Head_base<0ul, int*, false>&)"},
    {"_ZNSt10_Head_baseILm0EPiLb0EEC2Ev",
     "std::_Head_base<0ul, int*, false>::_Head_base()"},
    {"_ZNSt11_Tuple_implILm0EJPiSt14default_deleteIiEEE7_M_headERKS3_",
     "std::_Tuple_impl<0ul, int*, std::default_delete<int> >::_M_head(std::_Tuple_impl<0ul, int*, std::default_delete<int> > const&)"},
    {"_ZNSt11_Tuple_implILm0EJPiSt14default_deleteIiEEE7_M_headERS3_",
     "std::_Tuple_impl<0ul, int*, std::default_delete<int> >::_M_head(std::_Tuple_impl<0ul, int*, std::default_delete<int> >&)"},
    {"_ZNSt11_Tuple_implILm0EJPiSt14default_deleteIiEEEC2Ev",
     "std::_Tuple_impl<0ul, int*, std::default_delete<int> >::_Tuple_impl()"},
    {"_ZNSt11_Tuple_implILm0EJicEEC2Ev",
     "std::_Tuple_impl<0ul, int, char>::_Tuple_impl()"},
    {"_ZNSt11_Tuple_implILm1EJSt14default_deleteIiEEE7_M_headERS2_",
     "std::_Tuple_impl<1ul, std::default_delete<int> >::_M_head(std::_Tuple_impl<1ul, std::default_delete<int> >&)"},
    {"_ZNSt11_Tuple_implILm1EJSt14default_deleteIiEEEC2Ev",
     "std::_Tuple_impl<1ul, std::default_delete<int> >::_Tuple_impl()"},
    {"_ZNSt11_Tuple_implILm1EJcEEC2Ev",
     "std::_Tuple_impl<1ul, char>::_Tuple_impl()"},
    {"_ZNSt5tupleIJPiSt14default_deleteIiEEEC2ILb1ELb1EEEv",
     "std::tuple<int*, std::default_delete<int> >::tuple<true, true>()"},
    {"_ZNSt5tupleIJicEEC2ILb1ELb1EEEv",
     "std::tuple<int, char>::tuple<true, true>()"},
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
