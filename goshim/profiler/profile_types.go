package profiler

import (
	"fmt"
	"strings"
)

// ProfileType is a kind of profile. The values are those of dd-trace-go v1.
type ProfileType int

const (
	// HeapProfile has allocations and live memory, of Go and of C.
	HeapProfile ProfileType = iota
	// CPUProfile shows where the program spends CPU time.
	CPUProfile
	// BlockProfile shows where goroutines wait. It can be costly, see DefaultBlockRate, and is not on by default.
	BlockProfile
	// MutexProfile shows contended locks. It is not on by default.
	MutexProfile
	// GoroutineProfile has the stacks of all goroutines.
	GoroutineProfile
	waitProfile // how long goroutines wait: DD_PROFILING_WAIT_PROFILE turns it on
	// MetricsProfile has figures of the runtime, as allocations, collections and pauses, and of C's memory. It is always on.
	MetricsProfile
	executionTrace // DD_PROFILING_EXECUTION_TRACE_ENABLED turns it on, for some periods
	// GoroutineLeakProfile has goroutines that nothing can wake up any more. Go 1.26 must have been built with
	// GOEXPERIMENT=goroutineleakprofile, which also turns it on; where the runtime lacks it, it is left out.
	GoroutineLeakProfile
)

type profileType struct {
	name     string
	filename string
	// deltaTypes are the sample types that count since the start of the process: what is sent is how much they grew in the period.
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
	// Lookup knows it without the hyphen, see lookupName.
	GoroutineLeakProfile: {name: "goroutine-leak", filename: "goroutineleak.pprof"},
}

// profileOrder is the order of collection and of a batch. Always the same, so that each delta covers one period.
var profileOrder = []ProfileType{CPUProfile, HeapProfile, BlockProfile, MutexProfile, GoroutineProfile, waitProfile, GoroutineLeakProfile,
	MetricsProfile, executionTrace}

func (t ProfileType) lookup() profileType {
	if known, ok := profileTypes[t]; ok {
		return known
	}
	return profileType{name: "unknown", filename: "unknown"}
}

// lookupName is what runtime/pprof.Lookup calls it.
func (t ProfileType) lookupName() string { return strings.ReplaceAll(t.String(), "-", "") }

// UnmarshalText takes a name: "cpu", "heap", "block", "mutex", "goroutine" or "goroutineleak".
func (t *ProfileType) UnmarshalText(text []byte) error {
	for _, known := range []ProfileType{CPUProfile, HeapProfile, BlockProfile, MutexProfile, GoroutineProfile, GoroutineLeakProfile} {
		if known.lookupName() == string(text) {
			*t = known
			return nil
		}
	}
	return fmt.Errorf("unknown profile type: %s", text)
}

// String is the name of the type, as "heap".
func (t ProfileType) String() string { return t.lookup().name }

// Filename is the name of the attachment, as "heap.pprof". Delta profiles have "delta-" before it.
func (t ProfileType) Filename() string { return t.lookup().filename }

// Tag is the type as a tag, as "profile_type:heap".
func (t ProfileType) Tag() string { return "profile_type:" + t.String() }
