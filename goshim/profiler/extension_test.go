//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/goshim/profiler/extensions"
)

// periodC is a third-party profiler of C allocations, as for dd-trace-go.
type periodC struct {
	mu             sync.Mutex
	rates          []int
	started, ended int
	stop           func(n int) (*profile.Profile, error)
}

func (c *periodC) Start(rate int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rates = append(c.rates, rate)
	c.started++
}

func (c *periodC) Stop() (*profile.Profile, error) {
	c.mu.Lock()
	c.ended++
	n := c.ended
	c.mu.Unlock()
	return c.stop(n)
}

func setExtension(t *testing.T, c extensions.CAllocationProfiler) {
	before, _ := extensions.GetCAllocationProfiler()
	extensions.SetCAllocationProfiler(c)
	t.Cleanup(func() { extensions.SetCAllocationProfiler(before) })
}

func TestOwnProfilerIsTheExtension(t *testing.T) {
	if c, ok := extensions.GetCAllocationProfiler(); !ok || c.(extensions.CHeapProfiler) == nil {
		t.Errorf("%T, %t", c, ok)
	}
	if extensions.DefaultCAllocationSamplingRate != cmemprof.DefaultInterval {
		t.Error("two default rates")
	}
}

// Its profile covers one period and is added to Go's.
func TestPeriodsOfSomebodyElsesProfiler(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	c := &periodC{stop: func(n int) (*profile.Profile, error) {
		switch n {
		case 2:
			return nil, errors.New("out of luck")
		case 3:
			panic("in Stop")
		case 4:
			return nil, nil
		}
		return profile.ParseData(cHeap(int64(n), 100, 0, 0))
	}}
	setExtension(t, c)
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "4096")
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
	for i, want := range []int64{1, 0, 0, 0, 5, 6} {
		p := a.period(t).profile(t, "delta-heap.pprof")
		if got := valuesOf(p, "sqlite3_malloc")[0]; got != want {
			t.Errorf("period %d: %d allocations of C, want %d", i, got, want)
		}
		if i == 0 && goSamples(p) == 0 {
			t.Error("nothing of Go")
		}
	}
	profiler.Stop()
	if got := since(base); got.ProfilesFailed != 3 || got.Panics != 1 {
		t.Errorf("%+v", got)
	}
	if c.started != c.ended || slices.Max(c.rates) != 4096 || slices.Min(c.rates) != 4096 {
		t.Errorf("%d times started, %d ended, rates %v", c.started, c.ended, c.rates)
	}
}

func TestPeriodsAreNotForTotals(t *testing.T) {
	a := newAgent(t)
	c := &periodC{}
	setExtension(t, c)
	b := one(t, a, profiler.WithProfileTypes(profiler.HeapProfile), profiler.WithDeltaProfiles(false))
	if b.attachments["heap.pprof"] == nil || c.started != 0 {
		t.Errorf("attachments %q, %d times started", b.order, c.started)
	}
}

// Stop ends its period also without a flush.
func TestPeriodEndsWithoutFlush(t *testing.T) {
	t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "false")
	var ended atomic.Int32
	c := &periodC{stop: func(int) (*profile.Profile, error) { ended.Add(1); return nil, errors.New("unused") }}
	setExtension(t, c)
	start(t, newAgent(t), profiler.WithPeriod(time.Hour), profiler.WithProfileTypes(profiler.HeapProfile))
	profiler.Stop()
	if int(ended.Load()) != c.started || c.started != 1 {
		t.Errorf("%d times started, %d ended", c.started, ended.Load())
	}
}

func TestNoExtension(t *testing.T) {
	setExtension(t, nil)
	a, log := newAgent(t), captureLog(t)
	if b := one(t, a, profiler.WithProfileTypes(profiler.HeapProfile)); b.attachments["delta-heap.pprof"] == nil {
		t.Errorf("attachments %q", b.order)
	}
	log.wantOnly(t)
}

// The extension as used by others: C allocations between Start and Stop, here by merging.
func TestOwnProfilerByPeriods(t *testing.T) {
	c, _ := extensions.GetCAllocationProfiler()
	if _, err := c.Stop(); err == nil {
		t.Error("Stop before Start: no error")
	}
	for range 2 {
		c.Start(1)
		before := cmemprof.GetStats().Samples
		// A thread applies a new interval only at its next sample, which may be a megabyte away.
		for i := 0; cmemprof.GetStats().Samples == before; i++ {
			if i == 10000 {
				t.Fatal("nothing was sampled")
			}
			churn(t)
		}
		churn(t)
		p, err := c.Stop()
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool {
			return s.Value[0] > 0 && s.Label["memory"] != nil && strings.Contains(stackText(s), "profiler_test.churn")
		})
		if sampleTypes(p) != heapTypes || !found {
			t.Errorf("%d samples of %s, churn among them: %t", len(p.Sample), sampleTypes(p), found)
		}
	}
	c.Start(1) // a short interval: a thread applies a new one only at its next sample
	p, err := c.Stop()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Sample {
		if s.Value[0] != 0 && strings.Contains(stackText(s), "profiler_test.churn") {
			t.Errorf("%d allocations of before", s.Value[0])
		}
	}
}
