//go:build linux && amd64 && cgo

package debug

import (
	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Status is what [ServeStatus] returns.
type Status struct {
	Sampling  cmemprof.Stats           // of C allocations
	Ages      cmemprof.Ages            // of live C memory, and lifetimes of freed
	PeakLive  cmemprof.Peak            // peak of live C memory; see /debug/cmemprof/peak
	PeakRSS   cmemprof.Peak            // peak of RSS
	Profiler  profiler.Counters        // of goshim/profiler; zero if it is not running
	Allocator *cmemprof.AllocatorStats `json:",omitempty"` // only with allocator=1
}

func newStatus(allocator bool) Status {
	s := Status{Sampling: cmemprof.GetStats(), Ages: cmemprof.GetAges(), Profiler: profiler.Stats()}
	s.PeakLive, s.PeakRSS = cmemprof.GetPeaks()
	if allocator {
		stats := cmemprof.GetAllocatorStats()
		s.Allocator = &stats
	}
	return s
}
