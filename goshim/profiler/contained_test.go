//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"bytes"
	"io"
	"runtime/pprof"
	"slices"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/merge"
)

// churn allocates in C.
func churn(t *testing.T) {
	t.Helper()
	var goroutines bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&goroutines, 0); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := merge.Merge(goroutines.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
}

func stackText(s *profile.Sample) string {
	var text bytes.Buffer
	for _, l := range s.Location {
		for _, line := range l.Line {
			text.WriteString(line.Function.Name + "\n")
		}
	}
	return text.String()
}

// After any failure in one period the next one runs, and the service is not affected.
func TestPanicsOfAPeriodAreContained(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	var periods int
	defer profiler.SetFakes(profiler.Fakes{Lookup: func(name string, w io.Writer) error {
		if periods++; periods <= 3 {
			panic(name)
		}
		return profiler.LookupProfile(name, w)
	}})()
	startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.GoroutineProfile))
	for i := range 5 {
		if b := a.period(t); slices.Contains(b.order, "goroutines.pprof") != (i >= 3) {
			t.Errorf("period %d: attachments %q", i, b.order)
		}
	}
	profiler.Stop()
	if got := since(base); got.Panics != 3 || got.ProfilesFailed != 3 {
		t.Errorf("%+v", got)
	}
}

// A panic that no part contains loses its period, and does not spin.
func TestPanicOfAWholePeriod(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	ends := make(chan struct{})
	var ended uint64 // used by the collecting goroutine
	defer profiler.SetFakes(profiler.Fakes{SleepUntil: func(_ time.Time, exit <-chan struct{}, _ func()) {
		select {
		case <-ends:
			ended++
		case <-exit:
		}
	}, Begin: func(seq uint64) {
		if seq != ended && seq <= 4 {
			t.Errorf("period %d begins after the end of %d", seq, ended)
		}
		if seq < 3 {
			panic("at the start of a period")
		}
	}})()
	start(t, a, profiler.WithProfileTypes())
	for range 4 {
		ends <- struct{}{}
	}
	a.next(t).wantTag(t, "profile_seq", "3")
	if got := since(base); got.Panics != 3 {
		t.Errorf("%+v", got)
	}
}

func TestPanicInAnOption(t *testing.T) {
	defer profiler.SetFakes(profiler.Fakes{Begin: func(uint64) {}})()
	base := profiler.Stats()
	wantError(t, "panic: ", profiler.PanickingOption)
	if got := since(base); got.Panics != 1 {
		t.Errorf("%+v", got)
	}
	one(t, newAgent(t)) // the lock was released
}

// empty is a heap profile without samples, as before the first sample.
func empty(t *testing.T) []byte {
	t.Helper()
	var real bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&real, 0); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(&real)
	if err != nil {
		t.Fatal(err)
	}
	p.Sample, p.Location, p.Function = nil, nil, nil
	var buffer bytes.Buffer
	if err := p.Write(&buffer); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// Before the first collection Go's heap profile is empty, and an idle period has an empty delta. Both are sent, as
// dd-trace-go does: a missing attachment would look like a fault. The first period includes everything before it.
func TestEmptyProfilesAreSent(t *testing.T) {
	a, base, nothing := newAgent(t), profiler.Stats(), empty(t)
	var full bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&full, 0); err != nil {
		t.Fatal(err)
	}
	for name, heaps := range map[string][][]byte{"empty at first": {nothing, full.Bytes(), full.Bytes()}, "full at first": {full.Bytes(), full.Bytes()}} {
		calls := 0
		restore := profiler.SetFakes(profiler.Fakes{ProfileC: emptyHeap, Lookup: func(name string, w io.Writer) error {
			if name != "heap" {
				return profiler.LookupProfile(name, w)
			}
			calls++
			_, err := w.Write(heaps[min(calls, len(heaps))-1])
			return err
		}})
		startStepped(t, a, profiler.WithPeriod(20*time.Millisecond), profiler.WithProfileTypes(profiler.HeapProfile))
		for i, heap := range heaps {
			p := a.period(t).profile(t, "delta-heap.pprof")
			var allocated int64
			for _, s := range p.Sample {
				allocated += s.Value[0]
			}
			want := !bytes.Equal(heap, nothing) && (i == 0 || bytes.Equal(heaps[i-1], nothing))
			if sampleTypes(p) != heapTypes || (allocated > 0) != want {
				t.Errorf("%s, period %d: %d allocations of %s, want some: %t", name, i, allocated, sampleTypes(p), want)
			}
		}
		profiler.Stop()
		restore()
		for len(a.batches) > 0 {
			<-a.batches
		}
	}
	if got := since(base); got.ProfilesFailed != 0 {
		t.Errorf("%+v", got)
	}
}

// A Start that fails does not stop the running profiler.
func TestAStartThatFailsLeavesTheOldOneRunning(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithProfileTypes(), profiler.WithPeriod(20*time.Millisecond))
	restore := profiler.SetFakes(profiler.Fakes{NewDelta: func(merge.Output, ...string) profiler.Delta { panic("no memory") }})
	err := profiler.Start(profiler.WithAgentAddr("localhost:1"), profiler.WithProfileTypes(profiler.HeapProfile))
	restore()
	if err == nil {
		t.Error("started")
	}
	for range len(a.batches) + 2 {
		a.next(t)
	}
}
