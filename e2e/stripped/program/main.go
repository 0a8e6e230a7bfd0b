// A program for the test: holds C memory allocated from Go, and writes it merged with Go's heap profile to the file given as argument.
package main

/*
#include <stdlib.h>
static void *volatile kept[64];
static inline __attribute__((always_inline)) void *inlined_allocate(size_t size) { return malloc(size); }
__attribute__((noinline)) void hold_blocks(int count) {
	for (int i = 0; i < count; i++) {
		kept[i] = inlined_allocate(1000);
	}
	__asm__ volatile("");
}
*/
import "C"

import (
	"bytes"
	"log"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/merge"
)

var goHeld []byte

func inlinedInGo() []byte { return make([]byte, 1<<20) }

//go:noinline
func holdInC() { C.hold_blocks(64) }

//go:noinline
func holdInGo() { goHeld = inlinedInGo() }

func main() {
	runtime.MemProfileRate = 1
	if err := cmemprof.Start(1); err != nil {
		log.Fatal(err)
	}
	holdInC()
	holdInGo()
	runtime.GC()
	var goHeap bytes.Buffer
	if err := pprof.WriteHeapProfile(&goHeap); err != nil {
		log.Fatal(err)
	}
	cHeap, err := cmemprof.Profile()
	if err != nil {
		log.Fatal(err)
	}
	joined, err := merge.Merge(cHeap, goHeap.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], joined, 0o644); err != nil {
		log.Fatal(err)
	}
	runtime.KeepAlive(goHeld)
}
