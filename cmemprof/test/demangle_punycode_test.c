// demangle_punycode_test.c: non-ASCII names; expected output from rustfilt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_RINvCs6GmmlP4bgsG_1ru7hhe_snaKb1_Kcdf_Kan5_EB2_",
     "r::höhe::<true, 'ß', -5>"},
    {"_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
     "utf8_idents::საჭმელად_გემრიელი_სადილი"},
    {"_RNvC1au3_zz9", NULL},
    {"_RNvC1au0_", NULL},
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
