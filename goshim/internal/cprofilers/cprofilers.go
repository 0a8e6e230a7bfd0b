// Package cprofilers holds the profiler of C allocations that package profiler uses. Profiles are bytes here: package extensions, which a program
// imports to register one, has google/pprof's type for them, and that package takes 0.3 ms of a program's start.
package cprofilers

import "sync"

// DefaultInterval is the mean number of bytes between two samples: that of Go's heap profile.
const DefaultInterval = 512 * 1024

// Period profiles C allocations in consecutive periods: see extensions.CAllocationProfiler.
type Period interface {
	Start(rate int)
	// End ends the period. No profile and no error: there is none.
	End() ([]byte, error)
}

// Heap also tracks which allocations are live: see extensions.CHeapProfiler.
type Heap interface {
	Period
	StartHeap(intervalBytes int64) error
	StopHeap()
	Heap() ([]byte, error)
}

var (
	mu      sync.Mutex
	current Period // guarded by mu
)

// Get returns the present profiler, which may be a Heap; nil: there is none.
func Get() Period {
	mu.Lock()
	defer mu.Unlock()
	return current
}

// Set makes p the profiler; nil: none.
func Set(p Period) {
	mu.Lock()
	defer mu.Unlock()
	current = p
}

// SetFirst is Set where none is.
func SetFirst(p Period) {
	mu.Lock()
	defer mu.Unlock()
	if current == nil {
		current = p
	}
}
