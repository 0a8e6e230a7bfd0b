// demangle_test.c: the choice of scheme, and names that would take too long or too much memory.

#include "../../base/test/test.h"

#include "demangled.h"

static const struct demangled names[] = {
    {"_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)"},
    {"_ZN4leak4site17h4d02501f8228a34eE", "leak::site"},
    {"_ZN4leak4site17h4d02501f8228a34gE", "leak::site::h4d02501f8228a34g"}, // no hash: it is C++
    {"_RNvCs1234_4leak4main", "leak::main"},
    {"sqlite3_step", NULL},
    {"", NULL},
    {"_", NULL},
    {"_Z", NULL},
    {"_ZN", NULL},
    {"_R", NULL},
    {"_Rest", NULL},
    {"main.main", NULL},
};

TEST(each_scheme) {
    CHECK_DEMANGLED(names);
    CHECK_DAMAGED_NAMES(names);
}

// Each part is the previous one twice: 2^60 characters.
TEST(doubling_is_bounded) {
    char name[1024] = "_Z1fIi", rust[1024] = "_RIC1aTTuE";
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *end = strcpy(name, "_Z1f1AIiE") + 9;
    for (int i = 1; i < 34; i++) {
        end = stpcpy(end, "S_I");
        *end++ = 'S';
        *end++ = letters[i - 1];
        *end++ = '_';
        *end++ = 'S';
        *end++ = letters[i - 1];
        end = stpcpy(end, "_E");
    }
    *end = '\0';
    assert_null(demangle(demangle_test_demangler(), name));
    end = strcpy(rust, "_RIC1aTuuE") + 10;
    for (int i = 0; i < 8; i++) {
        end = stpcpy(end, "TB3_B3_E");
    }
    strcpy(end, "E");
    demangle(demangle_test_demangler(), rust);
}

TEST(depth_is_bounded) {
    static const char *const repeated[] = {"P", "N1A", "F", "A1_", "1AI", "DpJ", "X", "Z1f"};
    enum { TIMES = 20000 };
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
        char *name = malloc(8 + TIMES * 4), *end = stpcpy(name, "_Z1f");
        for (int j = 0; j < TIMES; j++) {
            end = stpcpy(end, repeated[i]);
        }
        assert_null(demangle(demangle_test_demangler(), name));
        strcpy(name, "_RIC1a");
        memset(name + 6, i % 2 == 0 ? 'P' : 'T', TIMES);
        name[6 + TIMES] = '\0';
        assert_null(demangle(demangle_test_demangler(), name));
        free(name);
    }
}

TEST(fails_without_memory) {
    struct symbolizer_arena none = {0};
    assert_null(demangler_new(&none));
}

int main(void) {
    return tests_run();
}
