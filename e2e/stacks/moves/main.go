// Program moves allocates in C after callbacks into Go that grow, shrink and move the goroutine's stack and change its labels, while others reuse
// its old memory, and compares every stack of the profile with the functions that were called and the labels at that moment.
//
//	moves ALLOCATIONS MODE    random: chains of callbacks on goroutines    threads: on threads that C created
//	                          nested: callbacks in callbacks, 60 deep      nested threads: both
//	                          panics: below functions that have panicked
//
// It prints the number of allocations, and of those whose stack was cut. A wrong or lost stack ends it with status 1.
package main

// #include "turns.h"
import "C"

import (
	"context"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"runtime"
	"runtime/cgo"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/google/pprof/profile"
)

const (
	walkers   = 4
	maxTurns  = 24 // of callbacks in callbacks, so that no stack reaches the 512 frames where stacks are cut
	frames    = 512
	different = 100 // walks; afterwards it goes the same ways again
	maxOfOne  = 500 // allocations of a walk, more or less
)

// walk is one goroutine's work. Its active functions, outermost first, are compared with the stack.
type walk struct {
	random *rand.Rand
	in     []string
	left   int // allocations to make
	turns  int // callbacks that it is in
	most   int
	panics bool
	label  string // of the goroutine
	seen   map[string]int64
}

// stack returns the goroutine's label, and the active functions, leaf first.
func (w *walk) stack(leaf string) string {
	names := slices.Clone(w.in)
	slices.Reverse(names)
	return strings.Join(append([]string{w.label, "allocate", leaf}, names...), " ")
}

// relabel gives the goroutine one of a few labels, in new memory. It stays when the present function returns.
func (w *walk) relabel() {
	w.label = fmt.Sprint("turn", w.random.Intn(4))
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("turn", w.label, "span id", fmt.Sprint(w.left))))
}

func (w *walk) enter(name string) func() {
	w.in = append(w.in, name)
	return func() { w.in = w.in[:len(w.in)-1] }
}

// ---- Go functions of several sizes ----

//go:noinline
func small(w *walk) {
	defer w.enter("main.small")()
	call(w)
}

//go:noinline
func large(w *walk) {
	var frame [5000]byte
	defer w.enter("main.large")()
	frame[w.turns] = 1
	call(w)
	sink.Add(int64(frame[w.turns]))
}

//go:noinline
func twice(w *walk) {
	defer w.enter("main.twice")()
	if w.random.Intn(2) == 0 {
		small(w)
	} else {
		large(w)
	}
}

var sink atomic.Int64

// guarded calls C in its deferred function, after faulty has panicked.
//
//go:noinline
func guarded(w *walk) {
	defer w.enter("main.guarded")()
	defer afterwards(w)
	defer w.enter("main.faulty")()
	faulty(w)
}

//go:noinline
func faulty(w *walk) {
	var frame [64]byte // a function without a frame is not in the chain of frames when it panics
	frame[w.turns] = 1
	*nobody = int(frame[w.turns/2])
}

var nobody *int

//go:noinline
func afterwards(w *walk) {
	w.in = append(w.in, "main.faulty", "main.guarded.deferwrap1", "main.afterwards") // the first has gone from the list, not from the stack
	call(w)
	w.in = w.in[:len(w.in)-3]
	if recover() == nil {
		panic("faulty did not panic")
	}
}

// call calls C.
//
//go:noinline
func call(w *walk) {
	defer w.enter("main.call")()
	handle := cgo.NewHandle(w)
	defer handle.Delete()
	if w.most > maxTurns || w.random.Intn(2) == 0 {
		defer w.enter("c_turn")()
		C.c_turn(C.uintptr_t(handle))
	} else {
		defer w.enter("c_turns")()
		C.c_turns(C.uintptr_t(handle))
	}
}

// ---- Callbacks ----

//export goTurn
func goTurn(handle C.uintptr_t) {
	w := cgo.Handle(handle).Value().(*walk)
	w.seen[w.stack("c_before")]++
	w.turn()
	w.seen[w.stack("c_after")]++
}

func (w *walk) turn() {
	defer w.enter("main.goTurn")()
	defer w.enter("main.(*walk).turn")()
	w.turns++
	defer func() { w.turns-- }()
	w.left -= 2
	if w.random.Intn(2) == 0 {
		w.relabel()
	}
	if w.turns < w.most && w.left > 0 && (w.most > maxTurns || w.random.Intn(3) > 0) {
		w.deeper()
	}
	switch w.random.Intn(8) {
	case 0, 1, 2:
		grow(1 + w.random.Intn(200))
	case 3:
		runtime.GC()
		runtime.GC() // the first one may have marked before this goroutine was here
	case 4, 5:
		occupy(8)
	case 6:
		runtime.Gosched()
	}
}

func (w *walk) deeper() {
	defer w.enter("main.(*walk).deeper")()
	switch {
	case w.panics && w.random.Intn(2) == 0:
		guarded(w)
	case w.most > maxTurns || w.random.Intn(3) == 0:
		small(w)
	case w.random.Intn(2) == 0:
		large(w)
	default:
		twice(w)
	}
}

