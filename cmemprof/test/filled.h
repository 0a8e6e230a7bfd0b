// filled.h: checks that a block still has the contents that a test gave it.
#include "../../base/test/test.h"

#ifndef CMEMPROF_TEST_FILLED_H
#define CMEMPROF_TEST_FILLED_H

static inline bool is_filled(const unsigned char *block, size_t size, unsigned char value) {
    for (size_t i = 0; i < size; i++) {
        if (block[i] != value) {
            return false;
        }
    }
    return true;
}

#endif
