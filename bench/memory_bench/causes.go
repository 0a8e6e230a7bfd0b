package main

// #cgo CFLAGS: -O2 -D_GNU_SOURCE
// #include "causes.h"
import "C"

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
)

const mib = 1 << 20

var kept [][]byte

func init() {
	causes["go"] = func() { growGo(256) }
	causes["go-dead"] = func() {
		growGo(256)
		kept = nil
	}
	causes["go-free"] = func() {
		growGo(256)
		kept = nil
		runtime.GC()
	}
	causes["go-unwritten"] = func() {
		growGo(64)
		kept = append(kept, make([]byte, 1024*mib))
	}
	causes["go-stacks"] = func() {
		started := make(chan bool)
		for range 5000 {
			go deep(1000, started)
		}
		for range 5000 {
			<-started
		}
	}
	// GODEBUG=madvdontneed=0: what Go gives back stays resident until the kernel needs it.
	causes["go-returned"] = func() {
		growGo(256)
		kept = nil
		debug.FreeOSMemory()
	}
	causes["malloc"] = func() { C.allocate(200000, 1000, 1) }
	causes["malloc-free"] = func() { C.allocate(200000, 1000, 256) }
	causes["malloc-trimmed"] = func() {
		C.allocate(200000, 1000, 256)
		C.trim()
	}
	causes["malloc-large"] = func() { C.allocate(200, mib, 1) }
	causes["malloc-arenas"] = func() { C.allocate_in_threads(16, 20000, 1000, 256) }
	causes["threads"] = func() { C.start_threads(500) }
	causes["huge-always"] = func() {
		C.huge(1)
		C.allocate(200000, 1000, 1)
		growGo(64)
	}
	causes["huge-never"] = func() {
		C.huge(0)
		C.allocate(200000, 1000, 1)
		growGo(64)
	}
	causes["huge-advised"] = func() { C.huge_advised() }
	causes["huge-refused"] = func() {
		C.huge(0)
		C.huge_advised()
	}
	causes["file-and-shm"] = func() {
		file, err := os.CreateTemp("", "memory_bench")
		check(err)
		check(os.Remove(file.Name()))
		check(file.Truncate(64 * mib))
		C.map_file(C.int(file.Fd()), 64*mib)
		C.map_shared(64 * mib)
	}
	causes["all"] = func() {
		for _, cause := range []string{"go", "go-stacks", "malloc", "malloc-free", "malloc-large", "threads", "file-and-shm"} {
			causes[cause]()
		}
	}
	// 5 GB in 5,000 areas: half of it blocks of malloc, each sampled one in six times.
	causes["large"] = func() {
		C.areas(5000, 512<<10)
		C.allocate(25000, 100<<10, 1)
	}
}

func growGo(count int) {
	for range count {
		kept = append(kept, bytes.Repeat([]byte{1}, mib))
	}
}

func deep(depth int, started chan<- bool) byte {
	var frame [64]byte
	if depth > 0 {
		return deep(depth-1, started) + frame[depth%64]
	}
	started <- true
	select {}
}
