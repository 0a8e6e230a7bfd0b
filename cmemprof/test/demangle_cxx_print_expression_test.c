// demangle_cxx_print_expression_test.c: parentheses, folds, pack sizes; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_ZN1a2dpIXadL_ZNS_2gdEEEEEvv",
     "void a::dp<&a::gd>()"},
    {"_ZN1a2ffIXadL_ZNS_6targetEiEEEEvv",
     "void a::ff<&a::target>()"},
    {"_ZN1a2gtIiEENSt9enable_ifIXgtstT_Li2EEiE4typeES2_",
     "std::enable_if<((sizeof (int))>(2)), int>::type a::gt<int>(int)"},
    {"_ZN1a2mfIXadL_ZNS_1AILi1EcE1mEEEEEvv",
     "void a::mf<&a::A<1, char>::m>()"},
    {"_ZN1a2stIiEEDTsclfp_ET_",
     "decltype (static_cast<long>({parm#1})) a::st<int>(int)"},
    {"_ZN1a2szIiEESt5arrayIiXstT_EES2_",
     "std::array<int, sizeof (int)> a::sz<int>(int)"},
    {"_ZN1a3addIdEEDTplfp_Li1EET_",
     "decltype ({parm#1}+(1)) a::add<double>(double)"},
    {"_ZN1a3addIiEEDTplfp_Li1EET_",
     "decltype ({parm#1}+(1)) a::add<int>(int)"},
    {"_ZN1a3mulIidEEDTplmlfp_fp0_qultfp_fp0_Li1ELi2EET_T0_",
     "decltype (({parm#1}*{parm#2})+(({parm#1}<{parm#2})?(1) : (2))) a::mul<int, double>(int, double)"},
    {"_ZN1a3szpIJiiEEESt5arrayIiXsZT_EEDpT_",
     "std::array<int, 2> a::szp<int, int>(int, int)"},
    {"_ZN1a4callINS_3FooEEEDTcldtfp_3fooLi1EEET_",
     "decltype (({parm#1}.foo)(1)) a::call<a::Foo>(a::Foo)"},
    {"_ZSt12__get_helperILm0EPiJSt14default_deleteIiEEERKT0_RKSt11_Tuple_implIXT_EJS3_DpT1_EE",
     "int* const& std::__get_helper<0ul, int*, std::default_delete<int> >(std::_Tuple_impl<0ul, int*, std::default_delete<int> > const&)"},
    {"_ZSt12__get_helperILm0EPiJSt14default_deleteIiEEERT0_RSt11_Tuple_implIXT_EJS3_DpT1_EE",
     "int*& std::__get_helper<0ul, int*, std::default_delete<int> >(std::_Tuple_impl<0ul, int*, std::default_delete<int> >&)"},
    {"_ZSt3getILm0EJPiSt14default_deleteIiEEERKNSt13tuple_elementIXT_ESt5tupleIJDpT0_EEE4typeERKS7_",
     "std::tuple_element<0ul, std::tuple<int*, std::default_delete<int> > >::type const& std::get<0ul, int*, std::default_delete<int> >(std::tuple<int*, std::default_delete<int> > const&)"},
    {"_ZSt3getILm0EJPiSt14default_deleteIiEEERNSt13tuple_elementIXT_ESt5tupleIJDpT0_EEE4typeERS7_",
     "std::tuple_element<0ul, std::tuple<int*, std::default_delete<int> > >::type& std::get<0ul, int*, std::default_delete<int> >(std::tuple<int*, std::default_delete<int> >&)"},
    {"_ZSt3getILm1EJPiSt14default_deleteIiEEERNSt13tuple_elementIXT_ESt5tupleIJDpT0_EEE4typeERS7_",
     "std::tuple_element<1ul, std::tuple<int*, std::default_delete<int> > >::type& std::get<1ul, int*, std::default_delete<int> >(std::tuple<int*, std::default_delete<int> >&)"},
    {"_Z1fIiEDTplfp_Li1EET_",
     "decltype ({parm#1}+(1)) f<int>(int)"},
    {"_Z1fIiEDTcl1gfp_EET_",
     "decltype (g({parm#1})) f<int>(int)"},
    {"_Z1fILi5EEvv",
     "void f<5>()"},
    {"_Z1fILin5EEvv",
     "void f<-5>()"},
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
