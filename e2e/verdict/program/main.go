// Program program has memory of one cause, step by step, with a batch after each step.
//
//	program CAUSE AGENT FILE STEPS PERIOD
//
// AGENT is the host:port of a receiver, FILE the name of a new file for the causes that need one, PERIOD the time from batch to batch: longer than
// what a step and a batch take, or a batch has half a step. It prints its resident bytes before and after
// it has followed the advice that goes with the cause, if there is one.
package main

/*
#include "cause.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

var kept [][]byte

func keep(mib int) {
	for range mib {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		kept = append(kept, block)
	}
}

// cause has what happens before the profiler starts, what happens in step i, and the advice that is followed at the end.
type cause struct {
	before func()
	step   func(i int)
	advice func()
}

func causes(file string) map[string]cause {
	in := func(i, from, to int, do func()) {
		if i >= from && i < to {
			do()
		}
	}
	return map[string]cause{
		"none":    {step: func(i int) { in(i, 0, 1, func() { C.hold(60) }) }},
		"malloc":  {step: func(int) { C.leak_by_malloc(6) }},
		"new":     {step: func(int) { C.leak_by_new(6) }},
		"realloc": {step: func(i int) { in(i%6, 0, 1, func() { C.grow_by_realloc(C.int(16 << (i / 6))) }) }},
		"mmap":    {step: func(int) { C.leak_by_mmap(6) }},
		"go":      {step: func(int) { keep(6); runtime.GC() }},
		"survivors": {
			before: func() { C.hold(200); C.free_but(256) },
			advice: func() { C.trim() },
		},
		"pinned": {
			step:   func(i int) { in(i, 0, 1, func() { C.hold(200); C.free_but(2) }) }, // what stays is to be sampled
			advice: func() { C.trim() },
		},
		"arenas": {
			before: func() { C.free_in_arenas(16) },
			advice: func() { C.trim() },
		},
		"go-free": {
			// One collection: after a second one Go returns what is free in the background.
			before: func() { keep(200); kept = nil; runtime.GC() },
			advice: debug.FreeOSMemory,
		},
		"warm-up": {step: func(i int) { in(i, 0, 12, func() { C.hold(C.int(64 >> (i / 2))) }) }},
		"plateau": {step: func(i int) { in(i, 6, 14, func() { C.hold(16) }) }},
		"sawtooth": {step: func(i int) {
			C.hold(20)
			in(i%6, 5, 6, func() { C.free_but(0); C.trim() })
		}},
		"threads": {step: func(int) { C.leak_threads(10) }},
		"file":    {step: func(int) { C.touch_file(C.CString(file), 4) }},
		"shm":     {step: func(int) { C.touch_file(nil, 4) }},
		"cache":   {before: func() { writeFile(file, 160) }},
	}
}

func resident() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		panic(err)
	}
	return kib << 10
}

// writeFile writes mib to a file and to the disk: its pages stay in the cache.
func writeFile(name string, mib int) {
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	for range mib {
		if _, err := file.Write(make([]byte, 1<<20)); err != nil {
			panic(err)
		}
	}
	if err := file.Sync(); err != nil {
		panic(err)
	}
}

// await waits until so many batches have arrived.
func await(batches uint64) {
	for end := time.Now().Add(time.Minute); profiler.Stats().BatchesSent < batches; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			panic("no batch has arrived for a minute")
		}
	}
}

func main() {
	debug.SetGCPercent(-1) // a collection is a step's own, and what it frees is not returned in the background
	chosen, ok := causes(os.Args[3])[os.Args[1]]
	if !ok {
		panic("no such cause")
	}
	steps, err := strconv.Atoi(os.Args[4])
	if err != nil {
		panic(err)
	}
	period, err := time.ParseDuration(os.Args[5])
	if err != nil {
		panic(err)
	}
	if chosen.before != nil {
		chosen.before()
	}
	if err := profiler.Start(profiler.WithService(os.Args[1]), profiler.WithAgentAddr(os.Args[2]), profiler.WithPeriod(period),
		profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithLogStartup(false)); err != nil {
		panic(err)
	}
	for i := range steps {
		if chosen.step != nil {
			chosen.step(i) // right after a batch, so that the next one has it whole
		}
		await(profiler.Stats().BatchesSent + 1)
	}
	if chosen.advice != nil {
		before := resident()
		chosen.advice()
		fmt.Println(before, resident())
	}
}
