// Program labels allocates in C on goroutines with labels, and compares every sample of the profile with what was allocated under which labels.
//
//	labels switches COUNT    eight goroutines change their labels so often, while garbage is collected and stacks grow
//	labels threads           threads that C has made, before, in and after callbacks
//	labels handler           a signal handler of C interrupts Go
//	labels words [WORD...]   the labels that cmemprof.SetLabels(WORD...) keeps, one "KEY VALUE" a line, and the profile's comments
package main

// #include "sites.h"
import "C"

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "labels:", err)
		os.Exit(1)
	}
}

// set gives the goroutine labels whose texts are in new memory.
func set(keysAndValues ...string) {
	for i := range keysAndValues {
		keysAndValues[i] = strings.Clone(keysAndValues[i])
	}
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(keysAndValues...)))
}

func take() *profile.Profile {
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	return p
}

func has(s *profile.Sample, function string) bool {
	return slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
		return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return line.Function.Name == function })
	})
}

// ---- Switches ----

const (
	workers = 8
	steps   = 89
)

// sizeOf is the size of the blocks that are allocated under these labels, and no others.
func sizeOf(worker, step int) int64 { return int64(1000 + worker*steps + step) }

var sink atomic.Int64

//go:noinline
func grow(n int) byte {
	var frame [512]byte
	if n > 0 {
		frame[n%512] = grow(n - 1)
	}
	return frame[0]
}

// Every fourth block is kept.
func work(worker, count int, kept *[steps]int64) {
	for i := range count {
		step := i % steps
		set("worker", strconv.Itoa(worker), "step", strconv.Itoa(step), "span id", strconv.Itoa(i))
		if i%16 == 0 {
			sink.Add(int64(grow(i % 128)))
		}
		keep := i%4096 == step
		if keep {
			kept[step]++
		}
		C.allocate(C.size_t(sizeOf(worker, step)), C.bool(keep))
	}
}

func switches(count int) {
	var stop atomic.Bool
	go func() {
		for !stop.Load() {
			runtime.GC()
		}
	}()
	each := count / workers
	var kept [workers][steps]int64
	var all sync.WaitGroup
	for worker := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			work(worker, each, &kept[worker])
		}()
	}
	all.Wait()
	stop.Store(true)

	var got, live [workers][steps]int64
	for _, s := range take().Sample {
		if !has(s, "allocate") {
			continue
		}
		if len(s.Label["worker"]) != 1 || len(s.Label["step"]) != 1 || len(s.Label) != 3 { // and memory
			must(fmt.Errorf("%d allocations with the labels %v", s.Value[0], s.Label))
		}
		worker, err := strconv.Atoi(s.Label["worker"][0])
		must(err)
		step, err := strconv.Atoi(s.Label["step"][0])
		must(err)
		if size := sizeOf(worker, step); s.Value[1] != size*s.Value[0] || s.Value[3] != size*s.Value[2] {
			must(fmt.Errorf("%d bytes in %d blocks, of these %d in %d in use, with the labels %v: all have %d bytes",
				s.Value[1], s.Value[0], s.Value[3], s.Value[2], s.Label, size))
		}
		got[worker][step] += s.Value[0]
		live[worker][step] += s.Value[2]
	}
	total := int64(0)
	for worker := range workers {
		for step := range steps {
			want := int64((each + steps - 1 - step) / steps)
			if got[worker][step] != want || live[worker][step] != kept[worker][step] {
				must(fmt.Errorf("worker %d, step %d: %d blocks, %d of them in use; %d and %d were allocated and kept",
					worker, step, got[worker][step], live[worker][step], want, kept[worker][step]))
			}
			total += want
		}
	}
	if s := cmemprof.GetStats(); s.LostStacks+s.LostShards+s.LostLive+s.LostLabels != 0 || s.LabelsLeftOut < uint64(total) {
		must(fmt.Errorf("samples or labels are lost: %+v", s))
	}
	fmt.Println(total, "allocations under", workers*steps, "sets of labels")
}

// ---- Threads of C ----

// The callback's labels are those of the goroutine that Go has for the thread, which keeps them.
//
//export goCallback
func goCallback(number C.int) {
	set("callback", strconv.Itoa(int(number)))
	C.allocate_in_callback()
}

func threads() {
	set("main", "yes")
	for range 50 {
		C.run_thread()
	}
	var before, in, after int64
	for _, s := range take().Sample {
		switch {
		case has(s, "allocate_in_callback"):
			in += s.Value[0]
			if len(s.Label["callback"]) != 1 || !has(s, "main.goCallback") {
				must(fmt.Errorf("in a callback: labels %v", s.Label))
			}
		case has(s, "allocate_before"), has(s, "allocate_after"):
			if len(s.Label) != 1 {
				must(fmt.Errorf("outside of a callback: labels %v", s.Label))
			}
			if has(s, "allocate_before") {
				before += s.Value[0]
			} else {
				after += s.Value[0]
			}
		}
	}
	if before != 50 || in != 100 || after != 100 {
		must(fmt.Errorf("%d allocations before callbacks, %d in them, %d after them; want 50, 100, 100", before, in, after))
	}
	fmt.Println("right")
}

// ---- A signal handler ----

// C's handler allocates while a goroutine computes.
func handler() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		C.interrupt_this_thread()
		for i := range 200 {
			set("round", strconv.Itoa(i%7))
			for C.want_interrupt(); int(C.handled()) == i; {
				for range 1000 {
					sink.Add(int64(grow(8)))
				}
			}
		}
	}()
	<-done
	var all, inGoroutine int64
	for _, s := range take().Sample {
		if !has(s, "allocate_in_handler") {
			continue
		}
		all += s.Value[0]
		if has(s, "main.handler.func1") { // otherwise it has interrupted the runtime on another stack
			inGoroutine += s.Value[0]
			if len(s.Label["round"]) != 1 {
				must(fmt.Errorf("in a handler, at %v: labels %v", s.Location, s.Label))
			}
		}
	}
	if all != 200 || inGoroutine == 0 {
		must(fmt.Errorf("%d allocations in the handler, of these %d where the goroutine was interrupted; want 200, and some", all, inGoroutine))
	}
	fmt.Println("right")
}

// ---- Words ----

func words(words []string) {
	must(cmemprof.SetLabels(words...))
	for i := range 2000 {
		set("tenant", "acme", "trace endpoint", "GET /cart", "span id", "1", "local root span id", "2", "trace id", "3", "user", strconv.Itoa(i))
		C.allocate(1000, false)
	}
	p := take()
	values := map[string]map[string]bool{}
	for _, s := range p.Sample {
		for key, texts := range s.Label {
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][texts[0]] = true
		}
	}
	for key, texts := range values {
		fmt.Println("label", key, len(texts))
	}
	for _, comment := range p.Comments {
		fmt.Println(comment)
	}
}

func main() {
	cmemprof.SetMemoryLimit(1 << 30)
	must(cmemprof.Start(1))
	must(cmemprof.LabelsError())
	switch os.Args[1] {
	case "switches":
		count, err := strconv.Atoi(os.Args[2])
		must(err)
		switches(count)
	case "threads":
		threads()
	case "handler":
		handler()
	case "words":
		words(os.Args[2:])
	}
}
