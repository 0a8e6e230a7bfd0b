//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// firstWords starts a profiler whose first words are sent, since it fails in all periods but the first. It returns the batch that trouble brings.
func firstWords(t *testing.T, a *agent, fakes profiler.Fakes, options ...profiler.Option) (trouble func() *received) {
	t.Helper()
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	watch := &alarm{}
	fakes.Watch = watch.step
	fakes.Begin = func(seq uint64) {
		if seq > 0 {
			panic("all periods but the first fail")
		}
	}
	defer profiler.SetFakes(fakes)()
	start(t, a, append([]profiler.Option{wholePeriod, profiler.WithSpool(filepath.Join(t.TempDir(), "spool"), 0)}, options...)...)
	return func() *received {
		a.period(t)
		watch.times.Store(1)
		return a.next(t)
	}
}

// brief starts a profiler that has no room to collect.
func brief(t *testing.T, a *agent, fakes profiler.Fakes, options ...profiler.Option) (trouble func() *received) {
	t.Helper()
	var left atomic.Uint64
	left.Store(100 << 20)
	fakes.MemoryLeft = left.Load
	defer profiler.SetFakes(fakes)()
	start(t, a, append([]profiler.Option{wholePeriod}, options...)...)
	return func() *received {
		left.Store(1 << 20)
		return a.period(t)
	}
}

var whenMemoryIsShort = map[string]func(*testing.T, *agent, profiler.Fakes, ...profiler.Option) func() *received{"first words": firstWords, "brief": brief}

// Labels and paths of C's live heap, as it really is.
func TestSwitchesWhenMemoryIsShort(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sampleAll(t)
	for name, begin := range whenMemoryIsShort {
		for _, on := range []bool{false, true} {
			a := newAgent(t)
			var options []profiler.Option
			if on {
				options = append(options, profiler.WithLabelFilter("allow:tenant"), profiler.WithReport(profiler.ReportSourcePaths, false))
			}
			trouble := begin(t, a, a.steps(), options...)
			pprof.Do(context.Background(), pprof.Labels(secretKey, secretValue, "tenant", "acme"), func(context.Context) { allocate(t, 100) })
			b := trouble()
			profiler.Stop()
			b.wantTag(t, "left_out", "memory")
			for _, secret := range []string{secretKey, secretValue, filepath.Dir(executable)} {
				if found := b.where(secret); (len(found) == 0) != on {
					t.Errorf("%s, switches %t: %s is at %q", name, on, secret, found)
				}
			}
			if b.where("acme")["delta-heap.pprof"] == "" || allocated(b.profile(t, "delta-heap.pprof"))[2] < 200 {
				t.Errorf("%s, switches %t: the heap lacks what is allowed", name, on)
			}
		}
	}
}

// A live heap that cannot be read is not sent as it is, and counted.
func TestLiveHeapThatCannotBeRedacted(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	a, watch, base := newAgent(t), &alarm{}, profiler.Stats()
	log, spool := captureLog(t), filepath.Join(t.TempDir(), "spool")
	var left atomic.Uint64
	left.Store(100 << 20)
	fakes := plantedFakes(a)
	fakes.Watch, fakes.MemoryLeft = watch.step, left.Load
	fakes.LiveHeapC = func() ([]byte, error) { return append([]byte{0xff}, planted(plantedHeapTypes...)...), nil }
	defer profiler.SetFakes(fakes)()
	start(t, a, wholePeriod, profiler.WithSpool(spool, 0), profiler.WithLabelFilter("allow:tenant"))
	a.period(t)
	watch.times.Store(1)
	a.next(t).wantTag(t, "trigger", "memory")
	if got := since(base).ProfilesFailed; got != 1 {
		t.Errorf("first words: %d profiles failed", got)
	}
	left.Store(1 << 20)
	if b := a.period(t); !slices.Equal(b.order, []string{"metrics.json"}) || since(base).ProfilesFailed != 2 {
		t.Errorf("brief: %q, %d profiles failed", b.order, since(base).ProfilesFailed)
	}
	if lines := log.all(); len(lines) == 0 || !strings.Contains(lines[0], "what shall not be sent cannot be left out") {
		t.Errorf("log %q", lines)
	}
}
