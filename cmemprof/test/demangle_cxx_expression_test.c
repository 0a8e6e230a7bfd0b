// demangle_cxx_expression_test.c: literals and decltype expressions; expected output from c++filt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_Z1fIiEDTplfp_Li1EET_",
     "decltype ({parm#1}+(1)) f<int>(int)"},
    {"_Z1fIiEDTcl1gfp_EET_",
     "decltype (g({parm#1})) f<int>(int)"},
    {"_Z1fILi5EEvv",
     "void f<5>()"},
    {"_Z1fILin5EEvv",
     "void f<-5>()"},
    {"_Z1fILb1EEvv",
     "void f<true>()"},
    {"_Z1fILm7EEvv",
     "void f<7ul>()"},
    {"_Z1fILc65EEvv",
     "void f<(char)65>()"},
    {"_Z1fIL1E5EEvv",
     "void f<(E)5>()"},
    {"_Z1fIXadL_Z1gvEEEvv",
     "void f<&(g())>()"},
    {"_Z1fIJiicEEvDpT_",
     "void f<int, int, char>(int, int, char)"},
    {"_Z1fIiEvDTcvT_Li1EE",
     "void f<int>(decltype ((int)(1)))"},
    {"_Z1fIiEDTquLb1ELi1ELi2EET_",
     "decltype ((true)?(1) : (2)) f<int>(int)"},
    {"_Z1fIiEDTdtfp_1aET_",
     "decltype ({parm#1}.a) f<int>(int)"},
    {"_Z1fIiEDTptfp_1aET_",
     "decltype ({parm#1}->a) f<int>(int)"},
    {"_Z1fIiEDTixfp_Li1EET_",
     "decltype ({parm#1}[1]) f<int>(int)"},
    {"_Z1fIiEDTngfp_ET_",
     "decltype (-{parm#1}) f<int>(int)"},
    {"_Z1fIiEDTppfp_ET_",
     "decltype ({parm#1}++) f<int>(int)"},
    {"_Z1fIiEDTpp_fp_ET_",
     "decltype (++{parm#1}) f<int>(int)"},
    {"_Z1fIiEDTscifp_ET_",
     "decltype (static_cast<int>({parm#1})) f<int>(int)"},
    {"_Z1fIiEDTstT_EPS0_",
     "decltype (sizeof (int)) f<int>(int*)"},
    {"_Z1fIiEN1AIXgtstT_Li2EEE1BES1_",
     "A<((sizeof (int))>(2))>::B f<int>(int)"},
    {"_Z1fIJEEvv",
     "void f<>()"},
    {"_Z1fILDn0EEvv",
     "void f<(decltype(nullptr))0>()"},
    {"_Z1fIiEDTtlT_Li1EEEv",
     "decltype (int{1}) f<int>()"},
    {"_Z1fIXEEvv", NULL},
    {"_Z1fILi1Evv", NULL},
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
