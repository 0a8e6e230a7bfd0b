//go:build linux && (amd64 || arm64) && cgo

package profiler

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/internal/allocator"
	"github.com/cmemprof/cmemprof/goshim/profiler/internal/sharedlimit"
	"github.com/cmemprof/cmemprof/merge"
	"github.com/cmemprof/cmemprof/upload"
)

// delta turns cumulative profiles into the change between two calls.
type delta interface {
	Next(profile []byte) ([]byte, error)
	Join(partial bool, parts ...merge.Part) ([]byte, error)
	Close()
}

// sources are the profiler's external dependencies. Tests replace them.
type sources struct {
	begin          func(seq uint64) // called at the start of a period
	statsC         func() cmemprof.Stats
	allocator      func() allocator.Answer
	agesC          func() cmemprof.Ages
	setLabelsC     func(words ...string) error
	labelsErrorC   func() error
	peaksC         func() ([]byte, error) // nil: none are taken
	getPeaksC      func() (live, rss cmemprof.Peak)
	memory         func(goHeap []byte, allocator *cmemprof.AllocatorStats) (cmemprof.MemoryFigures, []byte, error) // nil: none is taken
	memoryRollup   func() (cmemprof.MemoryRollup, bool)
	evictC         func() bool
	startCPU       func(io.Writer) error
	stopCPU        func() uint64                                                             // CPU time of the process since startCPU, in ns; 0: unknown
	completeCPU    func(profile []byte, processNs uint64) ([]byte, cmemprof.CPUTimes, error) // nil: it stays as it is
	startTraceback func() error                                                              // nil: never
	stopTraceback  func()
	startTrace     func(io.Writer) error
	stopTrace      func()
	lookup         func(name string, w io.Writer) error
	listGoroutines func(io.Writer) error
	merge          func(output merge.Output, profiles ...[]byte) ([]byte, error)
	newDelta       func(output merge.Output, types ...string) delta
	compress       func([]byte, compression) ([]byte, error)
	send           func(context.Context, upload.Request) error // nil: as configured
	after          func(time.Duration) <-chan time.Time        // for the deadlines of Stop
	lastTries      time.Duration                               // how long Stop may retry
	sleepUntil     func(t time.Time, exit <-chan struct{}, evict func())
	newWatch       func(threshold uint64) func() (near bool, left uint64, wait time.Duration)
	memoryLeft     func() uint64
	requestPause   time.Duration // between two batches that were asked for, at least
	cgroupLimit    func() uint64 // math.MaxUint64: none
	setGoLimit     func(bytes int64) (before int64)
	limitFigures   func() (sharedlimit.Figures, bool)
	freeGoMemory   func()
	sleepLimit     func(time.Duration, <-chan struct{})
}

var realSources = sources{
	begin:          func(uint64) {},
	statsC:         cmemprof.GetStats,
	allocator:      allocator.Process.Recent,
	agesC:          cmemprof.GetAges,
	setLabelsC:     cmemprof.SetLabels,
	labelsErrorC:   cmemprof.LabelsError,
	peaksC:         cmemprof.Peaks,
	getPeaksC:      cmemprof.GetPeaks,
	memory:         cmemprof.MemoryProfile,
	memoryRollup:   cmemprof.GetMemoryRollup,
	evictC:         cmemprof.MakeRoom,
	startCPU:       cmemprof.StartCPUProfile,
	stopCPU:        cmemprof.StopCPUProfile,
	completeCPU:    cmemprof.CPUProfile,
	startTraceback: cmemprof.StartCgoTraceback,
	stopTraceback:  cmemprof.StopCgoTraceback,
	startTrace:     trace.Start,
	stopTrace:      trace.Stop,
	lookup:         lookupProfile,
	listGoroutines: func(w io.Writer) error { return pprof.Lookup("goroutine").WriteTo(w, 2) },
	merge:          mergeOwn,
	newDelta: func(output merge.Output, types ...string) delta {
		return merge.NewDeltaWith(merge.DeltaOptions{Types: types, Output: output, TellsOnce: true, Limits: ofOwnProfiles})
	},
	compress:   compress,
	after:      time.After,
	lastTries:  stopTime,
	sleepUntil: sleeper(time.Second),
	newWatch:   realWatch,
	memoryLeft: cmemprof.MemoryLeft,

	requestPause: 10 * time.Second,

	cgroupLimit:  cmemprof.MemoryLimit,
	setGoLimit:   debug.SetMemoryLimit,
	limitFigures: readLimitFigures,
	freeGoMemory: debug.FreeOSMemory,
	sleepLimit:   sleep,
}

// ofOwnProfiles are the limits for what this process made itself: it may be as repetitive as it is.
var ofOwnProfiles = &merge.Limits{InflateRatio: -1}

func mergeOwn(output merge.Output, profiles ...[]byte) ([]byte, error) {
	m := merge.NewMerger(merge.MergerOptions{Limits: ofOwnProfiles})
	defer m.Close()
	for _, profile := range profiles {
		if err := m.Add(profile); err != nil {
			return nil, err
		}
	}
	return m.Result(output)
}

// liveC returns the bytes in use by C's samples.
func (s sources) liveC() (bytes float64) {
	for _, ofAge := range s.agesC().LiveBytes {
		bytes += ofAge
	}
	return bytes
}

func lookupProfile(name string, w io.Writer) error {
	profile := pprof.Lookup(name)
	if profile == nil {
		return fmt.Errorf("the runtime has no %s profile", name)
	}
	return profile.WriteTo(w, 0)
}