// grow makes the stack temporarily n KiB deeper.
//
//go:noinline
func grow(n int) byte {
	var frame [1024]byte
	if n > 0 {
		frame[0] = grow(n - 1)
	}
	return frame[n%1024]
}

// occupy starts goroutines whose stacks, of all sizes, reuse freed stacks.
func occupy(n int) {
	var begun, done sync.WaitGroup
	stop := make(chan struct{})
	for i := range n {
		begun.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			innocent(1<<(i%8), &begun, stop)
		}()
	}
	begun.Wait()
	close(stop)
	done.Wait()
}

// innocent never calls C.
//
//go:noinline
func innocent(n int, begun *sync.WaitGroup, stop chan struct{}) byte {
	var frame [512]byte
	if n > 0 {
		frame[0] = innocent(n-1, begun, stop)
	} else {
		begun.Done()
		<-stop
	}
	return frame[n%512]
}

//export goThread
func goThread(handle C.uintptr_t) {
	w := cgo.Handle(handle).Value().(*walk)
	defer w.enter("c_thread")()
	defer w.enter("main.goThread")()
	w.relabel()
	w.deeper()
}

// ---- The run ----

func (w *walk) run(thread bool) {
	for seed, left := int64(0), w.left; left > 0; seed++ {
		before := min(left, maxOfOne)
		w.left = before

		w.random.Seed(seed % different)
		if thread {
			handle := cgo.NewHandle(w)
			C.run_thread(C.uintptr_t(handle))
			handle.Delete()
		} else {
			done := make(chan struct{})
			go func() { // on a new stack, which is small
				defer close(done)
				w.relabel()
				w.deeper()
			}()
			<-done
		}
		left -= before - w.left
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "moves:", err)
		os.Exit(1)
	}
}

// own keeps the label and the names of functions that a walk records.
func own(sample *profile.Sample) string {
	names := slices.Clone(sample.Label["turn"])
	for _, location := range sample.Location {
		for _, line := range location.Line {
			name := line.Function.Name
			if name == "allocate" || strings.HasPrefix(name, "c_") ||
				strings.HasPrefix(name, "main.") && !strings.HasPrefix(name, "main._C") && !strings.Contains(name, ".run.") && name != "main.main" {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, " ")
}

// compare returns the number of cut stacks, which must be the beginning of an expected one.
func compare(want map[string]int64, samples []*profile.Sample) (all, cut int64) {
	known := slices.Sorted(maps.Keys(want))
	for _, sample := range samples {
		if sample.Value[1] != C.TURN_BYTES*sample.Value[0] {
			continue
		}
		stack, count := own(sample), sample.Value[0]
		all += count
		if _, whole := want[stack]; whole && len(sample.Location) < frames {
			want[stack] -= count
			continue
		}
		cut += count
		at, _ := slices.BinarySearch(known, stack)
		if at == len(known) || !strings.HasPrefix(known[at], stack) {
			must(fmt.Errorf("%d allocations at a wrong stack, or with a wrong label: %s", count, stack))
		}
	}
	left := int64(0)
	for stack, count := range want {
		if left += count; count < 0 {
			must(fmt.Errorf("%d allocations too many at %s", -count, stack))
		}
	}
	if left != cut {
		must(fmt.Errorf("%d allocations are missing, and %d were cut", left, cut))
	}
	return all, cut
}

func main() {
	allocations, err := strconv.Atoi(os.Args[1])
	must(err)
	mode := os.Args[2]
	cmemprof.SetMemoryLimit(1 << 30)
	must(cmemprof.Start(1))
	var stop atomic.Bool
	var all sync.WaitGroup
	go func() {
		for !stop.Load() {
			runtime.GC()
		}
	}()
	results := make([]map[string]int64, walkers)
	for i := range results {
		results[i] = map[string]int64{}
		w := &walk{random: rand.New(rand.NewSource(0)), left: allocations / walkers, most: maxTurns, seen: results[i], panics: mode == "panics"}
		if strings.HasPrefix(mode, "nested") {
			w.most = 60
		}
		all.Add(1)
		go func() {
			defer all.Done()
			w.run(strings.HasSuffix(mode, "threads"))
		}()
	}
	all.Wait()
	stop.Store(true)
	want := map[string]int64{}
	for _, result := range results {
		for stack, count := range result {
			want[stack] += count
		}
	}
	stats := cmemprof.GetStats()
	data, err := cmemprof.Profile()
	must(err)
	p, err := profile.ParseData(data)
	must(err)
	count, cut := compare(want, p.Sample)
	if lost := stats.LostStacks + stats.LostShards; lost != 0 {
		must(fmt.Errorf("%d samples are lost", lost))
	}
	// Up to Go 1.25 the first stack of a thread that Go creates cannot be unwound to its end, so there may be more.
	counted := stats.CutNoRule + stats.CutUnsupported + stats.CutUnreadable + stats.CutDepth
	fmt.Println(count, cut, counted)
}
