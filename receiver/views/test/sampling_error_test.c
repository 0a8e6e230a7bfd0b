// sampling_error_test.c: the error of estimates, against a simulation.

#include "../../../base/test/test.h"

#include "../sampling_error.h"

TEST(formula) {
    assert_true(sampling_variance(1000, 10, 1) == 0); // every allocation was sampled
    assert_true(sampling_variance(0, 10, 100) == 0 && sampling_variance(10, 0, 100) == 0 && sampling_variance(-10, -1, 100) == 0);
    // 100 objects of 100 bytes at a period of 100: p = 0.632, (1 - p) / p = 0.582.
    assert_true(fabs(sampling_variance(10000, 100, 100) - 58.2) < 0.1);
    assert_true(fabs(sampling_variance_bytes(10000, 100, 100) - 582000) < 1000);
    assert_true(sampling_error_of(25) == 10);
}

// Where nothing was sampled, nothing is not certain.
TEST(unseen) {
    assert_true(sampling_unseen(1000, 10, 1) == 0 && sampling_unseen(0, 0, 100) == 0);
    double p = -expm1(-64.0 / 512), most = sampling_unseen(64000, 1000, 512);
    assert_true(most > 23.9 && most < 24);
    assert_true(fabs(pow(1 - p, most) - 0.05) < 1e-9);
}

// 1,000 objects of 64 bytes at 512: the estimate's variance over 4,000 tries is what is said. Its own standard error is about
// sqrt(2 / 4000) = 2.2 %, so that 15 % are more than six of them.
TEST(simulation) {
    enum { TRIES = 4000, OBJECTS = 1000 };
    double p = -expm1(-64.0 / 512), sum = 0, squares = 0;
    uint64_t random = 88172645463325252;
    for (int i = 0; i < TRIES; i++) {
        int sampled = 0;
        for (int k = 0; k < OBJECTS; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            sampled += (double)(random >> 11) / 0x1p53 < p;
        }
        double estimate = sampled / p;
        sum += estimate;
        squares += estimate * estimate;
    }
    double mean = sum / TRIES, variance = squares / TRIES - mean * mean;
    assert_true(fabs(variance / sampling_variance(OBJECTS * 64, OBJECTS, 512) - 1) < 0.15);
}

int main(void) {
    return tests_run();
}
