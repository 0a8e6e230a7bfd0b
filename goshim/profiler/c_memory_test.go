//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// ofUpload reports whether a sample is C memory allocated by a Go function of package upload.
func ofUpload(s *profile.Sample) bool {
	if s.Value[0] == 0 || !slices.Equal(s.Label["memory"], []string{"C"}) {
		return false
	}
	return slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
		return slices.ContainsFunc(l.Line, func(line profile.Line) bool {
			return strings.HasPrefix(line.Function.Name, "github.com/cmemprof/cmemprof/upload.")
		})
	})
}

// Without fakes: the queue allocates for the uploader, so from the second period on the heap profile
// shows the profiler itself.
func TestHeapShowsWhatCAllocated(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	a, log := newAgent(t), captureLog(t)
	startStepped(t, a, profiler.WithPeriod(50*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	var p *profile.Profile
	for deadline := time.Now().Add(patience); p == nil || !slices.ContainsFunc(p.Sample, ofUpload); {
		if time.Now().After(deadline) {
			t.Fatalf("nothing that package upload took, in any profile; the last had %d samples", len(p.Sample))
		}
		p = a.period(t).profile(t, "delta-heap.pprof")
	}
	for _, s := range p.Sample {
		if ofUpload(s) && !slices.Equal(s.Label["owner"], []string{"cmemprof"}) {
			t.Errorf("memory of the profiler's own without its label: %v", s.Label)
		}
	}
	if goSamples(p) == 0 {
		t.Error("nothing of Go's heap beside it")
	}
	log.wantOnly(t)
}
