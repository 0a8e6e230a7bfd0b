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
	"bytes"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/internal/cprofilers"
)

// DefaultCAllocationSamplingRate is the default sampling interval, the mean number of bytes between two samples: that of Go's heap profile.
const DefaultCAllocationSamplingRate = cprofilers.DefaultInterval

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

// GetCAllocationProfiler returns the current profiler of C allocations.
func GetCAllocationProfiler() (impl CAllocationProfiler, registered bool) {
	switch p := cprofilers.Get().(type) {
	case nil:
		return nil, false
	case *period:
		return p.CAllocationProfiler, true
	case *heap:
		return p.CHeapProfiler, true
	case cprofilers.Heap:
		return &own{heapProfiler: p}, true
	default:
		return nil, false
	}
}

// SetCAllocationProfiler makes c the profiler of C allocations; nil means none.
func SetCAllocationProfiler(c CAllocationProfiler) {
	switch c := c.(type) {
	case nil:
		cprofilers.Set(nil)
	case *own:
		cprofilers.Set(c.heapProfiler)
	case CHeapProfiler:
		cprofilers.Set(&heap{c})
	default:
		cprofilers.Set(&period{c})
	}
}

// own is package profiler's default.
type own struct{ heapProfiler }

type heapProfiler = cprofilers.Heap // an embedded field of the method's name would hide it

var _ CHeapProfiler = &own{}

func (o *own) Stop() (*profile.Profile, error) {
	bytes, err := o.End()
	if err != nil {
		return nil, err
	}
	return profile.ParseData(bytes)
}

// period and heap are others as package profiler uses them.
type (
	period struct{ CAllocationProfiler }
	heap   struct{ CHeapProfiler }
)

func (p *period) End() ([]byte, error) { return end(p) }
func (h *heap) End() ([]byte, error)   { return end(h) }

// Underlying returns what was registered: it may do more than the interface says.
func (h *heap) Underlying() any { return h.CHeapProfiler }

func end(c CAllocationProfiler) ([]byte, error) {
	p, err := c.Stop()
	if err != nil || p == nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err = p.WriteUncompressed(&buffer)
	return buffer.Bytes(), err
}
