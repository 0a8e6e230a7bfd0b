package extensions_test

import (
	"fmt"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler/extensions"
)

// arenas is a profiler of an allocator that the hooks of package cmemprof do not see.
type arenas struct{}

func (arenas) Start(rate int) { fmt.Println("one sample in", rate, "bytes") }

func (arenas) Stop() (*profile.Profile, error) {
	return &profile.Profile{SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"},
		{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}}}, nil
}

func Example() {
	extensions.SetCAllocationProfiler(arenas{})
	defer extensions.SetCAllocationProfiler(nil)

	// What the profiler does each period:
	c, registered := extensions.GetCAllocationProfiler()
	c.Start(extensions.DefaultCAllocationSamplingRate)
	p, err := c.Stop()
	fmt.Println(registered, len(p.SampleType), "sample types,", err)
	_, registered = extensions.GetCAllocationProfiler()
	fmt.Println(registered)
	// Output:
	// one sample in 524288 bytes
	// true 4 sample types, <nil>
	// true
}
