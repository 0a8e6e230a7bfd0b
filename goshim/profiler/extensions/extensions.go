// Package extensions lets a profiler of C allocations register itself with package profiler.
//
// github.com/cmemprof/cmemprof/goshim/profiler has a default profiler, which is used if no other was set. Set another one in the init function
// of its package:
//
//	func init() { extensions.SetCAllocationProfiler(mine) }
//
// It takes effect at the next profiler.Start.
package extensions

import (
	"sync"

	"github.com/google/pprof/profile"
)

// DefaultCAllocationSamplingRate is the default sampling interval, the mean number of bytes between two samples: that of Go's heap profile.
const DefaultCAllocationSamplingRate = 512 * 1024

// CAllocationProfiler profiles C allocations in consecutive periods. Its methods are called by one goroutine at a time. Panics
// in them are contained.
type CAllocationProfiler interface {
	// Start begins a period. One sample is taken every rate bytes, on average.
	Start(rate int)
	// Stop ends the period and returns the allocations since Start, with the sample types of Go's heap profile. The result is merged with Go's
	// if delta profiles are on. Without delta profiles it is not used, as it has no totals since process start.
	Stop() (*profile.Profile, error)
}

// CHeapProfiler is a CAllocationProfiler that also tracks which allocations are live. It runs continuously instead of being started and stopped
// each period. Its cumulative profile is merged with Go's before deltas are computed.
type CHeapProfiler interface {
	CAllocationProfiler
	// StartHeap starts sampling, or changes the interval. An error says why C allocations cannot be profiled in this process.
	StartHeap(intervalBytes int64) error
	// StopHeap stops sampling.
	StopHeap()
	// Heap returns all allocations since the first StartHeap and the live ones among them, as uncompressed profile.proto.
	Heap() ([]byte, error)
}

var (
	mu      sync.Mutex
	current CAllocationProfiler // guarded by mu
)

// GetCAllocationProfiler returns the current profiler of C allocations.
func GetCAllocationProfiler() (impl CAllocationProfiler, registered bool) {
	mu.Lock()
	defer mu.Unlock()
	return current, current != nil
}

// SetCAllocationProfiler makes c the profiler of C allocations; nil means none.
func SetCAllocationProfiler(c CAllocationProfiler) {
	mu.Lock()
	defer mu.Unlock()
	current = c
}
