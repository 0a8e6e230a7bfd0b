//go:build linux && (amd64 || arm64) && cgo

package debug

import (
	"fmt"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/allocator"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// Status is what [ServeStatus] returns.
type Status struct {
	Sampling cmemprof.Stats    // of C allocations
	Warnings []string          `json:",omitempty"` // what of this is incomplete, in words
	Ages     cmemprof.Ages     // of live C memory, and lifetimes of freed
	PeakLive cmemprof.Peak     // peak of live C memory; see /debug/cmemprof/peak
	PeakRSS  cmemprof.Peak     // peak of RSS
	Profiler profiler.Counters // of goshim/profiler; zero if it is not running

	// Only with allocator=1: what it said, and when. It is asked for this only while that takes less than a millisecond, since the program's malloc
	// waits meanwhile; goshim/profiler asks for 1/10,000 of the time.
	Allocator   *cmemprof.AllocatorStats `json:",omitempty"`
	AllocatorAt *time.Time               `json:",omitempty"`
}

func newStatus(withAllocator bool) Status {
	s := Status{Sampling: cmemprof.GetStats(), Ages: cmemprof.GetAges(), Profiler: profiler.Stats()}
	if lost := s.Sampling.LostSamples(); lost > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d samples of C allocations were lost: figures of C memory are too low", lost))
	}
	if lost, nameless := s.Sampling.LostMappings, s.Sampling.NamelessMappings; lost+nameless > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d calls of mmap or its relatives were not followed, and %d mappings have no stack: figures of "+
			"mapped memory are incomplete", lost, nameless))
	}
	s.PeakLive, s.PeakRSS = cmemprof.GetPeaks()
	if withAllocator {
		answer := allocator.Process.Cheap()
		s.Allocator, s.AllocatorAt = &answer.Stats, &answer.At
	}
	return s
}
