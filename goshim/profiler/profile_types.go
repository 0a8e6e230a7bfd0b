package profiler

import (
	"fmt"
	"strings"
)

// ProfileType is a kind of profile. The values are those of dd-trace-go v1.
type ProfileType int

const (
	// HeapProfile shows allocations and live memory of Go and C.
	HeapProfile ProfileType = iota
	// CPUProfile shows where the program spends CPU time.
	CPUProfile
	// BlockProfile shows where goroutines block. It can be expensive, see DefaultBlockRate, and is off by default.
	BlockProfile
	// MutexProfile shows contended locks. It is off by default.
	MutexProfile
	// GoroutineProfile shows the stacks of all goroutines.
	GoroutineProfile
	waitProfile // how long goroutines wait; enabled by DD_PROFILING_WAIT_PROFILE
	// MetricsProfile has metrics of the runtime, such as allocations, collections and pauses, and of C memory. It is always on.
	MetricsProfile
	executionTrace // in some periods; enabled by DD_PROFILING_EXECUTION_TRACE_ENABLED
	// GoroutineLeakProfile shows goroutines that can never wake up. Each one runs a garbage collection, so it is off by default. It needs Go
	// 1.27, or Go 1.26 with GOEXPERIMENT=goroutineleakprofile, which also enables it. It is left out if the runtime lacks it.
	GoroutineLeakProfile
	peakProfile   // C memory at its peak; with C's heap
	memoryProfile // where the resident memory is; with C's heap, unless DD_PROFILING_CMEMPROF_MEMORY=false
)

type profileType struct {
	name     string
	filename string
	// deltaTypes are the cumulative sample types; their change in the period is sent.
	deltaTypes []string
}

var profileTypes = map[ProfileType]profileType{
	CPUProfile:       {name: "cpu", filename: "cpu.pprof"},
	HeapProfile:      {name: "heap", filename: "heap.pprof", deltaTypes: []string{"alloc_objects", "alloc_space"}},
	BlockProfile:     {name: "block", filename: "block.pprof", deltaTypes: []string{"contentions", "delay"}},
	MutexProfile:     {name: "mutex", filename: "mutex.pprof", deltaTypes: []string{"contentions", "delay"}},
	GoroutineProfile: {name: "goroutine", filename: "goroutines.pprof"},
	waitProfile:      {name: "goroutinewait", filename: "goroutineswait.pprof"},
	MetricsProfile:   {name: "metrics", filename: "metrics.json"},
	executionTrace:   {name: "execution-trace", filename: "go.trace"},
	peakProfile:      {name: "peak", filename: "peak.pprof"},
	memoryProfile:    {name: "memory", filename: "memory.pprof"},
	// pprof.Lookup knows it without the hyphen, see lookupName.
	GoroutineLeakProfile: {name: "goroutine-leak", filename: "goroutineleak.pprof"},
}

// profileOrder is the order of collection and of a batch. It is fixed, so that each delta covers one period. The memory profile needs Go's heap
// profile, and its figures are metrics.
var profileOrder = []ProfileType{CPUProfile, HeapProfile, peakProfile, memoryProfile, BlockProfile, MutexProfile, GoroutineProfile, waitProfile, GoroutineLeakProfile,
	MetricsProfile, executionTrace}

func (t ProfileType) lookup() profileType {
	if known, ok := profileTypes[t]; ok {
		return known
	}
	return profileType{name: "unknown", filename: "unknown"}
}

// lookupName returns the name for runtime/pprof.Lookup.
func (t ProfileType) lookupName() string { return strings.ReplaceAll(t.String(), "-", "") }

// UnmarshalText parses a name: "cpu", "heap", "block", "mutex", "goroutine" or "goroutineleak".
func (t *ProfileType) UnmarshalText(text []byte) error {
	for _, known := range []ProfileType{CPUProfile, HeapProfile, BlockProfile, MutexProfile, GoroutineProfile, GoroutineLeakProfile} {
		if known.lookupName() == string(text) {
			*t = known
			return nil
		}
	}
	return fmt.Errorf("unknown profile type: %s", text)
}

// String returns the name of the type, such as "heap".
func (t ProfileType) String() string { return t.lookup().name }

// Filename returns the name of the attachment, such as "heap.pprof". Delta profiles prepend "delta-".
func (t ProfileType) Filename() string { return t.lookup().filename }

// Tag returns the type as a tag, such as "profile_type:heap".
func (t ProfileType) Tag() string { return "profile_type:" + t.String() }
