package profiler

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
	_ // dd-trace-go's private goroutine wait profile
	// MetricsProfile has figures of the runtime: allocations, collections and pauses. It is always on.
	MetricsProfile
)

type profileType struct {
	name     string // what runtime/pprof.Lookup calls it, where that knows it
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
	MetricsProfile:   {name: "metrics", filename: "metrics.json"},
}

// profileOrder is the order of collection and of a batch. Always the same, so that each delta covers one period.
var profileOrder = []ProfileType{CPUProfile, HeapProfile, BlockProfile, MutexProfile, GoroutineProfile, MetricsProfile}

func (t ProfileType) lookup() profileType {
	if known, ok := profileTypes[t]; ok {
		return known
	}
	return profileType{name: "unknown", filename: "unknown"}
}

// String is the name of the type, as "heap".
func (t ProfileType) String() string { return t.lookup().name }

// Filename is the name of the attachment, as "heap.pprof". Delta profiles have "delta-" before it.
func (t ProfileType) Filename() string { return t.lookup().filename }

// Tag is the type as a tag, as "profile_type:heap".
func (t ProfileType) Tag() string { return "profile_type:" + t.String() }
