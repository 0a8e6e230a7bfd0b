package main

// #cgo CFLAGS: -O1 -g -D_GNU_SOURCE -fno-builtin-malloc -Wall -Wextra
// #cgo CXXFLAGS: -O1 -g -D_GNU_SOURCE -std=c++17 -Wall -Wextra
// #cgo LDFLAGS: -lm -ldl
// #include "work.h"
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

const lanes = 8

type lane struct {
	sync.Mutex
	blocks *C.struct_soak_lane
}

type work struct {
	settings
	began     time.Time
	next      atomic.Int64
	done      atomic.Int64
	ended     sync.WaitGroup
	lanes     [lanes]lane
	libraries []*C.char
	sqlite    *sqliteStore
	duck      *duckStore

	lock   sync.Mutex // of what follows
	counts map[string]int64
	truth  C.struct_soak_count // all that went through soak_counted
}

func newWork(s settings) *work {
	C.soak_interval_bytes = C.uint64_t(s.interval)
	w := &work{settings: s, sqlite: openSQLite(), duck: openDuck(), counts: map[string]int64{}}
	for i := range w.lanes {
		w.lanes[i].blocks = C.soak_lane_new()
	}
	for _, path := range s.libraries {
		w.libraries = append(w.libraries, C.CString(path))
	}
	return w
}

func (w *work) start() {
	w.began = time.Now()
	for range w.workers {
		w.ended.Go(func() {
			for number := w.next.Add(1) - 1; number < w.units; number = w.next.Add(1) - 1 {
				time.Sleep(time.Until(w.began.Add(time.Duration(float64(number) / w.rate * float64(time.Second)))))
				w.unit(number)
				w.done.Add(1)
			}
		})
	}
}

func (w *work) wait() { w.ended.Wait() }

// mix spreads unit numbers over 64 bits (the finalizer of MurmurHash3).
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// unit does the unit with this number: a third of them are blocks of all sizes, which fragment an allocator's heap.
func (w *work) unit(number int64) {
	seed := mix(w.seed<<40 ^ uint64(number))
	switch kind := seed % 24; {
	case kind < 8:
		w.blocks(int(seed>>8)%lanes, seed>>12)
	case kind < 12:
		w.count("SQLite transactions", w.sqlite.work(seed>>8))
	case kind < 13:
		w.count("DuckDB queries", w.duck.work(seed>>8))
	case kind < 15:
		w.cxx(seed >> 8)
	case kind < 17:
		w.fork(seed >> 8)
	case kind < 18:
		must(exec.Command("/bin/true").Run())
		w.count("programs started", 1)
	case kind < 21:
		w.library(number, seed>>8)
	case kind < 23:
		w.callbacks(int(seed>>8)%20, seed>>16)
	default:
		w.goroutines(seed >> 8)
	}
}

func (w *work) count(what string, times int64) {
	w.lock.Lock()
	w.counts[what] += times
	w.lock.Unlock()
}

func (w *work) kinds() map[string]int64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	copied := make(map[string]int64, len(w.counts))
	for what, times := range w.counts {
		copied[what] = times
	}
	return copied
}

func (w *work) add(count *C.struct_soak_count) {
	w.lock.Lock()
	w.truth.bytes += count.bytes
	w.truth.objects += count.objects
	w.truth.bytes_variance += count.bytes_variance
	w.truth.objects_variance += count.objects_variance
	w.lock.Unlock()
}

// ---- Units ----

func (w *work) blocks(number int, seed uint64) {
	var count C.struct_soak_count
	l := &w.lanes[number]
	l.Lock()
	wrong := C.soak_lane_work(l.blocks, C.uint64_t(seed), &count)
	l.Unlock()
	if wrong != 0 {
		fail(fmt.Errorf("%d blocks have lost their contents", wrong))
	}
	w.add(&count)
	w.count("rounds of blocks", 1)
}

func (w *work) cxx(seed uint64) {
	var count C.struct_soak_count
	caught := C.soak_cxx(C.uint64_t(seed), &count)
	if caught != 30 {
		fail(fmt.Errorf("%d exceptions caught of 30", caught))
	}
	w.add(&count)
	w.count("C++ exceptions", int64(caught))
	w.count("C++ threads", 3)
}

func (w *work) fork(seed uint64) {
	if status := C.soak_fork(C.uint64_t(seed)); status != 0 {
		fail(fmt.Errorf("a forked child ended with %#x", int(status)))
	}
	w.count("forks", 1)
}

func (w *work) library(number int64, seed uint64) {
	if len(w.libraries) == 0 {
		return
	}
	at := int(number) % len(w.libraries)
	if wrong := C.soak_library(w.libraries[at], C.uint64_t(seed)); wrong != 0 {
		fail(fmt.Errorf("%s: went wrong at step %d", w.settings.libraries[at], wrong))
	}
	w.count("libraries opened and closed", 1)
}

func (w *work) callbacks(depth int, seed uint64) {
	var count C.struct_soak_count
	if calls := C.soak_callbacks(C.int(depth), C.uint64_t(seed), &count); int(calls) != depth+1 {
		fail(fmt.Errorf("%d calls of %d", calls, depth+1))
	}
	w.add(&count)
	w.count("callbacks", int64(depth))
}

// goroutines starts many that allocate in C and Go, wait for each other's lock and send results over a channel.
func (w *work) goroutines(seed uint64) {
	const many = 40
	var lock sync.Mutex
	results, sum := make(chan int), 0
	for i := range many {
		go func() {
			block := (*[1 << 20]byte)(C.malloc(C.size_t(1000 + i*100)))
			block[0] = byte(i)
			lock.Lock()
			sum += len(make([]byte, 1000+seed%1000)) * 0
			grow(i)
			lock.Unlock()
			value := int(block[0])
			C.free(unsafe.Pointer(block))
			results <- value
		}()
	}
	for range many {
		sum += <-results
	}
	if sum != many*(many-1)/2 {
		fail(fmt.Errorf("the goroutines' sum is %d", sum))
	}
	w.count("goroutines", many)
}

//go:noinline
func grow(depth int) byte {
	var frame [512]byte
	if depth == 0 {
		return frame[0]
	}
	return grow(depth-1) + frame[depth]
}
