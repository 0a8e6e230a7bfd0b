// sampling_error.h: how far estimates of a heap profile may be from the truth.
//
// An object of s bytes is sampled with the probability p = 1 - exp(-s / period) and then counts 1 / p, so that the count of n objects has
// the variance n * (1 - p) / p (Horvitz and Thompson, for independent samples). s is the mean of what is counted together. Threads: any.
// Memory: none.
#ifndef CMEMPROF_RECEIVER_SAMPLING_ERROR_H
#define CMEMPROF_RECEIVER_SAMPLING_ERROR_H

#include <math.h>
#include <stdint.h>

// Of the count of so many objects, which have so many bytes together. period: mean bytes between two samples; 1 and less: all are counted.
static inline double sampling_variance(int64_t bytes, int64_t objects, int64_t period) {
    if (bytes <= 0 || objects <= 0 || period <= 1) {
        return 0;
    }
    double size = (double)bytes / (double)objects, p = -expm1(-size / (double)period);
    return (double)objects * (1 - p) / p;
}

// Of their bytes.
static inline double sampling_variance_bytes(int64_t bytes, int64_t objects, int64_t period) {
    double size = objects > 0 ? (double)bytes / (double)objects : 0;
    return size * size * sampling_variance(bytes, objects, period);
}

// How many such objects there may be where no sample says so: of more, in 95 of 100 cases one would have been sampled, as
// (1 - p)^n = 0.05 (the rule of three). bytes, objects: others of the same kind, for the mean size.
static inline double sampling_unseen(int64_t bytes, int64_t objects, int64_t period) {
    return bytes > 0 && objects > 0 && period > 1 ? -log(0.05) * (double)period * (double)objects / (double)bytes : 0;
}

// Two standard errors: the truth is within it in 95 of 100 cases.
static inline double sampling_error_of(double variance) {
    return 2 * sqrt(variance);
}

#endif
