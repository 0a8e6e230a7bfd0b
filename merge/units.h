// units.h: conversion between units of sample types: time and bytes, with the unit names that go tool pprof knows.
// Threads: any. Memory: none.
#ifndef CMEMPROF_MERGE_UNITS_H
#define CMEMPROF_MERGE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// Factors to the smaller of two units, so that nothing is rounded.
struct units_ratio {
    int64_t a, b; // factors for values in units a and b; one of them is 1
};
// False: the units are the same string, measure different quantities, or are unknown.
bool units_convert(const char *a, const char *b, struct units_ratio *ratio);

#endif
