// fork_alike.c: the children of one parent do not all sample the same allocations: each allocates so much that it takes a sample with
// probability 1/2, and about half of them must, not all or none.

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

enum { CHILDREN = 100, BLOCKS_A_RATE = 512, BLOCKS = 355 }; // 355 / 512 = ln 2

static void allocate(unsigned blocks) {
    for (unsigned i = 0; i < blocks; i++) {
        free(hazard_opaque(malloc(hazard_rate() / BLOCKS_A_RATE - 1)));
    }
}

// Whether a child with this much work took a sample.
static bool child_samples(void) {
    pid_t child = fork();
    if (child == 0) {
        struct cmemprof_stats before, after;
        hazard_stats(&before);
        allocate(BLOCKS);
        hazard_stats(&after);
        _exit(after.samples > before.samples);
    }
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status), "fork or wait");
    CHECK(WEXITSTATUS(status) <= 1, "a child ended with %d", WEXITSTATUS(status));
    return WEXITSTATUS(status) == 1;
}

int main(void) {
    hazard_start();
    hazard_churn(1, 100);
    if (hazard_rate() >= BLOCKS_A_RATE) {
        allocate(10 * BLOCKS_A_RATE); // the parent has drawn its next sample
        unsigned sampled = 0;
        for (int i = 0; i < CHILDREN; i++) {
            sampled += child_samples();
        }
        CHECK(sampled >= CHILDREN / 10 && sampled <= CHILDREN - CHILDREN / 10, "%u of %d children took a sample", sampled, CHILDREN);
    }
    return hazard_finish();
}
