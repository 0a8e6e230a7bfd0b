// Command capture_go measures malloc+free pairs of C code in a Go program, as bench/capture.c does in a C program. With the build tag
// bench_cmemprof it imports cmemprof.
//
//	usage: capture_go RATE KIND GO-DEPTH DEPTH SIZE...
//
// RATE is the sampling interval in bytes if cmemprof is imported, and is ignored otherwise. KIND: "same", a C loop makes all pairs with the
// same stack; "walk", Go calls C for each pair, by another path of Go functions than for the previous pair; "same:LABELS", with a goroutine
// that has so many labels; "labels:SETS:LABELS", Go sets the next of so many sets of labels and calls C for each pair, with the same stack. GO-DEPTH
// levels (of two functions each for "walk") are in Go, DEPTH in C. Prints one line per size, "SIZE NANOSECONDS".
package main

// #cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-builtin-malloc -fno-builtin-free
// #include "pairs.h"
// static void one_walk(unsigned depth, unsigned path, size_t size) { walk(depth, path, size); }
import "C"

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
)

//go:noinline
func descend(goDepth int, depth C.uint, size C.size_t) float64 {
	if goDepth > 0 {
		return descend(goDepth-1, depth, size) + 0
	}
	return float64(C.minimum_ns(0, depth, size))
}

func walk(goDepth int, path, whole uint, depth C.uint, size C.size_t) {
	if path&1 != 0 {
		walkRight(goDepth, path>>1|path&1<<5, whole, depth, size)
	} else {
		walkLeft(goDepth, path>>1|path&1<<5, whole, depth, size)
	}
}

//go:noinline
func walkLeft(goDepth int, path, whole uint, depth C.uint, size C.size_t) {
	if goDepth > 0 {
		walk(goDepth-1, path, whole, depth, size)
		return
	}
	C.one_walk(depth, C.uint(whole), size)
}

//go:noinline
func walkRight(goDepth int, path, whole uint, depth C.uint, size C.size_t) {
	if goDepth > 0 {
		walk(goDepth-1, path, whole, depth, size)
		return
	}
	C.one_walk(depth, C.uint(whole), size)
}

//go:noinline
func walks(goDepth int, count uint64, depth C.uint, size C.size_t) uint64 {
	start := C.cpu_ns()
	for i := range count {
		walk(goDepth, uint(i%64), uint(i%64), depth, size)
	}
	return uint64(C.cpu_ns() - start)
}

// contexts returns as many as there are sets of labels, each with so many labels: of 24 bytes, or of 128 if there are ten or more. Without sets
// it returns one context without labels.
func contexts(sets, labels int) []context.Context {
	if sets == 0 {
		return []context.Context{context.Background()}
	}
	value := 16
	if labels >= 10 {
		value = 64
	}
	all := make([]context.Context, sets)
	for i := range all {
		var texts []string
		for k := range labels {
			texts = append(texts, fmt.Sprintf("%0*d", value/2, k), fmt.Sprintf("%0*d", value, i))
		}
		all[i] = pprof.WithLabels(context.Background(), pprof.Labels(texts...))
	}
	return all
}

//go:noinline
func turns(goDepth int, all []context.Context, count uint64, depth C.uint, size C.size_t) uint64 {
	if goDepth > 0 {
		return turns(goDepth-1, all, count, depth, size) + 0
	}
	start := C.cpu_ns()
	for i := range count {
		pprof.SetGoroutineLabels(all[i%uint64(len(all))])
		C.one_walk(depth, 0, size)
	}
	return uint64(C.cpu_ns() - start)
}

// minimum returns the minimum of C.ROUNDS rounds of equal length, in ns a pair, like minimum_ns in pairs.h.
func minimum(pairs func(count uint64) (ns uint64)) float64 {
	count := uint64(1000)
	for pairs(count) < C.ROUND_NS {
		count *= 2
	}
	best := 0.0
	for round := range C.ROUNDS {
		each := float64(pairs(count)) / float64(count)
		if round == 0 || each < best {
			best = each
		}
	}
	return best
}

// parse returns the numbers after the kind's name.
func parse(kind string) (name string, numbers [2]int) {
	words := strings.Split(kind, ":")
	for i, word := range words[1:] {
		var err error
		if numbers[i], err = strconv.Atoi(word); err != nil {
			fail(err)
		}
	}
	return words[0], numbers
}

func main() {
	numbers := make([]uint64, len(os.Args))
	for i, argument := range os.Args {
		if i != 0 && i != 2 {
			var err error
			if numbers[i], err = strconv.ParseUint(argument, 10, 62); err != nil {
				fail(err)
			}
		}
	}
	if len(os.Args) < 6 {
		fail("usage: capture_go RATE KIND GO-DEPTH DEPTH SIZE...")
	}
	if err := start(int64(numbers[1])); err != nil {
		fail(err)
	}
	runtime.LockOSThread() // its CPU time is measured
	goDepth, depth := int(numbers[3]), C.uint(numbers[4])
	for _, size := range numbers[5:] {
		ns := 0.0
		switch name, of := parse(os.Args[2]); name {
		case "walk":
			ns = minimum(func(count uint64) uint64 { return walks(goDepth, count, depth, C.size_t(size)) })
		case "labels":
			all := contexts(of[0], of[1])
			ns = minimum(func(count uint64) uint64 { return turns(goDepth, all, count, depth, C.size_t(size)) })
		default:
			pprof.SetGoroutineLabels(contexts(of[0], of[0])[0])
			ns = descend(goDepth, depth, C.size_t(size))
		}
		fmt.Printf("%d %.4f\n", size, ns)
	}
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "capture_go:", why)
	os.Exit(1)
}
