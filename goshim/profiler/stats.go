package profiler

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Counters count what the profiler did since the process started, over all Starts and Stops.
type Counters struct {
	BatchesSent    uint64 // the server took them
	BatchesFailed  uint64 // given up after the last try
	BatchesDropped uint64 // never tried: the queue was full, or Stop's time was over
	ProfilesFailed uint64 // single profiles that could not be taken; their batch went without them
	Panics         uint64 // contained
}

var counters struct {
	sent, failed, dropped, profilesFailed, panics atomic.Uint64
}

// Stats returns the counters. It costs nothing and may be called at any time.
func Stats() Counters {
	return Counters{
		BatchesSent:    counters.sent.Load(),
		BatchesFailed:  counters.failed.Load(),
		BatchesDropped: counters.dropped.Load(),
		ProfilesFailed: counters.profilesFailed.Load(),
		Panics:         counters.panics.Load(),
	}
}

var firstPanic sync.Once

// contained runs f and turns a panic into an error. The first one of the process is logged with its stack.
func contained(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			counters.panics.Add(1)
			err = fmt.Errorf("panic: %v", r)
			stack := debug.Stack()
			firstPanic.Do(func() {
				slog.Error("cmemprof: a panic was contained; this is a fault of the profiler", "panic", r, "stack", string(stack))
			})
		}
	}()
	return f()
}
