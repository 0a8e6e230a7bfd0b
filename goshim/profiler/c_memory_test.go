//go:build linux && amd64 && cgo

package profiler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// calledFrom says whether a sample has code of the library, and behind it a Go function of the package.
func calledFrom(s *profile.Sample, library, goPackage string) bool {
	in := func(l *profile.Location) bool { return l.Mapping != nil && strings.Contains(l.Mapping.File, library) }
	inner := slices.IndexFunc(s.Location, in)
	return inner >= 0 && slices.ContainsFunc(s.Location[inner:], func(l *profile.Location) bool {
		return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return strings.HasPrefix(line.Function.Name, goPackage+".") })
	})
}

// With nothing faked: libcurl allocates for the uploader, so from the second period on the heap profile shows the profiler itself. The library
// is told by its mapping, as a test binary has no symbols of its C code.
func TestHeapShowsWhatCAllocated(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	a, log := newAgent(t), captureLog(t)
	start(t, a, profiler.WithPeriod(50*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	var p *profile.Profile
	index := -1
	for deadline := time.Now().Add(patience); index < 0; {
		if time.Now().After(deadline) {
			t.Fatalf("nothing of libcurl, called from package upload, in any profile; the last had %d samples", len(p.Sample))
		}
		p = a.next(t).profile(t, "delta-heap.pprof")
		index = slices.IndexFunc(p.Sample, func(s *profile.Sample) bool {
			return s.Value[0] > 0 && calledFrom(s, "libcurl", "github.com/cmemprof/cmemprof/upload")
		})
	}
	if s := p.Sample[index]; !slices.Equal(s.Label["memory"], []string{"C"}) {
		t.Errorf("labels %q", s.Label)
	}
	if goSamples(p) == 0 {
		t.Error("nothing of Go's heap beside it")
	}
	log.wantOnly(t)
}
