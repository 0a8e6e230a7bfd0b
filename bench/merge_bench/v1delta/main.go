// The program v1delta measures the Delta of dd-trace-go v1.43.1 on encoded heap profiles, with the google/pprof version in its go.mod; later
// ones are incompatible. usage: v1delta FILE... (uncompressed; taken in turn, one step each)
package main

import (
	"io"
	"os"

	"github.com/cmemprof/cmemprof/bench/merge_bench/timing"
	"github.com/google/pprof/profile"
	"gopkg.in/DataDog/dd-trace-go.v1/profiler/internal/pprofutils"
)

func main() {
	files := timing.Read(os.Args[1:])
	delta := pprofutils.Delta{SampleTypes: []pprofutils.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"}}}
	var before *profile.Profile
	timing.Steps(func(i int) {
		after, err := profile.ParseData(files[i%len(files)])
		timing.Check(err)
		if before != nil {
			out, err := delta.Convert(before, after)
			timing.Check(err)
			timing.Check(out.WriteUncompressed(io.Discard))
		}
		before = after
	})
}
