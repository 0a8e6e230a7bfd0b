//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"context"
	"errors"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
)

// mergeInC allocates in C.
//
//go:noinline
func mergeInC(t *testing.T) {
	t.Helper()
	if _, err := merge.Merge(cHeap(1, 2, 3, 4), cHeap(5, 6, 7, 8)); err != nil {
		t.Fatal(err)
	}
}

// Labels of a request, as tracers set them, are on the C memory of its goroutine: in the delta of the heap and in the memory profile.
func TestLabelsOfC(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	a := newAgent(t)
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	for range 2 { // each period has its own allocations
		labels := pprof.Labels("span id", "11", "local root span id", "12", "trace endpoint", "GET /cart")
		pprof.Do(context.Background(), labels, func(context.Context) {
			for range 2000 { // threads adopt the interval with their next sample
				mergeInC(t)
			}
		})
		b := a.period(t)
		p := b.profile(t, "delta-heap.pprof")
		allocated := int64(0)
		for _, s := range p.Sample {
			if s.Label["memory"] != nil && strings.Contains(stackText(s), "profiler_test.mergeInC") && s.Value[0] > 0 {
				allocated += s.Value[0]
				if !slices.Equal(s.Label["trace endpoint"], []string{"GET /cart"}) || s.Label["span id"] != nil || s.Label["local root span id"] != nil {
					t.Errorf("labels %v", s.Label)
				}
			}
		}
		if allocated == 0 {
			t.Error("no allocation of C")
		}
		if !slices.ContainsFunc(p.Comments, func(c string) bool {
			return strings.HasPrefix(c, "cmemprof: labels: left out, since they name single requests") && strings.Contains(c, "local root span id")
		}) {
			t.Errorf("comments %q", p.Comments)
		}
	}
}

func TestWhichLabelsOfC(t *testing.T) {
	a := newAgent(t)
	var got [][]string
	defer profiler.SetFakes(profiler.Fakes{ProfileC: emptyHeap, SetLabelsC: func(words ...string) error {
		got = append(got, words)
		return nil
	}})()
	run := func(value string, options ...profiler.Option) {
		t.Helper()
		t.Setenv("DD_PROFILING_CMEMPROF_LABELS", value)
		start(t, a, append([]profiler.Option{profiler.WithProfileTypes(profiler.HeapProfile)}, options...)...)
		profiler.Stop()
		a.next(t)
	}
	run("")
	run("span id, tenant,-user")
	run("off")
	run("off", profiler.WithCMemoryLabels("all"))
	run("off", profiler.WithCMemoryLabels())
	run("", profiler.WithProfileTypes()) // without C's heap
	want := [][]string{nil, {"span id", "tenant", "-user"}, {"off"}, {"all"}, nil}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("labels %q, want %q", got, want)
	}
	wantError(t, "invalid labels of C memory", profiler.WithCMemoryLabels("tenant", ""))
	wantError(t, "1 to 128 bytes", profiler.WithCMemoryLabels(strings.Repeat("x", 129)))
}

// What a Go version gets whose labels are not where they were searched: a line in the log, once, and profiles as before.
func TestLabelsOfUnknownGo(t *testing.T) {
	log := captureLog(t)
	defer profiler.SetFakes(profiler.Fakes{ProfileC: emptyHeap, LabelsErrorC: func() error { return errors.New("cmemprof: C samples have no labels: a test") }})()
	a := newAgent(t)
	startStepped(t, a, profiler.WithLogStartup(false), profiler.WithProfileTypes(profiler.HeapProfile))
	for range 2 {
		if b := a.period(t); b.attachments["delta-heap.pprof"] == nil {
			t.Errorf("attachments %q", b.order)
		}
	}
	log.wantOnly(t, "WARN cmemprof: C samples have no labels: a test")
}
