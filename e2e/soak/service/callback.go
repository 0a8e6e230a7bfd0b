package main

// #include "work.h"
import "C"

// soakCallback is called by C. It sometimes moves the goroutine's stack, and calls C again.
//
//export soakCallback
func soakCallback(depth C.int, seed C.uint64_t, count *C.struct_soak_count) C.int {
	grow(int(seed % 60))
	return C.soak_callbacks(depth, seed, count)
}
