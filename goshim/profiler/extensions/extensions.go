// Package extensions is where a profiler of C allocations makes itself known to package profiler.
//
// github.com/cmemprof/cmemprof/goshim/profiler brings one along, which is taken when no other was set. Another one is set like this, best
// in the init function of its package:
//
//	func init() { extensions.SetCAllocationProfiler(mine) }
//
// It is used from the next profiler.Start on.
package extensions

import (
	"sync"

	"github.com/google/pprof/profile"
)

// DefaultCAllocationSamplingRate is the mean number of bytes between two samples if nothing else is asked for: that of Go's own heap profile.
const DefaultCAllocationSamplingRate = 512 * 1024

// CAllocationProfiler profiles what C code allocates, one period after the other. Its methods are called by one goroutine at a time. A panic
// in them is contained.
type CAllocationProfiler interface {
	// Start begins a period: one sample for every rate bytes, on average.
	Start(rate int)
	// Stop ends it and returns what was allocated since Start, with the sample types of Go's heap profile. It is merged with Go's when delta
	// profiles are on; totals since the start of the process it cannot give.
	Stop() (*profile.Profile, error)
}

// CHeapProfiler is a CAllocationProfiler that also knows what of its allocations is still alive. It is not started and stopped each period
// but runs all the time, and its profile joins Go's before deltas are made, as totals are joined to totals.
type CHeapProfiler interface {
	CAllocationProfiler
	// StartHeap begins to sample, or changes the interval. An error says why C allocations cannot be profiled in this process.
	StartHeap(intervalBytes int64) error
	// StopHeap takes no further samples.
	StopHeap()
	// Heap returns all allocations since the first StartHeap and what of them is alive, as profile.proto without compression.
	Heap() ([]byte, error)
}

var (
	mu      sync.Mutex
	current CAllocationProfiler // guarded by mu
)

// GetCAllocationProfiler returns the profiler that was set last.
func GetCAllocationProfiler() (impl CAllocationProfiler, registered bool) {
	mu.Lock()
	defer mu.Unlock()
	return current, current != nil
}

// SetCAllocationProfiler makes c the profiler of C allocations; nil: there is none.
func SetCAllocationProfiler(c CAllocationProfiler) {
	mu.Lock()
	defer mu.Unlock()
	current = c
}
