//go:build linux && amd64 && cgo

package debug

import (
	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Status is what ServeStatus answers with.
type Status struct {
	Sampling  cmemprof.Stats           // of C allocations
	Profiler  profiler.Counters        // of goshim/profiler; zero if it does not run
	Allocator *cmemprof.AllocatorStats `json:",omitempty"` // only when asked for
}

func newStatus(allocator bool) Status {
	s := Status{Sampling: cmemprof.GetStats(), Profiler: profiler.Stats()}
	if allocator {
		stats := cmemprof.GetAllocatorStats()
		s.Allocator = &stats
	}
	return s
}
