// Program garbage works in Go, which makes garbage, while C grows and keeps what it has.
//
//	garbage [-live MB] [-garbage MB] [-c MB] [-steps N] [-after N]
//
// It holds -live MB of Go objects. In each of -steps steps it makes -garbage MB of garbage and C grows by its part of -c MB; in each of -after steps
// it makes garbage only. -swing: C then frees all and takes it again, ten times. With LASTWORDS_AGENT set to host:port it is profiled. It prints
// "done", what the memory limit of Go was at last and after Stop, and what collections cost.
package main

/*
#include <stdlib.h>
#include <string.h>
static void *grow(size_t size) {
	void *block = malloc(size);
	memset(block, 1, size);
	return block;
}
*/
import "C"

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"time"
	"unsafe"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const (
	block  = 1 << 20
	object = 16 << 10
)

// node is what a collection has to follow.
type node struct {
	next *node
	rest [object - 8]byte
}

var (
	kept []unsafe.Pointer
	live *node
)

// newNode writes to all of its pages.
func newNode(next *node) *node {
	n := &node{next: next}
	for i := 0; i < len(n.rest); i += os.Getpagesize() {
		n.rest[i] = 1
	}
	return n
}

func makeGarbage(mb int) (last *node) {
	for range mb << 20 / object {
		last = newNode(last)
		if uintptr(unsafe.Pointer(last))>>14%16 == 0 {
			last.next = nil // so that not all hangs together
		}
	}
	return last
}

func growC(mb int) {
	for range mb {
		kept = append(kept, C.grow(block))
	}
}

func seconds(name string) float64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Float64()
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func main() {
	liveMB := flag.Int("live", 0, "MB of Go objects in use")
	garbage := flag.Int("garbage", 8, "MB of garbage in each step")
	c := flag.Int("c", 0, "MB that C grows by")
	steps := flag.Int("steps", 100, "in which C grows")
	after := flag.Int("after", 100, "steps after that")
	swing := flag.Int("swing", 0, "how often C frees all and takes it again, at the end")
	flag.Parse()
	if agent := os.Getenv("LASTWORDS_AGENT"); agent != "" {
		if err := profiler.Start(profiler.WithService("garbage"), profiler.WithAgentAddr(agent), profiler.WithProfileTypes(profiler.HeapProfile)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for range *liveMB << 20 / object {
		live = newNode(live)
	}
	work := func(mb int) {
		growC(mb)
		makeGarbage(*garbage)
	}
	for i := range *steps {
		work(*c*(i+1) / *steps - *c*i / *steps)
	}
	for range *after {
		work(0)
	}
	for range *swing {
		for _, block := range kept {
			C.free(block)
		}
		kept = kept[:0]
		for range *after {
			work(0)
		}
		for i := range *steps {
			work(*c*(i+1) / *steps - *c*i / *steps)
		}
	}
	limit := debug.SetMemoryLimit(-1)
	used := cpu()
	profiler.Stop()
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	gc := seconds("/cpu/classes/gc/total:cpu-seconds") - seconds("/cpu/classes/gc/mark/idle:cpu-seconds")
	fmt.Printf("done, limit %d, after Stop %d, %d collections, %.2f s of %.2f s of CPU time\n", limit>>20, debug.SetMemoryLimit(-1)>>20, stats.NumGC, gc, used.Seconds())
}
