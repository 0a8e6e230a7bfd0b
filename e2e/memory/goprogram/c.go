//go:build cgo

package main

// #include <stdlib.h>
// #include <string.h>
// static void allocate(size_t mib) {
//     for (size_t i = 0; i < mib * 1024; i++) memset(malloc(1024), 1, 1024);
// }
import "C"

func allocateInC(mib int) { C.allocate(C.size_t(mib)) }
